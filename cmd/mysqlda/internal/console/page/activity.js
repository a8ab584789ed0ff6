// What sessions do now: rates and latencies by library, and the sessions themselves.
import { lines } from "./chart.js";
import { el, facts, mark, panel } from "./dom.js";
import { largest, points, sight } from "./readings.js";
import { chosen, everywhere, readActivity, scope, series } from "./rates.js";
import { readSessions, sessions } from "./sessions.js";
import { table } from "./table.js";
import { bytes, count, milliseconds, plural, rate } from "./words.js";

export const title = "Activity";

// maxLibraries bounds the rows of the table.
const maxLibraries = 100;

let changed = () => {};

export function open(redraw) { changed = redraw; }

export async function read({ status }) {
  if (status) await Promise.all([readActivity(status), readSessions(status, scope(status))]);
}

export function draw(state) {
  const s = state.status;
  const all = chosen(s);
  const names = [...all.libraries.keys()];
  const busiest = largest(names, series(s, "statements "));
  const working = busiest.filter((n) => n !== "" || all.libraries.get(n).sessions > 0);
  return [
    choice(s),
    ...all.silent.map(([id, why]) => el("p", { class: "note", role: "status", "data-key": "silent-" + id }, mark("bad", `Node ${id} is not counted`), `: ${why}`)),
    panel("Now", all.nodes ? `sum of ${plural(all.nodes, "node")}, over the last two seconds or so` : null, totals(all)),
    el("div", { class: "columns", "data-key": "charts" },
      panel("Statements", null, drawing(s, "Statements", "a second", "statements ", working, rate)),
      panel("Latency", null, drawing(s, "Latency", "95th percentile, to the last byte of the answer", "p95 ", working, milliseconds))),
    panel("By library", names.length > maxLibraries ? `the ${maxLibraries} busiest of ${count(names.length)}` : null,
      names.length === 0 ? el("p", { class: "empty" }, "Reading …") : table("By library", columns(), busiest.slice(0, maxLibraries).map((n) => all.libraries.get(n)), (l) => l.name)),
    sessions(s, () => readSessions(s, scope(s)).then(changed)),
  ];
}

function choice(s) {
  return el("p", { class: "controls", "data-key": "choice-" + s.nodes.map((n) => n.id).join() }, el("span", { "data-keep": true },
    el("label", { for: "scope" }, "Nodes"),
    el("select", { id: "scope", onchange: (event) => { scope(s, event.target.value); readSessions(s, scope(s)).then(changed); } },
      el("option", { value: everywhere, selected: scope(s) === everywhere }, "all nodes"),
      s.nodes.map((n) => el("option", { value: n.id, selected: scope(s) === n.id }, n.id)))));
}

function totals({ sessions: n, libraries, directory }) {
  const list = [...libraries.values()];
  const sum = (key) => (list.some((l) => l[key] !== null) ? list.reduce((total, l) => total + (l[key] ?? 0), 0) : null);
  return facts([
    ["Sessions", count(n.open), `${count(n.running)} running, ${count(n.idle)} idle, ${count(n.parked)} parked`],
    ["In transaction", count(n.in_transaction), "of those idle"],
    ["Wait for a connection", n.waiting > 0 ? mark("warn", count(n.waiting)) : "0", "to a MySQL server"],
    ["Statements a second", rate(sum("statements"))],
    ["Errors a second", rate(sum("errors")), "answered by servers"],
    ["From clients", size(sum("in"))],
    ["To clients", size(sum("out"))],
    ["Lookups a second", rate(directory.hits), `${rate(directory.misses)} decided by the cluster`],
  ]);
}

function size(n) { return n === null ? "–" : bytes(n) + "/s"; }

function drawing(s, title, unit, prefix, names, write) {
  return lines({
    title, unit, write, ...sight(),
    series: names.map((name) => ({ name: name || "no library yet", points: points(series(s, prefix) + name) })),
  });
}

function columns() {
  return [
    { name: "Library", cell: (l) => l.name || el("span", { class: "note" }, "no library yet") },
    { name: "Sessions", number: true, cell: (l) => count(l.sessions) },
    { name: "Statements/s", number: true, cell: (l) => rate(l.statements) },
    { name: "Writes/s", number: true, cell: (l) => rate(l.writes) },
    { name: "Errors/s", number: true, cell: (l) => (l.errors > 0 ? mark("warn", rate(l.errors)) : rate(l.errors)) },
    { name: "p50", number: true, cell: (l) => milliseconds(l.p50) },
    { name: "p95", number: true, cell: (l) => milliseconds(l.p95) },
    { name: "p99", number: true, cell: (l) => milliseconds(l.p99) },
    { name: "In", number: true, cell: (l) => size(l.in) },
    { name: "Out", number: true, cell: (l) => size(l.out) },
    { name: "Waits/s", number: true, cell: (l) => rate(l.waits) },
    { name: "Connections", number: true, cell: (l) => `${count(l.pool.in_use)} in use, ${count(l.pool.idle)} idle` },
  ];
}
