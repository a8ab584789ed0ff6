package main

import (
	"slices"
	"time"
)

// longestGap is the longest time between from and to in which nothing of the kind
// happened.
func longestGap(times []time.Time, from, to time.Time) time.Duration {
	longest, last := time.Duration(0), from
	for _, t := range slices.SortedFunc(slices.Values(times), time.Time.Compare) {
		if t.Before(from) {
			continue
		}
		if t.After(to) {
			break
		}
		longest = max(longest, t.Sub(last))
		last = t
	}
	return max(longest, to.Sub(last))
}

// unavailable is the longest time between from and to in which no write in a library
// was acknowledged through a node: of those named, the one that had to wait longest.
func (h *history) unavailable(library string, nodes []string, from, to time.Time) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	times := map[string][]time.Time{}
	for _, w := range h.writes[library] {
		if w.outcome == acknowledged {
			times[w.node] = append(times[w.node], w.told)
		}
	}
	longest := time.Duration(0)
	for _, n := range nodes {
		longest = max(longest, longestGap(times[n], from, to))
	}
	return longest
}

// latencies are the times that statements in the library where nothing happens took,
// of those that were sent between from and to through the nodes named; ascending.
func (h *history) latencies(nodes []string, from, to time.Time) []time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []time.Duration
	for _, t := range h.timings {
		if slices.Contains(nodes, t.node) && !t.sent.Before(from) && t.sent.Before(to) {
			all = append(all, t.took)
		}
	}
	slices.Sort(all)
	return all
}

// percentile is the p-th percentile of ascending times; 0 of none.
func percentile(ascending []time.Duration, p float64) time.Duration {
	if len(ascending) == 0 {
		return 0
	}
	return ascending[min(len(ascending)-1, int(p/100*float64(len(ascending))))]
}
