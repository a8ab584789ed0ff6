// Lines over time, bars and sparks, as inline SVG that fills what room there is.
import { el, svg } from "./dom.js";
import { span } from "./words.js";

// maxLines is how many lines one can tell apart.
export const maxLines = 8;

// lines draws what changes over time. series are {name, points: [[seconds, value or
// null], ...]}; from and to are the seconds of the ends. Gaps are where a value is null.
export function lines({ title, unit, series, from, to, write, key }) {
  const shown = series.slice(0, maxLines);
  const values = shown.flatMap((s) => s.points.filter(([t, v]) => v !== null && t >= from).map(([, v]) => v));
  const top = ceiling(Math.max(0, ...values));
  const last = (s) => s.points.findLast(([, v]) => v !== null)?.[1] ?? null;
  const enough = shown.some((s) => s.points.filter(([, v]) => v !== null).length > 1);
  const label = `${title}, ${unit}. ` + (enough ? shown.map((s) => `${s.name}: ${write(last(s))}`).join("; ") : "No readings yet.");
  const x = (t) => (100 * (t - from) / (to - from)).toFixed(2);
  const y = (v) => (100 - 100 * v / top).toFixed(2);
  return el("figure", { class: "chart", "data-key": key ?? title },
    el("figcaption", null, el("span", null, unit), el("span", null, enough ? write(top) : "")),
    el("div", { class: "plot" }, enough
      ? svg("svg", { viewBox: "0 0 100 100", preserveAspectRatio: "none", role: "img", "aria-label": label },
        [0, 50].map((at) => svg("line", { class: "grid", x1: 0, x2: 100, y1: at, y2: at })),
        shown.map((s, i) => svg("path", { class: "s" + (i + 1), d: path(s.points, from, x, y) })))
      : el("p", { class: "waiting" }, "Drawn from readings while this page is open")),
    el("div", { class: "times", "aria-hidden": "true" }, el("span", null, `${span(to - from)} ago`), el("span", null, "now")),
    el("ul", { class: "legend" }, shown.map((s, i) => el("li", { "data-key": s.name },
      svg("svg", { class: "key", viewBox: "0 0 18 8", "aria-hidden": "true" }, svg("line", { class: "s" + (i + 1), x1: 0, x2: 18, y1: 4, y2: 4 })),
      el("span", { class: "of" }, s.name), el("span", null, write(last(s))))),
    series.length > maxLines && el("li", { class: "of" }, `the ${maxLines} largest of ${series.length}`)));
}

function path(points, from, x, y) {
  let d = "", pen = "M";
  for (const [t, v] of points) {
    if (v === null || t < from) {
      pen = "M";
      continue;
    }
    d += `${pen}${x(t)} ${y(v)}`;
    pen = "L";
  }
  return d;
}

// ceiling is the next number up that is easy to read.
function ceiling(n) {
  if (n <= 0) return 1;
  const unit = 10 ** Math.floor(Math.log10(n));
  return unit * [1, 2, 2.5, 5, 10].find((f) => n <= f * unit * 1.0000001);
}

// bar draws a part of a whole, 0 to 1.
export function bar(part) {
  return svg("svg", { class: "bar", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { x: 0, y: 0, width: (100 * Math.min(1, part)).toFixed(1), height: 8 }));
}

// spark draws the shape of a few readings, without a scale.
export function spark(points) {
  const known = points.filter(([, v]) => v !== null);
  if (known.length < 2) return null;
  const [t0, t1] = [known[0][0], known.at(-1)[0]];
  const values = known.map(([, v]) => v);
  const low = Math.min(...values), high = Math.max(...values);
  const y = (v) => (high === low ? 18 : 18 - 16 * (v - low) / (high - low));
  return svg("svg", { class: "spark", viewBox: "0 0 100 20", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("path", { d: known.map(([t, v], i) => `${i ? "L" : "M"}${(100 * (t - t0) / (t1 - t0)).toFixed(1)} ${y(v).toFixed(1)}`).join("") }));
}
