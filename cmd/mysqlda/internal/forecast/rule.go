package forecast

import "github.com/mysqlda/mysqlda/ring"

// Rule gives new core objects to libraries.
type Rule struct {
	// Shares returns which part of the next new core objects each library gets,
	// given how many it has. The parts add up to 1, or are all 0 if no library
	// takes any.
	Shares func(counts []float64) []float64

	weights []float64 // what a library's count is measured by; of those with 0 none is
}

// ByRing is the rule of package ring.
func ByRing(libraries []Library, policy ring.Policy) Rule {
	weights := make([]float64, len(libraries))
	for i, l := range libraries {
		weights[i] = float64(l.Weight)
	}
	return Rule{weights: weights, Shares: func(counts []float64) []float64 {
		loaded := make([]ring.Library, len(libraries))
		for i, l := range libraries {
			loaded[i] = ring.Library{ID: uint32(i), Weight: l.Weight, Load: uint64(counts[i]), Open: true}
		}
		shares := make([]float64, len(libraries))
		for _, s := range ring.New(loaded, policy).Shares() {
			shares[s.ID] = float64(s.Weight) / float64(s.Of)
		}
		return shares
	}}
}

// ByOriginal is the rule of mysqlda 0.0.7: with N core objects in all, a library
// that has n of them has the power 1 + N - n, and a hash of the core object's name
// modulo the sum of all powers falls into the range of one library. It knows no
// weights.
func ByOriginal(libraries []Library) Rule {
	weights := make([]float64, len(libraries))
	for i := range weights {
		weights[i] = 1
	}
	return Rule{weights: weights, Shares: func(counts []float64) []float64 {
		var all float64
		for _, n := range counts {
			all += n
		}
		shares := make([]float64, len(counts))
		total := float64(len(counts))*(1+all) - all
		for i, n := range counts {
			shares[i] = (1 + all - n) / total
		}
		return shares
	}}
}

// due is what a library has when the fullness of all is 1.
func (r Rule) due(i int) float64 { return r.weights[i] }

// fullest returns the largest count by weight.
func (r Rule) fullest(counts []float64) float64 {
	var most float64
	for i, n := range counts {
		if r.weights[i] > 0 {
			most = max(most, n/r.weights[i])
		}
	}
	return most
}

// smallestDue returns how many core objects the library with the smallest weight
// has when it is as full as the fullest.
func (r Rule) smallestDue(counts []float64) uint64 {
	smallest := 0.0
	for _, w := range r.weights {
		if w > 0 && (smallest == 0 || w < smallest) {
			smallest = w
		}
	}
	return uint64(smallest * r.fullest(counts))
}
