// What the documentation adds: `/` goes to the search, arrows through what it finds, one language
// for all tabs of a page, and a mark at the heading that is read. Pages work without any of it.

const field = document.getElementById("docs-q");
const found = document.getElementById("docs-results") ?? document.getElementById("docs-found");

const typing = (element) => element.matches?.("input, textarea, select, [contenteditable]");

document.addEventListener("keydown", (event) => {
  if (!field || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/" && !typing(event.target)) {
    event.preventDefault();
    field.focus();
    field.select();
  }
  if (event.key === "Escape" && field.form.contains(event.target)) {
    found.replaceChildren();
    field.focus();
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !(event.target === field || found.contains(event.target))) return;
  const stops = [field, ...found.querySelectorAll("a")];
  const next = stops[stops.indexOf(event.target) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
});

document.addEventListener("click", (event) => {
  const chosen = event.isTrusted && event.target instanceof Element && event.target.closest("[role=tab]");
  if (!chosen) return;
  const before = chosen.getBoundingClientRect().top;
  for (const tab of document.querySelectorAll(".docs [role=tab][aria-selected=false]")) {
    if (tab.textContent === chosen.textContent) tab.click();
  }
  // Other samples may have become longer above this one.
  scrollBy({ top: chosen.getBoundingClientRect().top - before, behavior: "instant" });
});

const links = new Map(
  [...document.querySelectorAll(".docs-toc li a")].map((link) => [link.hash.slice(1), link]),
);
const headings = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);

function mark() {
  const passed = headings.filter((heading) => heading.getBoundingClientRect().top < 140);
  const now = (passed.at(-1) ?? headings[0])?.id;
  for (const [id, link] of links) {
    if (id === now) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

if (headings.length) {
  let waiting = false;
  addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; mark(); });
  }, { passive: true });
  mark();
}
