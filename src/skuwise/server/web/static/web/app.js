// What every page shares: the panel that opens beside a number, keys, words for screen readers.
const panel = document.getElementById("panel");

// A link with data-panel opens in the panel instead of leaving the page.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-panel]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const answer = await fetch(link.href, { headers: { "HX-Request": "true", "X-Panel": "1" } });
  document.getElementById("panel-body").innerHTML = await answer.text();
  panel.showModal();
  panel.querySelector("h2")?.setAttribute("id", "panel-title");
});
panel?.addEventListener("click", (event) => {
  if (event.target === panel || event.target.closest("[data-close]")) panel.close();
});

// "/" goes to the search field from anywhere but a field.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.closest("input, textarea, select, [contenteditable]")) return;
  event.preventDefault();
  document.getElementById("find")?.focus();
});

export function tell(words) {
  const told = document.getElementById("told");
  if (told) told.textContent = words;
}
document.addEventListener("htmx:after:swap", () => {
  const count = document.querySelector("[data-told]");
  if (count) tell(count.dataset.told);
});
