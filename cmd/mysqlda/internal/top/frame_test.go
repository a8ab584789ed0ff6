package top

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

// node is what a node says that has run for so many seconds.
func node(id string, uptime float64, libraries ...admin.LibraryActivity) NodeReading {
	return NodeReading{ID: id, Activity: admin.Activity{Node: id, UptimeSeconds: uptime, Libraries: libraries}}
}

// library has served so many reads, each of which took up to 10 ms.
func library(name string, sessions int, reads, errors uint64) admin.LibraryActivity {
	return admin.LibraryActivity{
		Name: name, Sessions: sessions, Errors: errors, Statements: map[string]uint64{"read": reads, "write": 0},
		Latency: admin.LatencyCounts{Count: reads, Buckets: []admin.LatencyBucket{{LE: 0.005}, {LE: 0.01, Count: reads}}},
	}
}

func reading(seconds int, nodes ...NodeReading) Reading {
	return Reading{At: time.Unix(int64(seconds), 0), Leader: "n1", Nodes: nodes}
}

func TestRatesAreThoseOfAllNodes(t *testing.T) {
	f := Between(
		reading(0, node("n1", 100, library("x", 1, 1000, 10)), node("n2", 50, library("x", 0, 0, 0))),
		// The nodes' own clocks say how long it took: four and two seconds.
		reading(2, node("n1", 104, library("x", 1, 1400, 14)), node("n2", 52, library("x", 2, 20, 0), library("y", 0, 0, 0))),
	)
	x := f.Libraries[0]
	if x.Name != "x" || x.Sessions != 3 || x.Statements != 110 || x.Reads != 110 || x.Errors != 1 {
		t.Errorf("%+v", x)
	}
	if x.P50 == nil || *x.P50 != 0.0075 || x.P99 == nil || *x.P99 <= 0.0075 || *x.P99 > 0.01 {
		t.Errorf("latencies %v, %v", *x.P50, *x.P99)
	}
	if y := f.Libraries[1]; y.Name != "y" || y.P50 != nil {
		t.Errorf("%+v", y)
	}
	if f.Nodes[0].Statements != 100 || f.Nodes[1].Statements != 10 || f.Total.Statements != 110 || !f.Nodes[0].Leader || f.Nodes[1].Leader {
		t.Errorf("%+v", f)
	}
}

func TestANodeThatWasRestartedOrIsNewHasNoRatesAtFirst(t *testing.T) {
	before := reading(0, node("n1", 1000, library("x", 1, 5000, 0)), NodeReading{ID: "n2", Err: errors.New("gone")})
	after := reading(2, node("n1", 1, library("x", 1, 9000, 0)), node("n2", 60, library("x", 1, 700, 0)))
	f := Between(before, after)
	for _, n := range f.Nodes {
		if !n.New || n.Statements != 0 || n.P99 != nil || n.Sessions != 0 {
			t.Errorf("%+v", n)
		}
	}
	if x := f.Libraries[0]; x.Statements != 0 || x.Sessions != 2 {
		t.Errorf("%+v", x)
	}
}

func TestANodeThatDoesNotAnswerIsInTheFrame(t *testing.T) {
	f := Between(reading(0, node("n1", 1)), reading(1, node("n1", 2), NodeReading{ID: "n2", Err: errors.New("gone")}))
	if len(f.Nodes) != 2 || f.Nodes[1].Error != "gone" {
		t.Errorf("%+v", f.Nodes)
	}
}

func TestSessionsHaveTheRateOfTheirCommands(t *testing.T) {
	with := func(n NodeReading, sessions ...admin.SessionStatus) NodeReading {
		n.Sessions.Sessions = sessions
		return n
	}
	f := Between(
		reading(0, with(node("n1", 10), admin.SessionStatus{ID: 1, Commands: 100})),
		reading(2, with(node("n1", 12), admin.SessionStatus{ID: 1, Commands: 160}, admin.SessionStatus{ID: 2, Commands: 50, Seconds: 5})),
	)
	f.Sort(ByStatements)
	if len(f.List) != 2 || f.List[0].ID != 1 || f.List[0].CommandRate != 30 || f.List[1].CommandRate != 10 {
		t.Errorf("%+v", f.List)
	}
	f.Sort(ByLatency)
	if f.List[0].ID != 2 {
		t.Errorf("by age: %+v", f.List)
	}
}

func TestQuantiles(t *testing.T) {
	h := histogram{0.001: 50, 0.01: 90, 0.1: 90, math.Inf(1): 100}
	for q, want := range map[float64]float64{0.25: 0.0005, 0.5: 0.001, 0.7: 0.0055, 0.9: 0.01, 0.99: 0.1} {
		if got := h.quantile(q); got == nil || math.Abs(*got-want) > 1e-9 {
			t.Errorf("%v: %v, want %v", q, *got, want)
		}
	}
	if got := (histogram{0.001: 0, math.Inf(1): 0}).quantile(0.5); got != nil {
		t.Errorf("of nothing: %v", *got)
	}
}
