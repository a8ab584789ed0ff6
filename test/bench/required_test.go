package main

import (
	"testing"
	"time"
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
