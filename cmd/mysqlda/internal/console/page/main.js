// Which page is shown, and when what it shows is read again.
import { ask, askNode } from "./api.js";
import { el, mark } from "./dom.js";
import { patch } from "./patch.js";
import { note, now, rateOf } from "./readings.js";
import { clock, span } from "./words.js";
import { warnings } from "./warnings.js";
import * as audit from "./audit.js";
import * as overview from "./overview.js";
import * as libraries from "./libraries.js";
import * as activity from "./activity.js";
import * as search from "./search.js";
import * as settings from "./settings.js";

const pages = { overview, libraries, activity, search, audit, settings };
const first = "overview";

// every is the pause between two readings, in milliseconds.
const every = 2000;

// state is all that pages are made of. status is the last answer of the answering node;
// nodes has by id what each node has said of itself: {status, error}.
const state = { status: null, readAt: 0, readClock: 0, error: null, nodes: new Map() };
let shown = null;

function route() {
  const name = location.hash.slice(1).split("?")[0];
  return Object.hasOwn(pages, name) ? name : first;
}

function show() {
  const name = route();
  const page = pages[name];
  const host = document.getElementById("page");
  if (shown !== name) {
    const moved = shown !== null;
    shown = name;
    host.replaceChildren();
    page.open?.(redraw);
    if (moved) {
      host.focus({ preventScroll: true });
      scrollTo(0, 0);
      readPage();
    }
  }
  redraw();
}

function redraw() {
  const found = state.status ? warnings(state) : [];
  drawTop(found);
  const host = document.getElementById("page");
  const title = pages[shown].title;
  document.title = `${title} – mysqlda${state.status ? " " + state.status.node : ""}`;
  host.setAttribute("aria-busy", String(!state.status));
  const content = state.status ? pages[shown].draw(state, found)
    : [el("p", { class: "empty" }, state.error ? "Nothing was read yet." : "Reading …")];
  patch(host, [el("h1", null, title), ...content.flat().filter(Boolean)]);
}

function drawTop(found) {
  patch(document.getElementById("nav"), Object.entries(pages).map(([name, page]) =>
    el("li", { "data-key": name }, el("a", { href: "#" + name, "aria-current": name === shown ? "page" : null },
      page.title, name === first && badge(found)))));
  const s = state.status;
  document.getElementById("cluster").textContent = s?.cluster_id ? s.cluster_id.slice(0, 8) : "";
  const age = now() - state.readAt;
  patch(document.getElementById("asked"), s ? [
    el("span", null, "asked node ", el("strong", null, s.node)),
    el("span", null, serves(s)),
    el("span", { class: "note" }, state.error ? `read ${span(age)} ago` : `read at ${clock(state.readClock)}`),
  ] : []);
  document.body.classList.toggle("stale", Boolean(state.error && s));
  const line = !state.error ? "" : s
    ? `Node ${s.node} gives no answer: ${state.error}. What is shown is old, from ${clock(state.readClock)}. Open the console of another node, or look at this one.`
    : `The node at ${location.host} gives no answer: ${state.error}.`;
  const stale = document.getElementById("stale");
  if (stale.textContent !== line) stale.textContent = line;
}

function serves(s) {
  if (state.error) return mark("bad", "does not answer");
  if (!s.ready) return mark("bad", "serves no clients");
  return s.lease?.unusable?.length ? mark("warn", "serves clients in part") : mark("good", "serves clients");
}

function badge(found) {
  const counted = found.filter((w) => w.level !== "info");
  if (counted.length === 0) return null;
  const kind = counted.some((w) => w.level === "bad") ? "bad" : "warn";
  return el("span", { class: "count " + kind, title: "warnings" }, counted.length, el("span", { class: "hidden" }, " warnings"));
}

async function read() {
  try {
    state.status = await ask("status");
    state.error = null;
    state.readAt = now();
    state.readClock = Date.now();
    keep(state.status);
    readNodes(state.status);
  } catch (error) {
    state.error = error.message;
  }
  redraw();
}

// keep notes what is drawn over time.
function keep(status) {
  for (const l of status.libraries) {
    note("placements " + l.name, l.placements);
    rateOf("growth " + l.name, l.placements, state.readAt);
  }
  note("placements", status.placements);
  rateOf("growth", status.placements, state.readAt);
}

// readNodes asks every other node what it says of itself. One that does not answer
// holds up nobody.
function readNodes(status) {
  for (const id of [...state.nodes.keys()]) {
    if (!status.nodes.some((n) => n.id === id)) state.nodes.delete(id);
  }
  for (const { id } of status.nodes) {
    if (!state.nodes.has(id)) state.nodes.set(id, { status: null, error: null, asked: false });
    const known = state.nodes.get(id);
    if (id === status.node) {
      Object.assign(known, { status, error: null });
      continue;
    }
    if (known.asked) continue;
    known.asked = true;
    askNode(id, "status").then(
      (answer) => Object.assign(known, { status: answer, error: null }),
      (error) => { known.error = error.message; },
    ).finally(() => {
      known.asked = false;
      redraw();
    });
  }
}

async function readPage() {
  await pages[shown].read?.(state);
  redraw();
}

async function live() {
  for (;;) {
    if (!document.hidden) {
      await read();
      await readPage();
    }
    await pause(every);
  }
}

// pause ends early when the page comes into view again.
function pause(ms) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    document.addEventListener("visibilitychange", done);
  });
}

document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address names the page
  document.getElementById("page").focus();
});
addEventListener("hashchange", show);
show();
live();
