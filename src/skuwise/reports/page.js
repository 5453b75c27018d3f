for (const table of document.querySelectorAll("table.sortable")) {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") !== "descending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => row.cells[column].dataset.order ?? row.cells[column].textContent;
      const figures = head.classList.contains("figure");
      const compare = (a, b) => {
        if (!figures) return key(a).localeCompare(key(b), "en", { numeric: true });
        const [x, y] = [parseFloat(key(a)), parseFloat(key(b))];
        return isNaN(x) - isNaN(y) ? (isNaN(x) - isNaN(y)) * (down ? -1 : 1) : x - y;
      };
      const rows = [...table.tBodies[0].rows].sort((a, b) => (down ? -compare(a, b) : compare(a, b)));
      table.tBodies[0].append(...rows);
    });
  });
}
