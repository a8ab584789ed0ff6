package main

import (
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/bench/observe"
)

// found is a run that has found these rates of point selects at 16 connections.
func found(rates map[string]float64) *bench {
	m := &measurement{scene: scene{name: pointSelect}, connections: 16, samples: map[string][]sample{}}
	for target, rate := range rates {
		m.samples[target] = []sample{{rate: rate, user: time.Microsecond}}
	}
	return &bench{speed: []*measurement{m}}
}

func TestRequirementIsMetAtItsBoundAndNotBelow(t *testing.T) {
	for _, c := range []struct {
		ours float64
		met  bool
	}{{99, false}, {100, true}, {101, true}} {
		b := found(map[string]float64{nodeName: c.ours, haproxyName: 100})
		r := b.ratio("rate", atLeast(1), sample.rateOf, pointSelect, nodeName, pointSelect, haproxyName, 16)
		if !r.measured || r.met != c.met {
			t.Errorf("%v of 100: %+v, want met: %t", c.ours, r, c.met)
		}
	}
	for _, c := range []struct {
		value float64
		met   bool
	}{{1.04, true}, {1.05, true}, {1.06, false}} {
		if atMost(1.05).allows(c.value) != c.met {
			t.Errorf("at most 1.05 allows %v: %t", c.value, !c.met)
		}
	}
}

func TestRequirementThatWasNotMeasuredIsNotMet(t *testing.T) {
	b := found(map[string]float64{nodeName: 100})
	for _, r := range b.requirements() {
		if r.met || r.measured {
			t.Errorf("%+v", r)
		}
	}
}

func TestMemoryOfSessionsIsHeldAgainstItsBound(t *testing.T) {
	for _, c := range []struct {
		bytes int64
		met   bool
	}{{16 << 10, true}, {16<<10 + 1, false}} {
		b := &bench{memory: []memory{
			{title: parkedTitle, target: nodeName, usage: usage{resident: c.bytes}},
			{title: parkedTitle, target: haproxyName, usage: usage{resident: 1 << 20}},
		}}
		if r := b.bytes("idle", parkedTitle, 16<<10); !r.measured || r.met != c.met {
			t.Errorf("%d bytes: %+v", c.bytes, r)
		}
	}
}

func TestNewCoreObjectsAreHeldAgainstTheirBounds(t *testing.T) {
	b := &bench{assignments: []*assignment{
		{spread: atOneFollower, sessions: 64, samples: []assignSample{{sample: sample{rate: 1, p99: time.Hour}}}},
		{spread: overAllNodes, sessions: 64, samples: []assignSample{{sample: sample{rate: 25_000, p99: 20 * time.Millisecond}}}},
	}}
	if r := b.newObjectsRate(64, 25_000); !r.measured || !r.met {
		t.Errorf("25,000: %+v", r)
	}
	if r := b.newObjectsRate(64, 25_001); !r.measured || r.met {
		t.Errorf("25,001: %+v", r)
	}
	if r := b.newObjectsTail(64, 20*time.Millisecond); !r.measured || !r.met {
		t.Errorf("20 ms: %+v", r)
	}
	if r := b.newObjectsTail(64, 19*time.Millisecond); !r.measured || r.met {
		t.Errorf("19 ms: %+v", r)
	}
	if r := b.newObjectsRate(512, 1); r.measured || r.met {
		t.Errorf("not measured: %+v", r)
	}
}

func TestWhatAnAssignmentCostsIsDividedAmongTheItems(t *testing.T) {
	cpu := func(user, system time.Duration) observe.CPUTime { return observe.CPUTime{User: user, System: system} }
	none := account{nodes: make([]observe.CPUTime, 3)}
	var s assignSample
	s.settle(none, account{
		nodes:   []observe.CPUTime{cpu(10, 20), cpu(30, 40), cpu(50, 60)},
		load:    cpu(70, 80),
		entries: 2, items: 10,
	}, 2*time.Second)
	if s.leader != cpu(1, 2) || s.followers != cpu(8, 10) || s.load != cpu(7, 8) || s.user != 9 || s.system != 12 {
		t.Errorf("CPU: %+v", s)
	}
	if s.entries != 1 || s.items != 5 {
		t.Errorf("%v entries a second of %v items", s.entries, s.items)
	}
}
