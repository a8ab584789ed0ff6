package forecast

import (
	"math"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/mysqlda/mysqlda/ring"
)

// grown are nine libraries with each core objects and an empty tenth.
func grown(each uint64) []Library {
	libraries := make([]Library, 10)
	for i := range libraries {
		libraries[i] = Library{Name: "library_" + strconv.Itoa(i+1), Weight: 100, Objects: each}
	}
	libraries[9].Objects, libraries[9].Added = 0, true
	return libraries
}

// What the shares add up to is what happens to single core objects.
func TestForecastIsWhatPickingEachObjectGives(t *testing.T) {
	libraries := grown(2000)
	libraries[3].Weight = 50
	plan := Plan{Libraries: libraries, NewObjects: 20_000, Points: 10}
	course := Run(plan, ByRing(libraries, ring.Policy{}))

	loaded := make([]ring.Library, len(libraries))
	for i, l := range libraries {
		loaded[i] = ring.Library{ID: uint32(i), Weight: l.Weight, Load: l.Objects, Open: true}
	}
	for done := 0; done <= 20_000; {
		for _, s := range course.States {
			if s.NewObjects != uint64(done) {
				continue
			}
			for i, l := range s.Libraries {
				if got, want := float64(l.Objects), float64(loaded[i].Load); math.Abs(got-want) > 150 {
					t.Errorf("after %d new objects library %d has %v, picked were %v", done, i+1, got, want)
				}
			}
		}
		r := ring.New(loaded, ring.Policy{})
		for range 50 {
			id, _ := r.Pick(strconv.Itoa(done))
			loaded[id].Load++
			done++
		}
	}
}

// The numbers are those of the formula: with k libraries an empty one gets
// (1+N) / (k + (k-1)·N).
func TestOriginalGivesATenthLibraryAnEleventh(t *testing.T) {
	shares := ByOriginal(grown(1_000_000)).Shares([]float64{1e6, 1e6, 1e6, 1e6, 1e6, 1e6, 1e6, 1e6, 1e6, 0})
	if math.Abs(shares[9]-0.11111) > 1e-4 || math.Abs(shares[0]-0.09877) > 1e-4 {
		t.Errorf("shares %v", shares)
	}
}

func TestANewLibraryCatchesUpSoonerThanByTheOriginal(t *testing.T) {
	libraries := grown(1_000_000)
	plan := Plan{Libraries: libraries, NewObjects: 100_000_000, Points: 20}
	ours := Run(plan, ByRing(libraries, ring.Policy{})).CaughtUp[9]
	original := Run(plan, ByOriginal(libraries)).CaughtUp[9]
	if ours < 0 || ours > 4_000_000 || original >= 0 && original < 10*ours {
		t.Errorf("caught up after %d new objects, by the original after %d", ours, original)
	}
}

func TestNoObjectIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		libraries := make([]Library, rapid.IntRange(1, 12).Draw(t, "libraries"))
		var before uint64
		takes := false
		for i := range libraries {
			libraries[i].Weight = rapid.Uint32Range(0, 1000).Draw(t, "weight")
			libraries[i].Objects = rapid.Uint64Range(0, 1e9).Draw(t, "objects")
			takes = takes || libraries[i].Weight > 0
			before += libraries[i].Objects
		}
		if !takes {
			libraries[0].Weight = 1
		}
		plan := Plan{Libraries: libraries, NewObjects: rapid.Uint64Range(1, 1e9).Draw(t, "new"), Points: rapid.IntRange(1, 7).Draw(t, "points")}
		for _, rule := range []Rule{ByRing(libraries, ring.Policy{}), ByOriginal(libraries)} {
			course := Run(plan, rule)
			if len(course.States) != plan.Points+1 || course.States[plan.Points].NewObjects != plan.NewObjects {
				t.Fatalf("%d states, the last one after %d objects", len(course.States), course.States[plan.Points].NewObjects)
			}
			for _, s := range course.States {
				var sum uint64
				var shares float64
				for _, l := range s.Libraries {
					sum += l.Objects
					shares += l.Share
				}
				if sum != before+s.NewObjects || math.Abs(shares-1) > 1e-9 {
					t.Fatalf("after %d: %d objects, were %d; shares add up to %v", s.NewObjects, sum, before, shares)
				}
			}
		}
	})
}

func TestTheCostDoesNotDependOnTheNumberOfObjects(t *testing.T) {
	libraries := []Library{{Weight: 100, Objects: 1000}, {Weight: 1}, {Weight: 1_000_000, Objects: 7}}
	for _, objects := range []uint64{1, 1000, 1_000_000, 100_000_000, MaxObjects - 1007} {
		rule := ByRing(libraries, ring.Policy{})
		shares, asked := rule.Shares, 0
		rule.Shares = func(counts []float64) []float64 {
			asked++
			return shares(counts)
		}
		Run(Plan{Libraries: libraries, NewObjects: objects, Points: 200}, rule)
		if most := mostSteps + 2*201; asked > most {
			t.Errorf("for %d new objects the shares were computed %d times, want at most %d", objects, asked, most)
		}
	}
}
