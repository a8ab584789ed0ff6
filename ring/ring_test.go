package ring

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// drawLibraries draws 1 to most libraries with ids from 1.
func drawLibraries(t *rapid.T, most int) []Library {
	libraries := make([]Library, rapid.IntRange(1, most).Draw(t, "libraries"))
	for i := range libraries {
		libraries[i] = Library{
			ID:     uint32(i + 1),
			Weight: rapid.Uint32Range(0, 1000).Draw(t, "weight"),
			Load:   rapid.Uint64Range(0, 100_000).Draw(t, "load"),
			Open:   rapid.IntRange(0, 9).Draw(t, "open") > 0,
		}
	}
	return libraries
}

func drawPolicy(t *rapid.T) Policy {
	return Policy{MaxShareMille: rapid.Uint32Range(0, 1000).Draw(t, "max share")}
}

func drawCore(t *rapid.T) string {
	return rapid.StringMatching(`[!-~]{1,64}`).Draw(t, "core")
}

// picks counts where n core objects with numbers for names go.
func picks(r *Ring, n int) map[uint32]int {
	counts := make(map[uint32]int)
	for i := range n {
		if id, ok := r.Pick(strconv.Itoa(13_000_000_000 + i)); ok {
			counts[id]++
		}
	}
	return counts
}

func TestMeasuredSharesAreWithinOnePercentOfShares(t *testing.T) {
	const objects = 100_000
	few := [][]Library{
		{{1, 100, 0, true}},
		{{1, 100, 0, true}, {2, 100, 0, true}},
		{{1, 1, 0, true}, {2, 1_000_000, 0, true}, {3, 500_000, 0, true}},
		{{1, 100, 5000, true}, {2, 100, 5000, true}, {3, 100, 0, true}},
		{{1, 100, 900, true}, {2, 300, 10, true}, {3, 50, 5000, true}, {4, 77, 0, true}, {5, 9, 9, false}},
	}
	var many []Library
	for i := range 200 {
		many = append(many, Library{uint32(i + 1), uint32(i), uint64(i * 37 % 1000), true})
	}
	for _, libraries := range append(few, many) {
		r := New(libraries, Policy{})
		counts := picks(r, objects)
		for _, s := range r.Shares() {
			want := float64(s.Weight) / float64(s.Of)
			got := float64(counts[s.ID]) / objects
			if got < want-0.01 || got > want+0.01 {
				t.Errorf("%d libraries: library %d got %.4f of new objects, its share is %.4f", len(libraries), s.ID, got, want)
			}
			delete(counts, s.ID)
		}
		if len(counts) > 0 {
			t.Errorf("%d libraries: some without a share got objects: %v", len(libraries), counts)
		}
	}
}

func TestCountsStayWithinOnePercentOfTheWeights(t *testing.T) {
	const objects, batch = 100_000, 256
	rapid.Check(t, func(t *rapid.T) {
		libraries := make([]Library, rapid.IntRange(1, 10).Draw(t, "libraries"))
		perWeight := rapid.Uint64Range(0, 10_000).Draw(t, "per weight")
		var total uint64
		for i := range libraries {
			weight := rapid.Uint32Range(1, 100).Draw(t, "weight")
			libraries[i] = Library{ID: uint32(i + 1), Weight: weight, Load: perWeight * uint64(weight), Open: true}
			total += uint64(weight)
		}
		policy := drawPolicy(t)
		counts := make([]float64, len(libraries))
		for i := 0; i < objects; {
			r := New(libraries, policy)
			for range batch {
				id, _ := r.Pick(strconv.Itoa(i))
				libraries[id-1].Load++
				counts[id-1]++
				i++
			}
		}
		for i, l := range libraries {
			got, want := counts[i]/objects, float64(l.Weight)/float64(total)
			if got < want-0.01 || got > want+0.01 {
				t.Fatalf("library %d got %.4f of new objects, its weight gives %.4f", l.ID, got, want)
			}
		}
	})
}

func TestSharesFollowTheOperatorsWeightsWhenEquallyFull(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		libraries := drawLibraries(t, 20)
		perWeight := rapid.Uint64Range(0, 1000).Draw(t, "per weight")
		var total uint64
		for i := range libraries {
			libraries[i].Open = true
			libraries[i].Load = perWeight * uint64(libraries[i].Weight)
			total += uint64(libraries[i].Weight)
		}
		for _, s := range New(libraries, drawPolicy(t)).Shares() {
			got := float64(s.Weight) / float64(s.Of)
			want := float64(libraries[s.ID-1].Weight) / float64(total)
			if got < want-1e-6 || got > want+1e-6 {
				t.Fatalf("library %d has the share %v, its weight alone gives %v", s.ID, got, want)
			}
		}
	})
}

func TestAddingALibraryOnlyTakesFromTheOthers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := drawLibraries(t, 20)
		fullness := rapid.Uint64Range(1, 1000).Draw(t, "fullness")
		for i := range before {
			before[i].Load = fullness * uint64(before[i].Weight)
			before[i].Load -= before[i].Load * rapid.Uint64Range(0, 100).Draw(t, "percent lacking") / 100
		}
		added := Library{ID: rapid.SampledFrom([]uint32{0, 1000}).Draw(t, "id of the new one"), Weight: rapid.Uint32Range(0, 1000).Draw(t, "weight of the new one"), Open: true}
		policy := drawPolicy(t)
		after := append(slices.Clone(before), added)
		old, grown := New(before, policy), New(after, policy)
		held := heldAtCap(before, policy)
		for id := range heldAtCap(after, policy) {
			held[id] = true
		}
		for range 200 {
			core := drawCore(t)
			was, _ := old.Pick(core)
			is, _ := grown.Pick(core)
			if is != was && is != added.ID && !held[is] && !held[was] {
				t.Fatalf("%q went from library %d to %d when %d was added", core, was, is, added.ID)
			}
		}
	})
}

