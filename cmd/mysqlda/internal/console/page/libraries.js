// Every library with its servers, and how they fill.
import { bar, lines, spark } from "./chart.js";
import { el, facts, mark, panel, tag } from "./dom.js";
import { largest, points, sight } from "./readings.js";
import { table } from "./table.js";
import { bytes, count, percent, plural, rate, yesNo } from "./words.js";

export const title = "Libraries";

// few is how many libraries are shown with all there is to say at once.
const few = 6;
// maxShown bounds the libraries in one view; the field finds the others.
const maxShown = 60;

let wanted = "";
let changed = () => {};

export function open(redraw) { changed = redraw; }

export function draw(state) {
  const s = state.status;
  const all = s.libraries;
  const found = all.filter((l) => l.name.toLowerCase().includes(wanted.toLowerCase()));
  const shown = found.slice(0, maxShown);
  const names = largest(all.map((l) => l.name), "growth ");
  return [
    all.length > few && el("p", { class: "controls", "data-key": "find" }, el("span", null, el("label", { for: "find" }, "Libraries whose name has"),
      el("input", { id: "find", type: "search", "data-keep": true, spellcheck: "false", oninput: (event) => { wanted = event.target.value; changed(); } }))),
    panel("All libraries", shown.length < all.length ? `${count(shown.length)} of ${count(all.length)}` : null,
      all.length === 0 ? el("p", { class: "empty" }, "There are none.") : table("All libraries", summary(s), shown, (l) => l.name)),
    panel("Growth", "from readings while this page is open", lines({
      title: "New core objects", unit: "a second", write: rate, ...sight(),
      series: names.map((name) => ({ name, points: points("growth " + name) })),
    })),
    ...shown.map((l) => library(l, s, shown.length <= few)),
  ];
}

function summary(s) {
  return [
    { name: "Library", cell: (l) => l.name },
    { name: "State", cell: (l) => stateOf(l) },
    { name: "Active server", cell: (l) => activeOf(l) },
    { name: "Core objects", number: true, cell: (l) => count(l.placements) },
    { name: "Share now", number: true, cell: (l) => part(s.placements ? l.placements / s.placements : 0) },
    { name: "Share of new", number: true, cell: (l) => part(l.share_of_new) },
    { name: "Weight", number: true, cell: (l) => count(l.weight) },
    { name: "New a second", number: true, cell: (l) => rate(points("growth " + l.name).at(-1)?.[1]) },
    { name: "Growth", cell: (l) => spark(points("placements " + l.name)) },
  ];
}

function part(p) { return [bar(p), percent(p)]; }

function stateOf(l) { return l.state === "open" ? mark("good", "open") : mark("none", l.state); }

function activeOf(l) {
  const active = l.servers.find((server) => server.address === l.active);
  if (l.switch) return mark("bad", `changing: ${l.switch.phase}`);
  if (!active) return mark("bad", "none");
  return mark(active.healthy ? "good" : active.seen_by.length ? "bad" : "none", active.address);
}

function library(l, s, opened) {
  return el("details", { class: "panel library", "data-key": "library-" + l.name, open: opened },
    el("summary", null, el("h2", null, l.name), " ", stateOf(l), " ",
      l.pinned && tag("pinned", "warn"), l.switch && tag(`change under way: ${l.switch.phase}`, "warn")),
    el("div", { class: "body" }, facts([
      ["Core objects", count(l.placements), `${percent(s.placements ? l.placements / s.placements : 0)} of all`],
      ["Share of new", percent(l.share_of_new)],
      ["Weight", count(l.weight)],
      ["Data", l.data_bytes ? bytes(l.data_bytes) : "not read", l.data_bytes ? "in its default database" : "is read while balance is data"],
      ["Failover", l.servers.length < 2 ? "one server only" : l.failover + (l.failback ? " with failback" : "")],
      ["Changes of server", count(l.active_epoch - 1), `epoch ${count(l.active_epoch)}`],
      ["TLS to servers", l.tls],
      ["Lease guards it", yesNo(l.guarded)],
    ], "tight")),
    l.switch && el("p", { class: "body" }, change(l.switch)),
    table(`Servers of ${l.name}, in their order`, servers(l, s), l.servers, (server) => server.address),
    l.risks.length > 0 && el("ul", { class: "notices" }, l.risks.map((risk) =>
      el("li", { class: "warn" }, el("span", { class: "level" }, "Risk"), el("span", null, risk)))));
}

function change({ phase, from, to, cause, reason, forced }) {
  return `The active server is being changed from ${from || "none"} to ${to || "one that is not chosen yet"}: ${phase}${forced ? ", forced" : ""}. Cause: ${cause}, ${reason}.`;
}

function servers(l, s) {
  return [
    { name: "Server", mono: true, cell: (server) => [server.address, " ", server.address === l.active && tag("active", "strong")] },
    { name: "Health", cell: (server) => health(server) },
    { name: "Reached by", cell: (server) => reached(server) },
    { name: "Read-only", cell: (server) => (server.read_only === undefined ? "unknown" : yesNo(server.read_only)) },
    { name: "Replication", cell: (server) => replication(server) },
    { name: "Semi-sync", cell: (server) => server.semi_sync },
    { name: "Connections", number: true, cell: (server) => pool(l, server, s) },
    { name: "Notes", cell: (server) => notes(server) },
  ];
}

function health(server) {
  if (server.seen_by.length === 0) return mark("none", "not probed yet");
  return [server.healthy ? mark("good", "healthy") : mark("bad", "down"), server.last_error && el("small", null, server.last_error)];
}

function reached(server) {
  return server.seen_by.map((n) => [n.healthy ? mark("good", n.node) : mark("bad", n.node, " not"), " "]);
}

function replication(server) {
  if (!server.source) return null;
  const broken = [!server.receiving && "receives nothing", !server.applying && "applies nothing"].filter(Boolean).join(", ");
  return ["from ", el("span", { class: "mono" }, server.source),
    el("small", null, broken || (server.lag_seconds === undefined ? "lag unknown" : `${server.lag_seconds.toFixed(1)} s behind`))];
}

function pool(l, server, s) {
  const p = s.pools.find((one) => one.library === l.name && one.server === server.address);
  if (!p) return null;
  return [plural(p.in_use, "in use", "in use"), el("small", null, `${count(p.idle)} idle${p.waiting ? `, ${count(p.waiting)} wait` : ""}`)];
}

function notes(server) {
  return [server.fence === "due" && "to be fenced", server.fence === "fenced" && "fenced", server.maintenance && "in maintenance",
    server.excluded && `excluded: ${server.excluded}`].filter(Boolean).join("; ");
}
