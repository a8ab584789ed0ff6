// Where a core object lives, asked by its name or by a second one. It gives nobody a
// home.
import { ask } from "./api.js";
import { el, panel } from "./dom.js";

export const title = "Search";

// answers are what the two forms got: {asked, location} or {asked, error}, null before.
const answers = { core: null, correlated: null };
let changed = () => {};

export function open(redraw) { changed = redraw; }

export function draw() {
  return [
    el("p", { class: "note" }, "Shows where a core object lives. An object without a home gets none by this."),
    panel("Core object", null, form("core", [["core", "Core object"]]), shown(answers.core)),
    panel("Correlated object", "a second name of a core object",
      form("correlated", [["class", "Class"], ["object", "Object"]]), shown(answers.correlated)),
  ];
}

function form(which, fields) {
  return el("div", { class: "body", "data-keep": true }, el("form", {
    class: fields.length > 1 ? "ask two" : "ask", onsubmit: (event) => { event.preventDefault(); search(which, event.target); },
  }, fields.map(([name, label]) => el("div", null, el("label", { for: `${which}-${name}` }, label),
    el("input", { id: `${which}-${name}`, name, required: true, autocomplete: "off", spellcheck: "false", autocapitalize: "off" }))),
  el("button", { class: "primary" }, "Find")));
}

async function search(which, form) {
  const query = new URLSearchParams(new FormData(form));
  const asked = [...query.values()].join(" ");
  answers[which] = { asked };
  changed();
  const answer = { asked };
  try {
    answer.location = await ask("locate?" + query);
  } catch (error) {
    answer.error = error.message;
  }
  if (answers[which]?.asked === asked) answers[which] = answer;
  changed();
}

function shown(answer) {
  return el("div", { "aria-live": "polite", class: "result" }, answer && el("div", { class: "answer" }, said(answer)));
}

function said({ asked, location, error }) {
  if (error) return el("p", null, el("strong", null, asked), ": ", error);
  if (!location) return el("p", null, "Asking …");
  const { core, library, class: kind, object } = location;
  const second = kind !== undefined && el("p", null, "Correlated object ", el("strong", null, `${kind} ${object}`), core ? [" is core object ", el("strong", null, core), "."] : " is not bound to a core object.");
  if (!core) return second;
  return [second, library
    ? [el("p", { class: "note" }, `Core object ${core} lives in library`), el("p", { class: "big" }, library)]
    : el("p", null, "Core object ", el("strong", null, core), " has no home yet. It gets one when a client selects its library.")];
}
