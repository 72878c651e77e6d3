// The catalogue: keeps what is chosen to compare while the list changes, and says what it is.

const bar = document.getElementById("compare");
const said = bar.querySelector("[data-said]");
const first = said.textContent;
const [LEAST, MOST] = [2, 4];
const chosen = new Map();

const boxes = () => [...document.querySelectorAll('input[name="model"][type="checkbox"]')];

function tell() {
  const names = [...chosen.values()].map((one) => one.name);
  said.textContent = names.length ? `${names.join(", ")}${names.length < LEAST ? ": choose one more" : ""}` : first;
  bar.querySelector("button").disabled = names.length < LEAST;
  for (const box of boxes()) box.disabled = !box.checked && chosen.size >= MOST;
  // What is chosen and no longer listed is sent along all the same.
  bar.querySelectorAll("input").forEach((input) => input.remove());
  const listed = new Set(boxes().map((box) => box.value));
  for (const id of chosen.keys()) {
    if (listed.has(id)) continue;
    const input = document.createElement("input");
    Object.assign(input, { type: "hidden", name: "model", value: id });
    bar.append(input);
  }
}

function take(box) {
  if (box.checked) chosen.set(box.value, { name: box.dataset.name });
  else chosen.delete(box.value);
}

document.addEventListener("change", (event) => {
  if (event.target instanceof HTMLInputElement && event.target.name === "model") {
    take(event.target);
    tell();
  }
});
document.addEventListener("htmx:afterSwap", () => {
  for (const box of boxes()) box.checked = chosen.has(box.value);
  tell();
  // The fields stay while their errors come and go.
  for (const place of document.querySelectorAll(".field-said")) {
    const input = place.parentElement.querySelector("input");
    const error = place.querySelector(".error");
    for (const [name, value] of [["aria-invalid", "true"], ["aria-describedby", error?.id]]) {
      if (error) input.setAttribute(name, value);
      else input.removeAttribute(name);
    }
  }
});
// htmx notes each address it pushes in the browser. Nothing of ours stays there.
for (const moved of ["htmx:pushedIntoHistory", "htmx:replacedInHistory"]) {
  document.addEventListener(moved, () => {
    try { sessionStorage.removeItem("htmx-current-path-for-history"); } catch { /* storage is off */ }
  });
}
// The browser may have kept boxes checked from before a reload.
addEventListener("pageshow", () => { boxes().forEach(take); tell(); });
