// What every page can do: copy, tabs, dialogs, toasts. Pages work without any of it.

// htmx notes the page's path in the browser as it loads. Nothing of ours stays there.
document.addEventListener("DOMContentLoaded", () => {
  try { sessionStorage.removeItem("htmx-current-path-for-history"); } catch { /* storage is off */ }
});

// An address says what is asked for and nothing else.
document.addEventListener("formdata", (event) => {
  if (event.target.getAttribute("method") !== "get") return;
  for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
});

const closest = (event, selector) => event.target instanceof Element && event.target.closest(selector);

async function copy(button) {
  const selector = button.dataset.copy;
  const source = selector
    ? document.querySelector(selector)
    : button.closest(".code")?.querySelector("pre:not([hidden])");
  if (!source) return;
  const label = button.querySelector("span");
  const before = label?.textContent;
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    if (label) label.textContent = "Copied";
  } catch {
    getSelection()?.selectAllChildren(source);
    if (label) label.textContent = "Press Ctrl+C";
  }
  setTimeout(() => { if (label) label.textContent = before; }, 1600);
}

function choose(tab) {
  const list = tab.closest("[role=tablist]");
  for (const other of list.querySelectorAll("[role=tab]")) {
    const on = other === tab;
    other.setAttribute("aria-selected", String(on));
    other.tabIndex = on ? 0 : -1;
    document.getElementById(other.getAttribute("aria-controls")).hidden = !on;
  }
}

document.addEventListener("click", (event) => {
  const copying = closest(event, "[data-copy]");
  if (copying) copy(copying);
  const tab = closest(event, "[role=tab]");
  if (tab) choose(tab);
  if (closest(event, "[data-print]")) print();
  const opener = closest(event, "[data-open]");
  // Without this, an opener may lead to a page that asks the same.
  if (opener) event.preventDefault();
  if (opener) document.getElementById(opener.dataset.open)?.showModal();
  const closer = closest(event, "[data-close]");
  if (closer) closer.closest("dialog")?.close();
  const dismissing = closest(event, "[data-dismiss]");
  if (dismissing) dismissing.closest(".toast")?.remove();
});

document.addEventListener("keydown", (event) => {
  const tab = closest(event, "[role=tab]");
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!tab || !step) return;
  const tabs = [...tab.closest("[role=tablist]").querySelectorAll("[role=tab]")];
  const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
  choose(next);
  next.focus();
});

// A menu closes when something else is meant.
const closeMenus = (but) => {
  for (const menu of document.querySelectorAll("[data-menu][open]")) if (menu !== but) menu.open = false;
};
document.addEventListener("click", (event) => closeMenus(closest(event, "[data-menu]")));
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("[data-menu][open]");
  if (!menu) return;
  closeMenus();
  menu.querySelector("summary").focus();
});

// When a key ends: a day that is typed in is the choice, and another choice takes it away.
document.addEventListener("input", (event) => {
  const end = closest(event, "[data-end]");
  const day = end?.querySelector("[type=date]");
  const choice = end?.querySelector("[value=day]");
  if (day && event.target === day && day.value) choice.checked = true;
  if (day && event.target !== day && !choice.checked) day.value = "";
});

// The browser sends a day that is typed in half as none at all, so it is stopped here: it is meant.
function isHalfTyped(form) {
  const day = form.querySelector("[data-end] [type=date]");
  if (!day) return false;
  const half = day.validity.badInput;
  let error = document.getElementById("half-typed");
  if (half && !error) {
    document.getElementById(`${day.id}_error`)?.remove();
    error = document.getElementById("half-typed-error").content.firstElementChild.cloneNode(true);
    error.id = "half-typed";
    day.after(error);
    day.setAttribute("aria-describedby", error.id);
  } else if (!half) error?.remove();
  day.setAttribute("aria-invalid", String(half));
  if (half) {
    day.closest("[data-end]").querySelector("[value=day]").checked = true;
    day.focus();
  }
  return half;
}

const LONGEST_BUSY = 8000;

document.addEventListener("submit", (event) => {
  if (isHalfTyped(event.target)) return event.preventDefault();
  const button = event.submitter;
  if (!(button instanceof HTMLButtonElement)) return;
  // The answer to the first press shows what no other does, such as a key's text.
  if (event.target.elements.once && button.hasAttribute("aria-busy")) return event.preventDefault();
  // Only looks: a disabled button would not be sent along with its form.
  setTimeout(() => button.setAttribute("aria-busy", "true"));
  // A request that somebody stopped tells nobody. Forms that count are taken once by the server.
  setTimeout(() => button.removeAttribute("aria-busy"), LONGEST_BUSY);
});
addEventListener("pageshow", () => {
  for (const busy of document.querySelectorAll("[aria-busy=true]")) busy.removeAttribute("aria-busy");
});

// What htmx could not do is said once, and taken back as soon as something works again.
const UNREACHED = "LumyxAI could not be reached. Look at your connection; what is shown may be old.";
const FAILED = "That failed on our side. Try again in a moment; what is shown may be old.";

function tell(words) {
  const place = document.querySelector(".toasts");
  const template = document.getElementById("failed-toast");
  if (!place || !template) return;
  if (place.querySelector("[data-failed] span")?.textContent === words) return;
  forget();
  const toast = template.content.firstElementChild.cloneNode(true);
  toast.dataset.failed = "";
  toast.querySelector("span").textContent = words;
  place.append(toast);
}

function forget() {
  document.querySelector(".toasts [data-failed]")?.remove();
}

function meaning(answer) {
  const seconds = Number(answer.getResponseHeader("Retry-After"));
  if (answer.status === 429) {
    return `That was too often. Try again in ${seconds > 90 ? `${Math.ceil(seconds / 60)} minutes` : `${seconds || 60} seconds`}.`;
  }
  if (answer.status === 404) return "What this belongs to has gone. Reload the page.";
  if (answer.status === 401 || answer.status === 403) return "Your sign-in may have ended. Reload the page and do it again.";
  if (answer.status < 500) return "That was not understood, and nothing was done. Reload the page and do it again.";
  return FAILED;
}

document.addEventListener("htmx:responseError", (event) => tell(meaning(event.detail.xhr)));
document.addEventListener("htmx:sendError", () => tell(UNREACHED));
document.addEventListener("htmx:timeout", () => tell(UNREACHED));
document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful) forget(); });

for (const toast of document.querySelectorAll(".toasts .toast[data-mood=good]")) {
  setTimeout(() => toast.remove(), 8000);
}

for (const dialog of document.querySelectorAll("dialog[data-opened]")) dialog.showModal();

// After a refused form: the first field that was refused, or what was refused in all.
const refused = document.querySelector(".form-errors");
if (refused) (document.getElementById(refused.querySelector("a")?.hash.slice(1)) ?? refused).focus();
