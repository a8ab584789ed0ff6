// Rates and percentiles by library, made of what the nodes count. A node that began anew
// between two readings has none for once.
import { ask, askNode } from "./api.js";
import { between, percentile, sum } from "./percentiles.js";
import { note, now } from "./readings.js";

// everywhere stands for all nodes, where one is chosen.
export const everywhere = "";

// last has by node the last two answers: {before, after, error}.
const last = new Map();
let wanted = everywhere;

// scope returns whose numbers are shown, a node's id or everywhere, after having chosen
// that if it is given.
export function scope(status, choice) {
  if (choice !== undefined) wanted = choice;
  if (!status.nodes.some((n) => n.id === wanted)) wanted = everywhere;
  return wanted;
}

// series is what the names of the readings begin with.
export function series(status, prefix) { return `${scope(status)}/${prefix}`; }

// apart is how many seconds two readings have to be apart to make a rate.
const apart = 1;
let readAt = -apart;

export async function readActivity(status) {
  if (now() - readAt < apart) return;
  readAt = now();
  await Promise.all(status.nodes.map(async ({ id, alive }) => {
    const known = last.get(id) ?? {};
    last.set(id, known);
    if (!alive) {
      Object.assign(known, { before: null, after: null, error: "it is down as the asked node sees it" });
      return;
    }
    try {
      const answer = await (id === status.node ? ask("activity") : askNode(id, "activity"));
      Object.assign(known, { before: known.after, after: answer, error: null });
    } catch (error) {
      Object.assign(known, { before: null, after: null, error: error.message });
    }
  }));
  for (const l of chosen(status).libraries.values()) {
    note(series(status, "statements ") + l.name, l.statements);
    note(series(status, "p95 ") + l.name, l.p95);
  }
}

// chosen adds up what the nodes in scope have said: {nodes, silent, sessions, directory,
// libraries by name}. silent are [node, reason].
export function chosen(status) {
  const result = { nodes: 0, silent: [], sessions: {}, directory: { hits: null, misses: null }, libraries: new Map() };
  for (const key of ["open", "running", "idle", "parked", "in_transaction", "waiting"]) result.sessions[key] = 0;
  for (const { id } of status.nodes) {
    if (scope(status) !== everywhere && id !== scope(status)) continue;
    const { before, after, error } = last.get(id) ?? {};
    if (error) result.silent.push([id, error]);
    if (!after) continue;
    result.nodes++;
    for (const key of Object.keys(result.sessions)) result.sessions[key] += after.sessions[key];
    const seconds = before ? (Date.parse(after.at) - Date.parse(before.at)) / 1000 : 0;
    const anew = !before || seconds <= 0 || after.uptime_seconds < before.uptime_seconds;
    const perSecond = (was, is) => (anew ? null : Math.max(0, is - was) / seconds);
    for (const key of ["hits", "misses"]) {
      result.directory[key] = plus(result.directory[key], perSecond(before?.directory[key], after.directory[key]));
    }
    for (const l of after.libraries) {
      add(result.libraries, l, anew ? null : before.libraries.find((b) => b.name === l.name), perSecond);
    }
  }
  for (const l of result.libraries.values()) {
    const h = sum(l.latency);
    [l.p50, l.p95, l.p99] = [0.5, 0.95, 0.99].map((part) => percentile(h, part));
  }
  return result;
}

function add(libraries, is, was, perSecond) {
  if (!libraries.has(is.name)) {
    libraries.set(is.name, {
      name: is.name, sessions: 0, statements: null, writes: null, errors: null, in: null, out: null, waits: null,
      latency: [], pool: { in_use: 0, idle: 0 },
    });
  }
  const l = libraries.get(is.name);
  l.sessions += is.sessions;
  l.pool.in_use += is.pool.in_use;
  l.pool.idle += is.pool.idle;
  if (!was) return;
  l.statements = plus(l.statements, perSecond(total(was.statements), total(is.statements)));
  l.writes = plus(l.writes, perSecond(was.statements.write ?? 0, is.statements.write ?? 0));
  l.errors = plus(l.errors, perSecond(was.errors, is.errors));
  l.in = plus(l.in, perSecond(was.bytes_in, is.bytes_in));
  l.out = plus(l.out, perSecond(was.bytes_out, is.bytes_out));
  l.waits = plus(l.waits, perSecond(was.waits.count, is.waits.count));
  const latency = between(was.latency, is.latency);
  if (latency) l.latency.push(latency);
}

function total(kinds) { return Object.values(kinds).reduce((a, b) => a + b, 0); }

// plus adds what is known.
function plus(a, b) { return b === null ? a : (a ?? 0) + b; }
