// Who changed what in the cluster, the newest first.
import { ask } from "./api.js";
import { el, panel } from "./dom.js";
import { table } from "./table.js";
import { count } from "./words.js";

export const title = "Audit";

// most is how many changes are asked for; the cluster remembers no more than 1000.
const most = 1000;
// maxShown bounds those in one view; the field finds the others.
const maxShown = 200;

let entries = null;
let failure = null;
let wanted = "";
let changed = () => {};

export function open(redraw) { changed = redraw; }

export async function read() {
  try {
    entries = (await ask(`audit?n=${most}`)) ?? [];
    failure = null;
  } catch (error) {
    failure = error.message;
  }
}

export function draw() {
  const found = (entries ?? []).toReversed().filter((e) => [e.who, e.from, e.what].join(" ").toLowerCase().includes(wanted.toLowerCase()));
  const shown = found.slice(0, maxShown);
  return [
    el("div", { class: "controls", "data-key": "find", "data-keep": true }, el("div", null, el("label", { for: "find" }, "Changes that mention"),
      el("input", { id: "find", type: "search", spellcheck: "false", autocapitalize: "off", value: wanted, oninput: (event) => { wanted = event.target.value; changed(); } }))),
    panel("Changes", note(shown.length, found.length),
      failure && el("p", { class: "empty", "data-key": "failure" }, `They cannot be read: ${failure}.`),
      entries ? shown.length ? table("Changes", columns, shown, (e) => e.index) : el("p", { class: "empty", "data-key": "none" }, "There are none.")
        : !failure && el("p", { class: "empty", "data-key": "reading" }, "Reading …")),
  ];
}

function note(shown, found) {
  const order = "the newest first; times are those of the node that led, in this browser's time zone";
  return shown < found ? `${count(shown)} of ${count(found)}, ${order}` : order;
}

const columns = [
  { name: "Log entry", cell: (e) => count(e.index) },
  { name: "When", cell: (e) => el("time", { datetime: e.at }, when(e.at)) },
  { name: "Who", cell: (e) => e.who || "not known" },
  { name: "From", mono: true, cell: (e) => e.from },
  { name: "What", cell: (e) => e.what },
];

function when(at) {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? at : date.toLocaleString("sv-SE");
}
