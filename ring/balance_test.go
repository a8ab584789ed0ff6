package ring

import (
	"math"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

func shareOf(shares []Share, id uint32) float64 {
	for _, s := range shares {
		if s.ID == id {
			return float64(s.Weight) / float64(s.Of)
		}
	}
	return 0
}

// The reference is the package comment's formula in floating point.
func TestSharesFollowTheDocumentedFunction(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		libraries := drawLibraries(t, 12)
		policy := drawPolicy(t)
		shares := New(libraries, policy).Shares()
		for id, want := range documentedShares(libraries, policy) {
			if got := shareOf(shares, id); math.Abs(got-want) > 1e-5 {
				t.Fatalf("library %d has the share %v, the formula gives %v (%+v)", id, got, want, libraries)
			}
		}
	})
}

// Nothing overflows: rounding is all that remains of a difference. It grows with
// how far apart both weights and loads are; these weights are as far as 1 and 1000.
func TestExtremeLoadsFollowTheDocumentedFunction(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		libraries := make([]Library, rapid.IntRange(1, 12).Draw(t, "libraries"))
		for i := range libraries {
			libraries[i] = Library{
				ID:     uint32(i + 1),
				Weight: rapid.OneOf(rapid.Uint32Range(MaxWeight/1000, MaxWeight), rapid.Just[uint32](MaxWeight)).Draw(t, "weight"),
				Load:   rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(math.MaxUint64/2, math.MaxUint64)).Draw(t, "load"),
				Open:   true,
			}
		}
		policy := drawPolicy(t)
		policy.SettleLoad = rapid.Uint64().Draw(t, "settle")
		shares := New(libraries, policy).Shares()
		for id, want := range documentedShares(libraries, policy) {
			if got := shareOf(shares, id); math.Abs(got-want) > 1e-3 {
				t.Fatalf("library %d has the share %v, the formula gives %v (%+v)", id, got, want, libraries)
			}
		}
	})
}

func documentedShares(libraries []Library, policy Policy) map[uint32]float64 {
	settle := float64(policy.SettleLoad)
	if settle == 0 {
		settle = 64
	}
	var fullest, sum float64
	takes := func(l Library) bool { return l.Open && l.Weight > 0 }
	for _, l := range libraries {
		if takes(l) {
			fullest = max(fullest, float64(l.Load)/float64(l.Weight))
		}
	}
	shares, caps, capped := map[uint32]float64{}, shareCapsOf(libraries, policy), map[uint32]bool{}
	for _, l := range libraries {
		if takes(l) {
			weight, load := float64(l.Weight), float64(l.Load)
			shares[l.ID] = weight * (1 + min(65535, (fullest*weight-load)/(settle+load/64)))
			sum += shares[l.ID]
		}
	}
	for id := range shares {
		shares[id] /= sum
	}
	for again := true; again; {
		again = false
		var free float64
		left := 1.0
		for id := range shares {
			if capped[id] {
				left -= caps[id]
			} else {
				free += shares[id]
			}
		}
		for id := range shares {
			if !capped[id] {
				shares[id] *= left / free
			}
		}
		for id := range shares {
			if !capped[id] && shares[id] > caps[id] {
				shares[id], capped[id], again = caps[id], true, true
			}
		}
	}
	return shares
}

func TestNoShareIsAboveItsCap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		libraries := drawLibraries(t, 30)
		policy := drawPolicy(t)
		caps := shareCapsOf(libraries, policy)
		for _, s := range New(libraries, policy).Shares() {
			if got := float64(s.Weight) / float64(s.Of); got > caps[s.ID]+1e-6 {
				t.Fatalf("library %d has the share %v, its cap is %v", s.ID, got, caps[s.ID])
			}
		}
	})
}

func TestLibrariesCatchUpAfterOneIsAdded(t *testing.T) {
	for _, old := range []int{1, 2, 9, 40} {
		t.Run(strconv.Itoa(old)+" old ones", func(t *testing.T) {
			const each = 2000
			var libraries []Library
			for i := range old {
				libraries = append(libraries, Library{ID: uint32(i + 1), Weight: 100, Load: each, Open: true})
			}
			added := uint32(old + 1)
			libraries = append(libraries, Library{ID: added, Weight: 100, Open: true})
			limit := max(0.5, 1.5/float64(len(libraries)))

			var objects int
			for libraries[old].Load*100 < 95*libraries[0].Load {
				r := New(libraries, Policy{})
				if s := shareOf(r.Shares(), added); s > limit+1e-6 {
					t.Fatalf("after %d objects the new library's share is %v, its cap is %v", objects, s, limit)
				}
				for range 100 {
					id, _ := r.Pick(strconv.Itoa(objects))
					libraries[id-1].Load++
					objects++
				}
				if objects > 20*each {
					t.Fatalf("after %d objects the new library has %d, the first one %d",
						objects, libraries[old].Load, libraries[0].Load)
				}
			}
			t.Logf("%d old libraries with %d objects each: the new one had 95%% of the first one after %d new objects", old, each, objects)
		})
	}
}

func TestFullnessConvergesFromAnywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		libraries := make([]Library, rapid.IntRange(2, 6).Draw(t, "libraries"))
		var room uint64
		for i := range libraries {
			libraries[i] = Library{
				ID:     uint32(i + 1),
				Weight: rapid.Uint32Range(1, 5).Draw(t, "weight"),
				Load:   rapid.Uint64Range(0, 1000).Draw(t, "load"),
				Open:   true,
			}
			room += 1000 * uint64(libraries[i].Weight)
		}
		policy := drawPolicy(t)
		for objects := uint64(0); !equallyFull(libraries); objects += 64 {
			if objects > 20*room {
				t.Fatalf("after %d objects: %+v", objects, libraries)
			}
			r := New(libraries, policy)
			for i := range uint64(64) {
				id, _ := r.Pick(strconv.FormatUint(objects+i, 10))
				libraries[id-1].Load++
			}
		}
	})
}

// equallyFull reports whether no library lacks more than 5% of its due and a
// few objects.
func equallyFull(libraries []Library) bool {
	var fullest float64
	for _, l := range libraries {
		fullest = max(fullest, float64(l.Load)/float64(l.Weight))
	}
	for _, l := range libraries {
		if float64(l.Load) < 0.95*fullest*float64(l.Weight)-20 {
			return false
		}
	}
	return true
}

func TestBalancingVanishesSmoothly(t *testing.T) {
	const each = 1_000_000
	last := 1.0
	for _, gap := range []uint64{each, each / 2, each / 10, each / 100, each / 1000, each / 100_000, 1, 0} {
		shares := New([]Library{{1, 100, each, true}, {2, 100, each, true}, {3, 100, each - gap, true}}, Policy{MaxShareMille: 1000}).Shares()
		above := shareOf(shares, 3) - 1.0/3
		if above < -1e-6 || above > last+1e-9 || above > 64*float64(gap)/each+1e-6 {
			t.Errorf("with a gap of %d the third library's share is %v above a third, after %v", gap, above, last)
		}
		last = above
	}
}

func TestFewObjectsAreNoGap(t *testing.T) {
	shares := New([]Library{{1, 100, 1, true}, {2, 100, 0, true}, {3, 100, 0, true}}, Policy{}).Shares()
	if got := shareOf(shares, 1); got < 0.32 {
		t.Errorf("the library with the first object has the share %v left", got)
	}
}

func TestTheUnitOfLoadsDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		objects := drawLibraries(t, 12)
		policy := drawPolicy(t)
		policy.SettleLoad = rapid.Uint64Range(1, 1000).Draw(t, "settle")
		// The largest load is below 2^60, as bytes are; the smallest units are
		// those of objects.
		unit := rapid.Uint64Range(1, 1<<43).Draw(t, "bytes an object")
		data, inBytes := slices.Clone(objects), policy
		for i := range data {
			data[i].Load *= unit
		}
		inBytes.SettleLoad *= unit
		want := New(objects, policy).Shares()
		for _, s := range New(data, inBytes).Shares() {
			got, want := float64(s.Weight)/float64(s.Of), shareOf(want, s.ID)
			if math.Abs(got-want) > 1e-6 {
				t.Fatalf("library %d has the share %v by data, %v by objects", s.ID, got, want)
			}
		}
	})
}

func TestLoadsFarBelowSettleAreNoGap(t *testing.T) {
	const gib = 1 << 30
	loads := []Library{{1, 100, gib, true}, {2, 100, 0, true}, {3, 100, 0, true}}
	for settle, atLeast := range map[uint64]float64{64 * gib: 0.32, math.MaxUint64: 0.333333} {
		if got := shareOf(New(loads, Policy{SettleLoad: settle}).Shares(), 1); got < atLeast || got > 1.0/3 {
			t.Errorf("with %d to settle the library with one GiB has the share %v left", settle, got)
		}
	}
}

func TestExtremeLoadsAndWeightsAreFine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		libraries := make([]Library, rapid.IntRange(1, 50).Draw(t, "libraries"))
		for i := range libraries {
			libraries[i] = Library{
				ID:     rapid.Uint32().Draw(t, "id")&^0xff | uint32(i),
				Weight: rapid.Uint32().Draw(t, "weight"),
				Load:   rapid.Uint64().Draw(t, "load"),
				Open:   true,
			}
		}
		policy := drawPolicy(t)
		policy.SettleLoad = rapid.Uint64().Draw(t, "settle")
		r := New(libraries, policy)
		var sum uint64
		for _, s := range r.Shares() {
			if s.Weight > s.Of {
				t.Fatalf("a share above 1: %+v", s)
			}
			sum += s.Weight
		}
		for _, s := range r.Shares() {
			if s.Of != sum {
				t.Fatalf("the shares add up to %d of %d", sum, s.Of)
			}
		}
		r.Pick(drawCore(t))
	})
}
