// Tables: sorted by the column whose title is pressed, filtered by a word, saved as CSV.
"use strict";
(() => {
  const exact = (cell) => cell.dataset.value ?? cell.textContent.trim();

  function key(cell) {
    const text = exact(cell);
    if (text === "–" || text === "") return [2, 0];
    const number = Number(text.replaceAll(",", ""));
    return Number.isNaN(number) ? [1, text] : [0, number];
  }

  function compare(a, b) {
    if (a[0] !== b[0]) return a[0] - b[0];
    return a[0] === 1 ? a[1].localeCompare(b[1]) : a[1] - b[1];
  }

  function sort(table, title) {
    const index = title.cellIndex;
    const falling = title.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    title.setAttribute("aria-sort", falling ? "descending" : "ascending");
    const rows = [...table.tBodies[0].rows].map((row) => [key(row.cells[index]), row]);
    const unknown = rows.filter(([k]) => k[0] === 2);
    const known = rows.filter(([k]) => k[0] !== 2).sort(([a], [b]) => (falling ? compare(b, a) : compare(a, b)));
    table.tBodies[0].append(...[...known, ...unknown].map(([, row]) => row));
  }

  function values(table) {
    const titles = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
    return [titles, ...[...table.tBodies[0].rows].filter((row) => !row.hidden).map((row) => [...row.cells].map(exact))];
  }

  for (const table of document.querySelectorAll(".table > table")) {
    for (const title of table.tHead.rows[0].cells) {
      title.querySelector("button")?.addEventListener("click", () => sort(table, title));
    }
  }
  for (const field of document.querySelectorAll("[data-filter-rows]")) {
    const table = field.closest(".with-table").querySelector("table");
    field.addEventListener("input", () => {
      const word = field.value.trim().toLowerCase();
      for (const row of table.tBodies[0].rows) row.hidden = !row.textContent.toLowerCase().includes(word);
    });
  }
  for (const button of document.querySelectorAll("[data-save-table]")) {
    const table = button.closest(".with-table").querySelector("table");
    button.addEventListener("click", () => window.mlplat.save(button.dataset.saveTable, "text/csv", window.mlplat.csv(values(table))));
  }
})();
