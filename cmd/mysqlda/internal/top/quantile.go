package top

import (
	"math"
	"slices"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

// histogram is how many statements took up to how long, by the bounds of the buckets;
// +Inf is for those that are longer than all.
type histogram map[float64]uint64

// add adds what came to a node's histogram between two readings.
func (h histogram) add(before, after admin.LatencyCounts) {
	earlier := make(map[float64]uint64, len(before.Buckets))
	for _, b := range before.Buckets {
		earlier[b.LE] = b.Count
	}
	for _, b := range after.Buckets {
		h[b.LE] += grown(earlier[b.LE], b.Count)
	}
	h[math.Inf(1)] += grown(before.Count, after.Count)
}

// quantile estimates how long the share q of the statements took at most, in seconds,
// as if those of a bucket were spread over it evenly. What is beyond the last bound
// counts as that. It is nil where there were none.
func (h histogram) quantile(q float64) *float64 {
	bounds := make([]float64, 0, len(h))
	for bound := range h {
		bounds = append(bounds, bound)
	}
	slices.Sort(bounds)
	total := h[math.Inf(1)]
	if total == 0 || len(bounds) < 2 {
		return nil
	}
	rank, lower, below := q*float64(total), 0.0, uint64(0)
	for _, bound := range bounds {
		count := h[bound]
		if float64(count) < rank {
			lower, below = bound, count
			continue
		}
		if math.IsInf(bound, 1) || count == below {
			break
		}
		return new(lower + (bound-lower)*(rank-float64(below))/float64(count-below))
	}
	return &lower
}

// grown is how much a counter has grown; one that is smaller than before began anew.
func grown(before, after uint64) uint64 {
	if after < before {
		return after
	}
	return after - before
}
