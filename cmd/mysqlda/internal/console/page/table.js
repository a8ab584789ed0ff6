// Tables. On a narrow screen a row becomes a list of its cells, so each cell knows the
// name of its column; the roles keep it a table for screen readers then.
import { el } from "./dom.js";

// table makes one. columns are {name, cell(row), number, mono}; the first one names the
// row. A cell that is null or "" has nothing to say.
export function table(label, columns, rows, keyOf) {
  return el("div", { class: "scroll" }, el("table", { class: "cards", role: "table", "aria-label": label },
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" },
      columns.map((c) => el("th", { scope: "col", role: "columnheader", class: c.number && "number" }, c.name)))),
    el("tbody", { role: "rowgroup" }, rows.map((row) => el("tr", { role: "row", "data-key": keyOf(row) },
      columns.map((c, i) => cell(c, i, c.cell(row))))))));
}

function cell(column, i, content) {
  const nothing = content === null || content === undefined || content === "";
  const attributes = { "data-name": column.name, class: kind(column, nothing) };
  if (i === 0) return el("th", { ...attributes, scope: "row", role: "rowheader" }, content);
  return el("td", { ...attributes, role: "cell" }, nothing ? "" : el("div", null, content));
}

function kind(column, nothing) {
  return [column.number && "number", column.mono && "mono", nothing && "nothing"].filter(Boolean).join(" ") || null;
}
