// What is wrong, as far as a status and the other nodes' answers tell. The worst comes
// first. A warning is {level, about, text}: bad is what clients feel or soon will, warn
// what should be put right, info what one should know.
import { plural, some, span } from "./words.js";

const order = ["bad", "warn", "info"];

// behind is how many log entries a node may be late before it is worth a word.
const behind = 1000;

export function warnings(state) {
  const found = [];
  const add = (level, about, text) => found.push({ level, about, text });
  ofCluster(state, add);
  ofNodes(state, add);
  for (const l of state.status.libraries) ofLibrary(l, add);
  return found.sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
}

// majority counts the voters of a status: how many there are, live, and are needed.
export function majority(status) {
  const voters = status.nodes.filter((n) => n.voter);
  return { voters: voters.length, alive: voters.filter((n) => n.alive).length, needed: Math.floor(voters.length / 2) + 1 };
}

// highest is the last log entry that any node is known to have.
export function highest(state) {
  return Math.max(...[state.status, ...known(state)].map((s) => Math.max(s.commit_index, s.applied_index)));
}

function known(state) { return [...state.nodes.values()].map((n) => n.status).filter(Boolean); }

function ofCluster({ status: s, nodes }, add) {
  if (!s.ready) add("bad", s.node, `This node does not serve clients: ${s.not_ready}`);
  if (!s.cluster_id) return;
  const { voters, alive, needed } = majority(s);
  if (alive < needed) {
    add("bad", "cluster", `No majority: ${alive} of ${plural(voters, "voter")} alive as this node sees it, ${needed} needed. Known core objects are still found; nothing new can be decided.`);
  } else if (!s.leader) {
    add("bad", "cluster", "This node knows of no leader. Known core objects are still found; nothing new can be decided through it.");
  } else if (voters > 1 && alive === needed) {
    add("warn", "cluster", `${alive} of ${plural(voters, "voter")} alive: if one more is lost, nothing new can be decided.`);
  }
  if (s.lease?.unusable?.length) {
    add("bad", s.node, `No lease for ${span(s.lease.without)}: these libraries cannot be used through this node: ${some(s.lease.unusable)}`);
  }
  if (s.libraries.length === 0) add("bad", "cluster", "There are no libraries: no core object can get a home.");
  else if (!s.libraries.some((l) => l.share_of_new > 0)) add("bad", "cluster", "No library takes new core objects: all are closed, draining or of weight 0.");
  if (s.settings?.sizes_unknown?.length) {
    add("info", "cluster", `Balanced by placements meanwhile: the sizes of ${some(s.settings.sizes_unknown)} are not known yet.`);
  }
  const hashes = new Map();
  for (const n of [...nodes.values()]) {
    if (n.status) hashes.set(n.status.applied_index, (hashes.get(n.status.applied_index) ?? new Set()).add(n.status.state_hash));
  }
  for (const [index, set] of hashes) {
    if (set.size > 1) add("bad", "cluster", `The nodes' states differ at log entry ${index}. One of them will stop; keep its data directory.`);
  }
}

function ofNodes(state, add) {
  const s = state.status;
  const versions = new Set(s.nodes.map((n) => n.version).filter(Boolean));
  if (versions.size > 1) add("info", "cluster", `The nodes run different versions: ${[...versions].sort().join(", ")}.`);
  for (const n of s.nodes) {
    const own = state.nodes.get(n.id);
    if (!n.alive) {
      add("bad", n.id, "Node is down, or cannot be reached, as this node sees it.");
      continue;
    }
    if (!n.voter) add("info", n.id, "Node does not vote: it is catching up, or was never let in as a voter.");
    if (own?.error) {
      add("warn", n.id, `Node is alive, but its HTTP API cannot be asked: ${own.error}.`);
    } else if (own?.status && n.id !== s.node) {
      if (!own.status.ready) add("bad", n.id, `Node does not serve clients: ${own.status.not_ready}`);
      if (own.status.lease?.unusable?.length) add("bad", n.id, `Node has no lease for ${span(own.status.lease.without)}: ${some(own.status.lease.unusable)} cannot be used through it.`);
      if (s.leader && own.status.leader && own.status.leader !== s.leader) add("warn", n.id, `Node follows another leader, ${own.status.leader}.`);
    }
    const late = own?.status && !own.error ? highest(state) - own.status.applied_index : 0;
    if (late > behind) add("warn", n.id, `Node is ${plural(late, "log entry", "log entries")} behind.`);
  }
}

function ofLibrary(l, add) {
  const about = l.name;
  if (l.switch) {
    const { from, to, phase, cause, reason, forced } = l.switch;
    add("bad", about, `The active server is being changed${from ? ` from ${from}` : ""}${to ? ` to ${to}` : ""}: ${phase}${forced ? ", forced" : ""} (${cause}: ${reason}).`);
  }
  const active = l.servers.find((server) => server.address === l.active);
  if (!active && !l.switch) add("bad", about, "The library has no active server: it cannot be used.");
  for (const server of l.servers) {
    const name = server === active ? `Active server ${server.address}` : `Server ${server.address}`;
    const down = server.seen_by.filter((n) => !n.healthy).map((n) => n.node);
    if (server.seen_by.length > 0 && !server.healthy) {
      add(server === active ? "bad" : "warn", about, `${name} is down${server.last_error ? `: ${server.last_error}` : "."}`);
    } else if (down.length) {
      add("warn", about, `${name} is not reached by ${some(down)}.`);
    }
    if (server === active && server.read_only) add("bad", about, `${name} is read-only.`);
    if (server.source && server.healthy && !(server.receiving && server.applying)) {
      const broken = [!server.receiving && "receives", !server.applying && "applies"].filter(Boolean).join(" and ");
      add("warn", about, `${name} ${broken} nothing from ${server.source}.`);
    }
    if (server.semi_sync === "fallen back") add("warn", about, `${name} waits for no replica: semi-synchronous replication has fallen back.`);
    if (server.fence === "due") add("warn", about, `${name} is still to be fenced: it may take writes past the cluster.`);
    if (server.fence === "fenced") add("info", about, `${name} is fenced.`);
    if (server.excluded) add("warn", about, `${name} must not become active: ${server.excluded}.`);
    if (server.maintenance) add("info", about, `${name} is in maintenance.`);
  }
  for (const risk of l.risks) add("warn", about, `Risk: ${risk}`);
  if (l.pinned) add("info", about, "Pinned: its active server is changed by command only.");
}
