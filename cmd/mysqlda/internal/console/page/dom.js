// Elements. Text is always text: nothing here, or anywhere in the console, makes
// markup of a string.

// el makes an element. Attributes that are null, undefined or false are left out;
// children may be nodes, strings, numbers, lists of these, or nothing.
export function el(name, attributes, ...children) { return fill(document.createElement(name), attributes, children); }

// svg is el for what is drawn.
export function svg(name, attributes, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...flat(children));
  return node;
}

function flat(children) {
  return children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false && c !== "")
    .map((c) => (typeof c === "number" ? String(c) : c));
}

// panel is a part of a page with a heading.
export function panel(title, note, ...children) {
  const id = "h-" + title.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return el("section", { class: "panel", "aria-labelledby": id, "data-key": "panel-" + title },
    el("header", null, el("h2", { id }, title), note && el("p", { class: "note" }, note)), ...children);
}

// mark is a word with a sign of how good it is: good, warn, bad or none.
export function mark(kind, ...words) { return el("span", { class: "mark " + kind }, el("span", null, ...words)); }

export function tag(word, kind = "") { return el("span", { class: "tag " + kind }, word); }

// facts is a list of names with values; null ones are left out.
export function facts(list, kind = "") {
  return el("dl", { class: "facts " + kind }, list.filter(Boolean).map(([name, value, more]) =>
    el("div", { "data-key": name }, el("dt", null, name), el("dd", null, value, more && el("small", null, more)))));
}
