// Numbers and times as people read them. Each has one form everywhere.

const whole = new Intl.NumberFormat("en-GB");

export function count(n) { return whole.format(n); }

// rate writes something a second, with as many digits as say something.
export function rate(n) {
  if (n === null || n === undefined) return "–";
  if (n === 0) return "0";
  if (n < 0.005) return "<0.01";
  if (n < 10) return n.toFixed(2);
  if (n < 100) return n.toFixed(1);
  return count(Math.round(n));
}

export function percent(part) { return (100 * part).toFixed(1) + "%"; }

// bytes writes a size in the largest unit of which there is one.
export function bytes(n) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  while (n >= 1024 && units.length > 1) {
    n /= 1024;
    units.shift();
  }
  return (units[0] === "B" ? Math.round(n) : n.toFixed(1)) + " " + units[0];
}

// milliseconds writes a time given in seconds.
export function milliseconds(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const ms = 1000 * seconds;
  if (ms < 10) return ms.toFixed(2) + " ms";
  if (ms < 1000) return ms.toFixed(0) + " ms";
  return seconds.toFixed(1) + " s";
}

// span writes how long something has lasted, in seconds.
export function span(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${(seconds / 3600).toFixed(1)} h`;
  return `${(seconds / 86400).toFixed(1)} d`;
}

export function clock(ms) { return new Date(ms).toLocaleTimeString("en-GB"); }

export function yesNo(b) { return b ? "yes" : "no"; }

// plural writes a number with its word.
export function plural(n, one, many = one + "s") { return `${count(n)} ${n === 1 ? one : many}`; }

// some names a few of many.
export function some(names, most = 5) {
  const more = names.length - most;
  return names.slice(0, most).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
