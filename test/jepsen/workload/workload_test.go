package workload

import (
	"testing"
)

func TestWorkloadsAreChosenByName(t *testing.T) {
	everywhere := func(Workload) bool { return true }
	for _, c := range []struct {
		names     string
		available func(Workload) bool
		want      int // -1: an error
	}{
		{"all", everywhere, len(All)},
		{"all", func(w Workload) bool { return w.Name == "find" }, 1},
		{"find,assign", everywhere, 2},
		{"find", func(Workload) bool { return false }, -1},
		{"find,nonsense", everywhere, -1},
		{"", everywhere, -1},
	} {
		chosen, err := Choose(c.names, c.available)
		if (err != nil) != (c.want < 0) || err == nil && len(chosen) != c.want {
			t.Errorf("%q: %d are chosen, %v", c.names, len(chosen), err)
		}
	}
	chosen, err := Choose("find,assign", everywhere)
	if err != nil || chosen[0].Name != "assign" {
		t.Errorf("%v, %v: not in the order of All", chosen, err)
	}
}

func TestClientsOfOneSeedAreRandomTheSameWayEachTime(t *testing.T) {
	s := &stage{Site: &Site{Seed: 7}}
	if s.stream(1).Uint64() != s.stream(1).Uint64() {
		t.Error("a client differs from itself")
	}
	if s.stream(1).Uint64() == s.stream(2).Uint64() {
		t.Error("two clients are the same")
	}
}
