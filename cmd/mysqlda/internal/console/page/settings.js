// What the cluster and the answering node go by.
import { ask } from "./api.js";
import { el, panel } from "./dom.js";
import { table } from "./table.js";
import { percent, yesNo } from "./words.js";

export const title = "Settings";

let effective = null;
let failure = null;

export async function read() {
  try {
    effective = await ask("effective");
    failure = null;
  } catch (error) {
    failure = error.message;
  }
}

export function draw({ status: s }) {
  return [
    panel("Cluster", "the same on all nodes; passwords are never shown", s.settings
      ? rows("Settings of the cluster", ofCluster(s.settings)) : el("p", { class: "empty" }, "This node belongs to no cluster yet.")),
    panel(`Node ${s.node}`, "what it goes by of its config file, given there or not", failure
      ? el("p", { class: "empty" }, `They cannot be read: ${failure}.`)
      : effective ? rows("Settings of the node", effective.map((e) => [e.key, e.value])) : el("p", { class: "empty" }, "Reading …")),
  ];
}

function rows(label, list) {
  return table(label, [
    { name: "Setting", mono: true, cell: ([key]) => el("span", { class: "mono" }, key) },
    { name: "Value", cell: ([, value, more]) => [value === "" ? el("span", { class: "note" }, "none") : String(value), more && el("small", null, more)] },
  ], list, ([key]) => key);
}

function ofCluster(c) {
  const f = c.failover;
  return [
    ["auth.user", c.user], ["auth.db", c.database], ["auth.default_library", c.default_library], ["auth.default_core", c.default_core],
    ["session_pool.unused_forward_session_timeout", c.unused_forward_session_timeout, "seconds"],
    ["max_share", c.max_share, `${percent(Number(c.max_share))} of the new core objects, for a library that is to catch up`],
    ["balance", c.balance],
    ["failover.wait", f.wait, "seconds"], ["failover.lease", f.lease, "seconds"], ["failover.cooldown", f.cooldown, "seconds"],
    ["failover.require_fencing", yesNo(f.require_fencing)],
    ["failover.user", f.user || "", f.user ? null : "the account of auth"],
    ["failover.replication_user", f.replication_user || "", f.replication_user ? null : "that of failover"],
  ];
}
