package workload

import (
	"math/rand/v2"
	"testing"
)

func TestNamesAreAskedForOftenAndNotTooOften(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	n := newNames()
	asks := map[string]int{}
	const all = 100 * asksEach
	for range all {
		asks[n.core(random)]++
	}
	for name, times := range asks {
		if times > 2*asksEach {
			t.Errorf("%s was given out %d times", name, times)
		}
	}
	if len(asks) != 100+abreast-1 {
		t.Errorf("%d names were given out", len(asks))
	}
	known, before := 0, 0
	for range 1000 {
		name := n.coreNear(random)
		if asks[name] > 0 {
			known++
		} else {
			before++
		}
	}
	if known < 300 || before < 200 {
		t.Errorf("of 1000 names %d were given out already, %d were not", known, before)
	}
}

func TestThereAreNamesBeforeTheFirst(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	found := map[string]bool{}
	for range 1000 {
		found[newNames().coreNear(random)] = true
	}
	for i := range uint64(abreast + 2*nearby) {
		if !found[coreName(i)] {
			t.Errorf("%s is not near the first: %v", coreName(i), found)
		}
	}
}
