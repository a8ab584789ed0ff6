// The cluster at a glance, what is wrong first.
import { lines } from "./chart.js";
import { el, facts, mark, panel, tag } from "./dom.js";
import { points, sight } from "./readings.js";
import { table } from "./table.js";
import { highest, majority } from "./warnings.js";
import { count, plural, rate } from "./words.js";

export const title = "Overview";

// maxNotices bounds how many warnings are shown at once.
const maxNotices = 40;

const levels = { bad: "Problem", warn: "Warning", info: "Note" };

export function draw(state, found) {
  return [notices(found), glance(state), nodes(state), growth()];
}

function notices(found) {
  const wrong = found.filter((w) => w.level !== "info").length;
  const note = wrong === 0 ? null : `${count(wrong)} to look at`;
  return panel("State", note,
    wrong === 0 && el("p", { class: "quiet", "data-key": "quiet" }, "Nothing is wrong as this node sees it."),
    found.length > 0 && el("ul", { class: "notices", "data-key": "notices" }, found.slice(0, maxNotices).map((w) =>
      el("li", { class: w.level, "data-key": w.about + w.text },
        el("span", { class: "level" }, levels[w.level]), el("span", null, el("strong", null, w.about), " ", w.text)))),
    found.length > maxNotices && el("p", { class: "empty" }, `and ${count(found.length - maxNotices)} more`));
}

function glance(state) {
  const s = state.status;
  if (!s.cluster_id) return panel("Cluster", null, el("p", { class: "empty" }, "This node belongs to no cluster yet."));
  const m = majority(s);
  const sessions = [...state.nodes.values()].filter((n) => n.status && !n.error);
  return panel("Cluster", null, facts([
    ["Leader", s.leader ? s.leader : mark("bad", "none"), `term ${count(s.term)}`],
    ["Voters alive", mark(m.alive < m.needed ? "bad" : m.alive < m.voters ? "warn" : "good", `${m.alive} of ${m.voters}`), `majority is ${m.needed}`],
    ["Core objects", count(s.placements), `${rate(points("growth").at(-1)?.[1])} new a second`],
    ["Correlated objects", count(s.bindings)],
    ["Sessions", count(sessions.reduce((sum, n) => sum + n.status.sessions, 0)), `on ${plural(sessions.length, "node")}`],
    ["Libraries", count(s.libraries.length), `version ${count(s.ring_version)}`],
    ["Balanced by", s.settings ? s.settings.balance : "–"],
    s.lease && ["Lease of this node", s.lease.unusable?.length ? mark("bad", "none") : mark("good", `${s.lease.remaining.toFixed(1)} s left`)],
    ["Cluster id", el("span", { class: "mono" }, s.cluster_id)],
  ]));
}

function nodes(state) {
  const s = state.status;
  const last = highest(state);
  const own = (n) => state.nodes.get(n.id)?.status;
  const silent = (n) => !n.alive || state.nodes.get(n.id)?.error;
  const said = (n, value) => (own(n) ? el("span", { class: silent(n) ? "note" : null }, value(own(n)), silent(n) && own(n) ? " (old)" : "") : "–");
  const columns = [
    { name: "Node", cell: (n) => [n.id, " ", n.id === s.node && tag("asked"), n.id === s.leader && tag("leader", "strong")] },
    { name: "Alive", cell: (n) => (n.alive ? mark("good", "alive") : mark("bad", "down")) },
    { name: "Clients", cell: (n) => serves(state, n, own(n)) },
    { name: "Raft", cell: (n) => [said(n, (o) => o.state), el("small", null, n.voter ? "voter" : "does not vote")] },
    { name: "Term", number: true, cell: (n) => said(n, (o) => count(o.term)) },
    { name: "Applied", number: true, cell: (n) => [said(n, (o) => count(o.applied_index)), own(n) && el("small", null, late(last - own(n).applied_index))] },
    { name: "Sessions", number: true, cell: (n) => said(n, (o) => count(o.sessions)) },
    { name: "MySQL", mono: true, cell: (n) => n.mysql },
    { name: "HTTP", mono: true, cell: (n) => n.http && el("a", { href: `//${n.http}/console/`, rel: "noreferrer" }, n.http) },
    { name: "Version", cell: (n) => n.version },
  ];
  return panel("Nodes", `as node ${s.node} sees them`,
    s.nodes.length === 0 ? el("p", { class: "empty" }, "None are known.") : table("Nodes", columns, s.nodes, (n) => n.id));
}

function late(entries) { return entries > 0 ? `${count(entries)} behind` : "up to date"; }

function serves(state, n, own) {
  const error = state.nodes.get(n.id)?.error;
  if (!n.alive) return mark("bad", "unknown");
  if (error) return [mark("warn", "unknown"), el("small", null, error)];
  if (!own) return mark("none", "asking");
  if (!own.ready) return [mark("bad", "not served"), el("small", null, own.not_ready)];
  if (own.lease?.unusable?.length) return [mark("warn", "served in part"), el("small", null, "no lease")];
  return mark("good", "served");
}

function growth() {
  return panel("New core objects", "of the whole cluster", lines({
    title: "New core objects", unit: "a second", write: rate, ...sight(),
    series: [{ name: "all libraries", points: points("growth") }],
  }));
}
