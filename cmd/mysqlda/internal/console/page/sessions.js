// The sessions of the nodes in scope, as far as the form lets them through.
import { ask, askNode } from "./api.js";
import { el, panel, tag } from "./dom.js";
import { everywhere } from "./rates.js";
import { table } from "./table.js";
import { count, plural, span } from "./words.js";

// most is how many sessions of one node are asked for.
const most = 100;

const states = ["login", "running", "idle", "parked"];

// filter is what the form says.
const filter = { library: "", state: "", core: "", user: "" };

let answers = [];
let failures = [];

export async function readSessions(status, scope) {
  const query = new URLSearchParams({ limit: most });
  for (const [name, value] of Object.entries(filter)) if (value) query.set(name, value);
  const nodes = status.nodes.filter((n) => n.alive && (scope === everywhere || n.id === scope));
  const asked = `sessions?${query}`;
  const got = await Promise.allSettled(nodes.map(({ id }) => (id === status.node ? ask(asked) : askNode(id, asked))));
  answers = got.filter((g) => g.status === "fulfilled").map((g) => g.value);
  failures = got.filter((g) => g.status === "rejected").map((g) => g.reason.message);
}

export function sessions(status, changed) {
  const matching = answers.reduce((sum, a) => sum + a.matching, 0);
  const rows = answers.flatMap((a) => a.sessions.map((one) => ({ ...one, node: a.node })));
  const note = rows.length < matching ? `${count(rows.length)} of ${count(matching)}, those that connected first` : plural(matching, "session");
  return panel("Sessions", note,
    el("div", { class: "body", "data-key": "form-" + status.libraries.map((l) => l.name).join() }, el("form", { class: "controls", "data-keep": true, onsubmit: (event) => event.preventDefault() },
      choice("library", "Library", status.libraries.map((l) => l.name), changed),
      choice("state", "State", states, changed),
      field("user", "User", changed), field("core", "Core object", changed))),
    failures.length > 0 && el("p", { class: "empty", "data-key": "failures" }, failures.join("; ")),
    rows.length === 0 ? el("p", { class: "empty", "data-key": "none" }, "There are none.") : table("Sessions", columns, rows, (r) => `${r.node}-${r.id}`));
}

const columns = [
  { name: "Connection id", cell: (r) => r.id },
  { name: "Node", cell: (r) => r.node },
  { name: "User", cell: (r) => r.user },
  { name: "Client", mono: true, cell: (r) => r.client },
  { name: "Core object", cell: (r) => r.core },
  { name: "Library", cell: (r) => r.library },
  { name: "Server", mono: true, cell: (r) => r.server },
  { name: "State", cell: (r) => [r.state, " ", r.in_transaction && tag("in transaction", "warn")] },
  { name: "Connected for", number: true, cell: (r) => span(r.seconds) },
  { name: "Commands", number: true, cell: (r) => count(r.commands) },
];

function choice(name, label, values, changed) {
  return el("div", null, el("label", { for: "by-" + name }, label),
    el("select", { id: "by-" + name, onchange: (event) => { filter[name] = event.target.value; changed(); } },
      el("option", { value: "", selected: filter[name] === "" }, "any"), values.map((v) => el("option", { value: v, selected: filter[name] === v }, v))));
}

function field(name, label, changed) {
  return el("div", null, el("label", { for: "by-" + name }, `${label} is`),
    el("input", { id: "by-" + name, value: filter[name], type: "search", spellcheck: "false", autocapitalize: "off",
      oninput: (event) => { filter[name] = event.target.value; changed(); } }));
}
