// Light or dark, before the first paint: the person's own choice, else the machine's.
(() => {
  const machine = window.matchMedia("(prefers-color-scheme: dark)");
  const show = () => {
    const chosen = localStorage.getItem("theme") || (machine.matches ? "dark" : "light");
    document.documentElement.setAttribute("data-bs-theme", chosen);
  };
  show();
  machine.addEventListener("change", show);
  document.addEventListener("DOMContentLoaded", () => {
    document.getElementById("theme")?.addEventListener("click", () => {
      const dark = document.documentElement.getAttribute("data-bs-theme") === "dark";
      localStorage.setItem("theme", dark ? "light" : "dark");
      show();
      document.dispatchEvent(new Event("theme:changed"));
    });
  });
})();
