// What updates by itself asks only while somebody sees it, and at once when they come back.

const seen = (element) => !document.hidden && element.isConnected;

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt.matches("[data-live]") && !seen(event.detail.elt)) event.preventDefault();
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  for (const element of document.querySelectorAll("[data-live]")) htmx.trigger(element, "seen");
});
