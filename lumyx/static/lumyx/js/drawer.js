// Opens a call beside the list it stands in. Without this the link leads to a page of its own.

const drawer = document.getElementById("drawer");
const body = document.getElementById("drawer-body");
let opener = "";

async function show(link) {
  opener = link.id;
  body.replaceChildren(drawer.querySelector("template").content.cloneNode(true));
  if (!drawer.open) drawer.showModal();
  try {
    const answer = await fetch(link.href, { headers: { "HX-Request": "true" } });
    // Who is not signed in any more, or whose call is gone, is told so on the page itself.
    if (!answer.ok || answer.redirected) throw new Error();
    if (opener !== link.id) return;
    body.innerHTML = await answer.text();
    body.querySelector("h2")?.focus({ preventScroll: true });
  } catch {
    location.assign(link.href);
  }
}

document.addEventListener("click", (event) => {
  const link = event.target instanceof Element && event.target.closest("a[data-drawer]");
  if (link && event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)) {
    event.preventDefault();
    show(link);
  }
  if (event.target === drawer) drawer.close();
});

// The list may have been drawn anew meanwhile: the focus goes to the link that has its name now.
drawer?.addEventListener("close", () => {
  const again = document.getElementById(opener);
  opener = "";
  body.replaceChildren();
  again?.focus({ preventScroll: true });
});
