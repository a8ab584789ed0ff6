package main

import (
	"testing"
	"time"
)

func TestLongestGap(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		at   []int
		want time.Duration
	}{
		{"in the middle", []int{0, 100, 400, 500, 900}, 400 * time.Millisecond},
		{"in any order", []int{900, 400, 0, 500, 100}, 400 * time.Millisecond},
		{"at the beginning", []int{-10, 600, 800}, 600 * time.Millisecond},
		{"at the end", []int{100, 200, 1500}, 800 * time.Millisecond},
		{"nothing", nil, time.Second},
	} {
		var times []time.Time
		for _, ms := range c.at {
			times = append(times, at(ms))
		}
		if got := longestGap(times, at(0), at(1000)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestUnavailableIsTheWorstOfTheNodesNamed(t *testing.T) {
	t.Parallel()
	h := newHistory()
	for ms := 0; ms <= 1000; ms += 100 {
		for _, n := range []string{"n1", "n2", "n3"} {
			o := acknowledged
			if n == "n2" && ms > 300 && ms < 800 || n == "n3" && ms > 100 {
				o = unknown
			}
			h.addWrite(moving, write{node: n, sent: at(ms), told: at(ms), outcome: o})
		}
	}
	if got, want := h.unavailable(moving, []string{"n1", "n2"}, at(0), at(1000)), 500*time.Millisecond; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := h.unavailable(moving, []string{"n1"}, at(0), at(1000)); got != 100*time.Millisecond {
		t.Errorf("of the node that always works: %s", got)
	}
}

func TestLatenciesAreThoseOfTheTimeAndTheNodes(t *testing.T) {
	t.Parallel()
	h := newHistory()
	for ms := range 10 {
		h.addTiming(timing{node: "n1", sent: at(ms), took: time.Duration(10 - ms)})
		h.addTiming(timing{node: "n2", sent: at(ms), took: time.Hour})
	}
	got := h.latencies([]string{"n1"}, at(2), at(5))
	if len(got) != 3 || got[0] != 6 || got[2] != 8 {
		t.Errorf("%v, want 6, 7 and 8 ns", got)
	}
}

func TestPercentiles(t *testing.T) {
	t.Parallel()
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(i+1))
	}
	for p, want := range map[float64]time.Duration{0: 1, 50: 51, 99: 100, 100: 100} {
		if got := percentile(hundred, p); got != want {
			t.Errorf("the %v-th of 1 to 100 is %d, want %d", p, got, want)
		}
	}
	if got := percentile(nil, 99); got != 0 {
		t.Errorf("of nothing: %s", got)
	}
}
