package failover

import (
	"strings"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
)

func TestRisks(t *testing.T) {
	safe := with(source(a, 5), waits)
	good := with(replica(b, a, 5), acknowledges)
	other := with(replica(c, a, 5), acknowledges)
	for _, test := range []struct {
		name    string
		library *fsm.Library
		a, b    *facts // of a and b; nil: it cannot be reached. c is well
		want    []string
	}{
		{"none", library(fsm.FailoverPromote), &safe, &good, nil},
		{"not guarded", library(fsm.FailoverPromote, func(l *fsm.Library) { l.Guarded = false }), &safe, &good, []string{"not all nodes have heard"}},
		{"active server gone", library(fsm.FailoverOrdered), nil, &good, []string{"active server a:3306 cannot be reached: no route"}},
		{"standby gone", library(fsm.FailoverOrdered), &safe, nil, []string{"server b:3306 cannot be reached"}},
		{"standby gone, which nothing relies on", library(fsm.FailoverOff), &safe, nil, nil},
		{"read-only", library(fsm.FailoverOrdered), changed(safe, readOnly), &good, []string{"is read-only"}},
		{"two take writes", library(fsm.FailoverOrdered), &safe, changed(good, func(f *facts) { f.ReadOnly = false }), []string{"servers a:3306, b:3306 all take writes"}},
		{"no semi-sync", library(fsm.FailoverPromote), changed(safe, func(f *facts) { f.SemiSync = topology.SemiSync{} }), &good, []string{"replication is off"}},
		{"semi-sync fallen back", library(fsm.FailoverPromote), changed(safe, func(f *facts) { f.SemiSync.SourceActive = false }), &good, []string{"has stopped to wait"}},
		{"semi-sync falls back", library(fsm.FailoverPromote), changed(safe, func(f *facts) { f.SemiSync.Timeout = 10 * time.Second }), &good, []string{"no longer than 10s"}},
		{"too few acknowledge", library(fsm.FailoverPromote), changed(safe, func(f *facts) { f.SemiSync.Acks = 2 }), changed(good, func(f *facts) { f.SemiSync.ReplicaEnabled = false }), []string{"waits for 2 replicas and 1 acknowledge"}},
		{"no binary log", library(fsm.FailoverPromote), changed(safe, func(f *facts) { f.Feeds = false }), changed(good, func(f *facts) { f.Feeds = false }), []string{"server a:3306 writes no binary log", "server b:3306 writes no binary log"}},
		{"no GTID", library(fsm.FailoverPromote), &safe, changed(good, func(f *facts) { f.Source.UsesGTID = false }), []string{"does not replicate by GTID"}},
		{"broken", library(fsm.FailoverOff), &safe, changed(good, func(f *facts) { f.Source.Applying, f.Source.LastError = false, "duplicate key" }), []string{"does not go on: duplicate key"}},
		{"behind", library(fsm.FailoverOff), &safe, changed(good, func(f *facts) { f.Source.Lag = time.Minute }), []string{"is 1m0s behind"}},
		{"follows nobody", library(fsm.FailoverPromote), &safe, changed(good, func(f *facts) { f.Source = nil }), []string{"server b:3306 does not replicate"}},
		{"excluded", library(fsm.FailoverPromote, server(b, excluded)), &safe, &good, []string{"server b:3306 cannot become the active one: it has transactions"}},
		{"in maintenance", library(fsm.FailoverPromote, server(b, maintained)), &safe, nil, []string{"in maintenance"}},
	} {
		var seen []topology.Observation
		for address, f := range map[string]*facts{a: test.a, b: test.b, c: &other} {
			o := topology.Observation{Address: address, Known: true, LastError: "no route"}
			if f != nil {
				o.Reachable, o.LastError, o.Facts = true, "", *f
			}
			seen = append(seen, o)
		}
		risks := Risks(test.library, seen)
		ok := len(risks) == len(test.want)
		for i := 0; ok && i < len(risks); i++ {
			ok = strings.Contains(risks[i], test.want[i])
		}
		if !ok {
			t.Errorf("%s: %q", test.name, risks)
		}
	}
}

func changed(f facts, change func(*facts)) *facts {
	f = with(f, change)
	return &f
}

func TestRightsThatAreMissingAreARisk(t *testing.T) {
	f := source(a, 1)
	risks := Risks(library(fsm.FailoverOff), []topology.Observation{{Address: a, Known: true, Reachable: true, Facts: f, Missing: "the right SUPER"}})
	if len(risks) != 1 || !strings.Contains(risks[0], "the right SUPER") {
		t.Errorf("%q", risks)
	}
}