// heldAtCap tells which libraries get as much as they may.
func heldAtCap(libraries []Library, policy Policy) map[uint32]bool {
	held := make(map[uint32]bool)
	unbound := shareCapsOf(libraries, policy)
	for _, s := range New(libraries, policy).Shares() {
		if float64(s.Weight)/float64(s.Of) > unbound[s.ID]-1e-6 {
			held[s.ID] = true
		}
	}
	return held
}

// shareCapsOf is the package comment's formula of caps in floating point.
func shareCapsOf(libraries []Library, policy Policy) map[uint32]float64 {
	maxShare := float64(policy.MaxShareMille) / 1000
	if maxShare == 0 {
		maxShare = float64(DefaultMaxShareMille) / 1000
	}
	var weights float64
	for _, l := range libraries {
		if l.Open {
			weights += float64(l.Weight)
		}
	}
	caps := make(map[uint32]float64)
	for _, l := range libraries {
		caps[l.ID] = min(1, max(maxShare, 1.5*float64(l.Weight)/weights))
	}
	return caps
}

func TestPickDependsOnNeitherOrderNorInstance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		libraries := drawLibraries(t, 20)
		policy := drawPolicy(t)
		first := New(libraries, policy)
		second := New(rapid.Permutation(libraries).Draw(t, "order"), policy)
		if !slices.Equal(first.Shares(), second.Shares()) {
			t.Fatalf("shares %v, in another order %v", first.Shares(), second.Shares())
		}
		for range 50 {
			core := drawCore(t)
			a, okA := first.Pick(core)
			b, okB := second.Pick(core)
			if a != b || okA != okB {
				t.Fatalf("%q: library %d (%v), in another order %d (%v)", core, a, okA, b, okB)
			}
		}
	})
}

func TestPickTakesTheSmallestQuotient(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := New(drawLibraries(t, 40), drawPolicy(t))
		core := drawCore(t)
		var want uint32
		var score, weight uint64
		for _, e := range r.entries {
			if s := negLog2(mix(hashName(core) ^ e.seed)); want == 0 || lessQuotient(s, e.weight, score, weight) {
				want, score, weight = e.id, s, e.weight
			}
		}
		if got, _ := r.Pick(core); got != want {
			t.Fatalf("%q went to library %d, library %d has the smallest quotient", core, got, want)
		}
	})
}

// The numbers were written down from a run. They may change between releases,
// but not by accident: two nodes of one release must agree.
func TestPickIsTheSameEverywhere(t *testing.T) {
	r := New([]Library{{1, 100, 50, true}, {2, 200, 100, true}, {3, 100, 0, true}}, Policy{})
	var got []uint32
	for i := range 12 {
		id, _ := r.Pick(fmt.Sprintf("customer-%d", i))
		got = append(got, id)
	}
	want := []uint32{3, 2, 3, 2, 2, 2, 3, 1, 2, 2, 1, 3}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("picked %v, want %v", got, want)
	}
}

func TestClosedAndWeightlessLibrariesGetNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		libraries := drawLibraries(t, 8)
		takes := false
		for _, l := range libraries {
			takes = takes || l.Open && l.Weight > 0
		}
		r := New(libraries, drawPolicy(t))
		for range 50 {
			id, ok := r.Pick(drawCore(t))
			if ok != takes {
				t.Fatalf("ok = %v, some library takes new objects: %v", ok, takes)
			}
			if l := libraries[max(id, 1)-1]; ok && (!l.Open || l.Weight == 0) {
				t.Fatalf("picked %+v", l)
			}
		}
	})
}

func TestNoLibrariesPickNothing(t *testing.T) {
	r := New(nil, Policy{})
	if id, ok := r.Pick("x"); ok || len(r.Shares()) != 0 {
		t.Errorf("picked %d (%v), shares %v", id, ok, r.Shares())
	}
}

func BenchmarkPick(b *testing.B) {
	for _, n := range []int{3, 10, 100, 1000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			r := New(benchLibraries(n), Policy{})
			cores := make([]string, 1024) // many, so that branches are not learned
			for i := range cores {
				cores[i] = strconv.Itoa(13_000_000_000 + i)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if _, ok := r.Pick(cores[i%len(cores)]); !ok {
					b.Fatal("nothing picked")
				}
				i++
			}
		})
	}
}

func BenchmarkNew(b *testing.B) {
	for _, n := range []int{3, 10, 100, 1000} {
		for _, maxShare := range []uint32{0, 1} {
			b.Run(fmt.Sprintf("%d/max share %d", n, maxShare), func(b *testing.B) {
				libraries := benchLibraries(n)
				b.ReportAllocs()
				for b.Loop() {
					New(libraries, Policy{MaxShareMille: maxShare})
				}
			})
		}
	}
}

func benchLibraries(n int) []Library {
	random := rand.New(rand.NewPCG(1, 2))
	libraries := make([]Library, n)
	for i := range libraries {
		libraries[i] = Library{ID: uint32(i + 1), Weight: 100, Load: random.Uint64N(10_000), Open: true}
	}
	return libraries
}
