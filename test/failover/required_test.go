package main

import (
	"testing"
	"time"
)

// runsOf are runs with those times without writes, in seconds.
func runsOf(gaps ...float64) series {
	s := series{scenario: scenario{median: 5 * time.Second}}
	for _, g := range gaps {
		s.results = append(s.results, result{unavailable: time.Duration(g * float64(time.Second)), before: 10 * time.Millisecond, during: 10 * time.Millisecond})
	}
	return s
}

func TestWhatIsRequired(t *testing.T) {
	t.Parallel()
	wrong := runsOf(1, 1)
	wrong.results[1].add(duplicated, "")
	disturbed := runsOf(1)
	disturbed.results[0].during = 31 * time.Millisecond
	calm := runsOf(1)
	calm.results[0].during = 30 * time.Millisecond
	quick := runsOf(1)
	quick.results[0].before, quick.results[0].during = time.Millisecond, 20*time.Millisecond // tiny times differ a lot
	slow := runsOf(1)
	slow.results[0].before, slow.results[0].during = 100*time.Millisecond, 150*time.Millisecond // so it was before
	open := runsOf(9)
	open.median = 0
	for name, c := range map[string]struct {
		series
		want string
	}{
		"the median is what counts": {runsOf(1, 2, 9), "met"},
		"too long":                  {runsOf(1, 6, 9), "median > 5.00 s"},
		"no bound":                  {open, "met"},
		"a problem in one run":      {wrong, "wrong"},
		"the other library":         {disturbed, "the other library is disturbed"},
		"the other library, still":  {calm, "met"},
		"the other library, slow":   {slow, "met"},
		"the other library, quick":  {quick, "met"},
	} {
		if got := c.required(); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if met([]series{runsOf(1), c.series}) != (c.want == "met") {
			t.Errorf("%s: met, or not, against what it says itself", name)
		}
	}
}

func TestChoosingScenarios(t *testing.T) {
	t.Parallel()
	if all, err := choose(""); err != nil || len(all) != len(scenarios()) {
		t.Errorf("of all %d scenarios: %d, %v", len(scenarios()), len(all), err)
	}
	some, err := choose("planned, kill")
	if err != nil || len(some) != 2 || some[0].name != "planned" || some[1].name != "kill" {
		t.Errorf("%v, %v", some, err)
	}
	if _, err := choose("kill,nothing"); err == nil {
		t.Error("there is a scenario called nothing")
	}
}
