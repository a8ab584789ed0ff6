package ring

import (
	"cmp"
	"math/bits"
	"slices"
)

// Library is what the choice depends on.
type Library struct {
	ID     uint32 // unique
	Weight uint32 // the operator's; what is above MaxWeight counts as MaxWeight
	// Load is what is balanced: core objects that live there, or units of data.
	// It is in the same unit for all libraries of a ring.
	Load uint64
	Open bool // takes new core objects
}

// MaxWeight is the largest weight that counts.
const MaxWeight = 1 << 20

// Ring chooses among the libraries that it was made of. It is immutable and
// safe for use by several goroutines.
type Ring struct {
	entries []entry // of the libraries that take new core objects; ascending by id
	total   uint64  // sum of the effective weights
}

type entry struct {
	id     uint32
	seed   uint64 // makes the library's draws independent of the others'
	weight uint64 // effective; below 2^62
}

// New makes a ring. It does not keep libraries, and their order has no meaning.
// Its cost is proportional to their number, a few microseconds for a hundred, as
// long as few are held at their caps.
func New(libraries []Library, policy Policy) *Ring {
	eligible := make([]Library, 0, len(libraries))
	for _, l := range libraries {
		if l.Open && l.Weight > 0 {
			l.Weight = min(l.Weight, MaxWeight)
			eligible = append(eligible, l)
		}
	}
	slices.SortFunc(eligible, func(a, b Library) int { return cmp.Compare(a.ID, b.ID) })

	r := &Ring{entries: make([]entry, len(eligible))}
	for i, weight := range balance(eligible, policy) {
		id := eligible[i].ID
		r.entries[i] = entry{id: id, seed: mix(uint64(id)), weight: weight}
		r.total += weight
	}
	return r
}

// Pick returns the library of a new core object. It is false when no library is
// open with a weight above 0. Its time is proportional to the number of
// libraries; it does not allocate.
func (r *Ring) Pick(core string) (id uint32, ok bool) {
	hash := hashName(core)
	var best entry
	var bestScore uint64
	for _, e := range r.entries {
		draw := mix(hash ^ e.seed)
		if ok && !lessQuotient(atLeastNegLog2(draw), e.weight, bestScore, best.weight) {
			continue // most of the many: no logarithm is needed to see that they do not win
		}
		score := negLog2(draw)
		// Of equal quotients the first one wins, which has the smaller id.
		if !ok || lessQuotient(score, e.weight, bestScore, best.weight) {
			best, bestScore, ok = e, score, true
		}
	}
	return best.id, ok
}

// lessQuotient reports a/b < c/d.
func lessQuotient(a, b, c, d uint64) bool {
	hi1, lo1 := bits.Mul64(a, d)
	hi2, lo2 := bits.Mul64(c, b)
	return hi1 < hi2 || hi1 == hi2 && lo1 < lo2
}

// Share is the part of new core objects that a library gets: Weight / Of.
type Share struct {
	ID     uint32
	Weight uint64
	Of     uint64
}

// Shares returns the exact shares of new core objects, ascending by id, of the
// libraries that get any.
func (r *Ring) Shares() []Share {
	shares := make([]Share, len(r.entries))
	for i, e := range r.entries {
		shares[i] = Share{ID: e.id, Weight: e.weight, Of: r.total}
	}
	return shares
}
