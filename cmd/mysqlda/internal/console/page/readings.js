// What was read while the page is open. Nodes tell numbers that count up; rates are
// made of two readings.

// drawn is how many seconds back lines are drawn, at most and at least.
export const drawn = { most: 300, least: 60 };

// maxReadings bounds what is kept of one series.
const maxReadings = 400;

// now is a clock in seconds that never goes back.
export function now() { return performance.now() / 1000; }

const opened = now();

// sight is the seconds of the ends of what is drawn: since the page was opened.
export function sight() {
  const to = now();
  return { from: Math.max(to - drawn.most, Math.min(opened, to - drawn.least)), to };
}

const gauges = new Map();
const counters = new Map();

// note keeps the value of the moment of a series, null when there is none.
export function note(name, value) {
  if (!gauges.has(name)) gauges.set(name, []);
  const points = gauges.get(name);
  points.push([now(), value]);
  const old = now() - drawn.most - 30;
  while (points.length > maxReadings || points[0][0] < old) points.shift();
}

// rateOf takes what counts up, at a time in seconds, notes what it is a second since the
// last reading and returns that; null at the first reading and where the count began
// anew.
export function rateOf(name, value, at) {
  const last = counters.get(name);
  let rate = null;
  if (last && at <= last.at) return last.rate;
  if (last && value >= last.value) rate = (value - last.value) / (at - last.at);
  counters.set(name, { value, at, rate });
  note(name, rate);
  return rate;
}

export function points(name) { return gauges.get(name) ?? []; }

// largest gives the names with the largest last values first.
export function largest(names, prefix) {
  const last = (n) => points(prefix + n).findLast(([, v]) => v !== null)?.[1] ?? -1;
  return names.toSorted((a, b) => last(b) - last(a) || (a < b ? -1 : 1));
}
