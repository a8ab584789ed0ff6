// Percentiles of a histogram whose buckets count up to their bounds, each with those of
// the buckets before.

// between is what was counted from one reading of a histogram to a later one, null
// where it began anew.
export function between(before, after) {
  if (!before || after.count < before.count) return null;
  const was = new Map(before.buckets.map((b) => [b.le, b.count]));
  return {
    count: after.count - before.count,
    buckets: after.buckets.map((b) => ({ le: b.le, count: b.count - (was.get(b.le) ?? 0) })),
  };
}

// sum adds histograms of the same bounds.
export function sum(list) {
  const totals = new Map();
  let count = 0;
  for (const h of list) {
    count += h.count;
    for (const b of h.buckets) totals.set(b.le, (totals.get(b.le) ?? 0) + b.count);
  }
  return { count, buckets: [...totals].map(([le, n]) => ({ le, count: n })).sort((a, b) => a.le - b.le) };
}

// percentile is the time in seconds below which that part of the durations is, as if
// those of a bucket were spread evenly; null when nothing was counted. What is longer
// than all bounds counts as the last one.
export function percentile(h, part) {
  if (!h || h.count === 0) return null;
  const wanted = part * h.count;
  let bound = 0, counted = 0;
  for (const b of h.buckets) {
    if (b.count >= wanted && b.count > counted) return bound + (b.le - bound) * (wanted - counted) / (b.count - counted);
    [bound, counted] = [b.le, b.count];
  }
  return bound;
}
