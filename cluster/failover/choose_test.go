package failover

import (
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
)

type facts = topology.Facts

func activeIs(address string) func(*fsm.Library) {
	return func(l *fsm.Library) { l.Active = address }
}

func failback(l *fsm.Library) { l.Failover.Failback = true }

func TestChooseByTheList(t *testing.T) {
	up := func(addresses ...string) look {
		var seen []seenAs
		for _, address := range addresses {
			seen = append(seen, seenAs{address: address, up: 2, facts: source(address, 1)})
		}
		return seenBy(3, seen...)
	}
	for _, test := range []struct {
		name    string
		library *fsm.Library
		look    look
		failed  string
		to      string
	}{
		{"ordered", library(fsm.FailoverOrdered, switching(fsm.CauseFailed, b)), up(b, c), "", b},
		{"ordered, it is gone by now", library(fsm.FailoverOrdered, switching(fsm.CauseFailed, b)), up(c), "", c},
		{"ordered, it failed", library(fsm.FailoverOrdered, switching(fsm.CauseFailed, b)), up(b, c), b, c},
		{"ordered, all have failed", library(fsm.FailoverOrdered, switching(fsm.CauseFailed, b)), up(b), b, b},
		{"ordered, the old one is back", library(fsm.FailoverOrdered, switching(fsm.CauseFailed, b)), up(a, b, c), "", a},
		{"ordered, a minority reaches it", library(fsm.FailoverOrdered, switching(fsm.CauseFailed, b)), seenBy(3, seenAs{address: b, up: 1, down: 2}), "", ""},
		{"ordered, planned", library(fsm.FailoverOrdered, switching(fsm.CauseOperator, c)), up(a, b, c), "", c},
		{"ordered, planned, it failed", library(fsm.FailoverOrdered, switching(fsm.CauseOperator, c)), up(a, b), "", a},
		{"ordered, in maintenance and excluded", library(fsm.FailoverOrdered, switching(fsm.CauseFailed, ""), server(b, maintained), server(c, excluded)), up(b, c), "", ""},
		{"off", library(fsm.FailoverOff, switching(fsm.CauseOperator, b)), up(a, b, c), "", b},
		{"off, it is gone", library(fsm.FailoverOff, switching(fsm.CauseOperator, b)), up(a, c), "", a},
		{"off, both are gone", library(fsm.FailoverOff, switching(fsm.CauseOperator, b)), up(c), "", ""},
		{"forced", library(fsm.FailoverOrdered, switching(fsm.CauseFailed, c), forced), up(a, b, c), "", c},
		{"forced, it is gone", library(fsm.FailoverOrdered, switching(fsm.CauseFailed, c), forced), up(a, b), "", ""},
		{"forced, excluded", library(fsm.FailoverPromote, switching(fsm.CauseOperator, c), forced, server(c, excluded)), up(a, b, c), "", c},
	} {
		to, why := choose(test.library, test.look, nil, map[string]bool{test.failed: test.failed != ""})
		if to != test.to || (to == "") != (why != "") {
			t.Errorf("%s: %q, %q", test.name, to, why)
		}
	}
}

func TestChooseWhatTakesWrites(t *testing.T) {
	taking := func(address string) seenAs { return seenAs{address: address, up: 3, facts: source(address, 1)} }
	reading := func(address string) seenAs {
		return seenAs{address: address, up: 3, facts: with(source(address, 1), readOnly)}
	}
	for _, test := range []struct {
		name string
		l    *fsm.Library
		seen []seenAs
		to   string
	}{
		{"one", library(fsm.FailoverFollow, switching(fsm.CauseFailed, "")), []seenAs{reading(b), taking(c)}, c},
		{"none", library(fsm.FailoverFollow, switching(fsm.CauseFailed, b)), []seenAs{reading(b), reading(c)}, ""},
		{"two", library(fsm.FailoverFollow, switching(fsm.CauseFailed, b)), []seenAs{taking(b), taking(c)}, ""},
		{"the old one is back", library(fsm.FailoverFollow, switching(fsm.CauseFailed, b)), []seenAs{taking(a), reading(c)}, a},
		{"the old one is back beside the new one", library(fsm.FailoverFollow, switching(fsm.CauseFailed, b)), []seenAs{taking(a), taking(b)}, ""},
		{"two, and an operator has named one", library(fsm.FailoverFollow, switching(fsm.CauseOperator, b)), []seenAs{taking(b), taking(c)}, b},
		{"an operator has named another one", library(fsm.FailoverFollow, switching(fsm.CauseOperator, b)), []seenAs{reading(b), taking(c)}, c},
		{"excluded", library(fsm.FailoverFollow, switching(fsm.CauseFailed, b), server(c, excluded)), []seenAs{reading(b), taking(c)}, ""},
	} {
		to, why := choose(test.l, seenBy(3, test.seen...), nil, nil)
		if to != test.to || (to == "") != (why != "") {
			t.Errorf("%s: %q, %q", test.name, to, why)
		}
	}
}

func TestChooseTheFurthest(t *testing.T) {
	semi := func(f facts) facts { return with(f, acknowledges) }
	gone := seenAs{address: a, down: 3, facts: source(a, 9)}
	goneWaiting := seenAs{address: a, down: 3, facts: with(source(a, 9), waits)}
	at := func(address string, f facts) seenAs { return seenAs{address: address, up: 3, facts: f} }
	unreachable := func(address string, f facts) seenAs { return seenAs{address: address, down: 3, facts: f} }
	failed := switching(fsm.CauseFailed, "")
	received := func(n int) func(*facts) { return func(f *facts) { f.Source.Received = source(a, n).Executed } }
	for _, test := range []struct {
		name string
		l    *fsm.Library
		seen []seenAs
		to   string
		why  string
	}{
		{"the one with more", library(fsm.FailoverPromote, failed), []seenAs{gone, at(b, replica(b, a, 4)), at(c, replica(c, a, 5))}, c, ""},
		{"what was received counts", library(fsm.FailoverPromote, failed), []seenAs{gone, at(b, with(replica(b, a, 4), received(6))), at(c, replica(c, a, 5))}, b, ""},
		{"the first of equals", library(fsm.FailoverPromote, failed), []seenAs{gone, at(b, replica(b, a, 5)), at(c, replica(c, a, 5))}, b, ""},
		{"of equals the one that others can follow", library(fsm.FailoverPromote, failed), []seenAs{gone, at(b, with(replica(b, a, 5), func(f *facts) { f.Feeds = false })), at(c, replica(c, a, 5))}, c, ""},
		{"of equals the one that was named", library(fsm.FailoverPromote, switching(fsm.CauseOperator, c)), []seenAs{at(a, source(a, 5)), at(b, replica(b, a, 5)), at(c, replica(c, a, 5))}, c, ""},
		{"the named one is behind", library(fsm.FailoverPromote, switching(fsm.CauseOperator, c)), []seenAs{at(a, source(a, 5)), at(b, replica(b, a, 5)), at(c, replica(c, a, 4))}, a, ""},
		{"the old one is back", library(fsm.FailoverPromote, failed), []seenAs{at(a, source(a, 9)), at(b, replica(b, a, 5)), at(c, replica(c, a, 9))}, a, ""},
		{"the old one is back with less", library(fsm.FailoverPromote, failed), []seenAs{at(a, source(a, 4)), at(b, replica(b, a, 5)), at(c, replica(c, a, 3))}, b, ""},
		{"an applier is broken", library(fsm.FailoverPromote, failed), []seenAs{gone, at(b, replica(b, a, 4)), at(c, with(replica(c, a, 5), func(f *facts) { f.Source.Applying = false }))}, b, ""},
		{"another's replica", library(fsm.FailoverPromote, failed), []seenAs{gone, at(b, replica(b, c, 4))}, "", "no replica"},
		{"in maintenance", library(fsm.FailoverPromote, failed, server(c, maintained)), []seenAs{gone, at(b, replica(b, a, 4)), at(c, replica(c, a, 5))}, b, ""},
		{"excluded", library(fsm.FailoverPromote, failed, server(c, excluded)), []seenAs{gone, at(b, replica(b, a, 4)), at(c, replica(c, a, 5))}, b, ""},
		{"a minority reaches it", library(fsm.FailoverPromote, failed), []seenAs{gone, at(b, replica(b, a, 4)), {address: c, up: 1, down: 2, facts: replica(c, a, 5)}}, b, ""},
		{"diverged", library(fsm.FailoverPromote, failed), []seenAs{gone, at(b, with(replica(b, a, 4), func(f *facts) { f.Executed += "," + uuids[b] + ":1" })), at(c, replica(c, a, 5))}, "", "diverged"},
		{"of different families", library(fsm.FailoverPromote, failed), []seenAs{gone, at(b, with(replica(b, a, 4), func(f *facts) { f.Flavour, f.Executed, f.Source.Received = topology.MariaDB, "0-1-4", "0-1-4" })), at(c, replica(c, a, 5))}, "", "diverged"},
		{"without GTIDs", library(fsm.FailoverPromote, failed), []seenAs{gone, at(b, with(replica(b, a, 4), func(f *facts) { f.Source.UsesGTID = false })), at(c, replica(c, a, 5))}, "", "GTID"},
		{"the only one, without GTIDs", library(fsm.FailoverPromote, failed), []seenAs{gone, at(b, with(replica(b, a, 4), func(f *facts) { f.Source.UsesGTID = false }))}, b, ""},
		{"promoted half-way", library(fsm.FailoverPromote, switching(fsm.CauseFailed, b)), []seenAs{gone, at(b, with(source(b, 0), func(f *facts) { f.Executed = source(a, 5).Executed })), at(c, replica(c, a, 4))}, b, ""},

		{"semi-sync, all are there", library(fsm.FailoverPromote, failed), []seenAs{goneWaiting, at(b, semi(replica(b, a, 4))), at(c, semi(replica(c, a, 5)))}, c, ""},
		{"semi-sync, one is missing", library(fsm.FailoverPromote, failed), []seenAs{goneWaiting, unreachable(b, semi(replica(b, a, 4))), at(c, semi(replica(c, a, 5)))}, "", "1 of 2 semi-synchronous replicas can be looked at and 2 are needed"},
		{"semi-sync, one is missing of which nothing is known", library(fsm.FailoverPromote, failed), []seenAs{goneWaiting, {address: b, down: 3}, at(c, semi(replica(c, a, 5)))}, "", "1 of 2"},
		{"semi-sync, one is missing, and two had to acknowledge", library(fsm.FailoverPromote, failed), []seenAs{{address: a, down: 3, facts: with(goneWaiting.facts, func(f *facts) { f.SemiSync.Acks = 2 })}, unreachable(b, semi(replica(b, a, 4))), at(c, semi(replica(c, a, 5)))}, c, ""},
		{"semi-sync, the missing one does not acknowledge", library(fsm.FailoverPromote, failed), []seenAs{goneWaiting, unreachable(b, replica(b, a, 4)), at(c, semi(replica(c, a, 5)))}, c, ""},
		{"semi-sync, the missing one was active before and has not been seen since", library(fsm.FailoverPromote, failed, server(b, fenceDue)), []seenAs{goneWaiting, unreachable(b, semi(source(b, 4))), at(c, semi(replica(c, a, 5)))}, c, ""},
		{"semi-sync, the missing one has been made a replica since", library(fsm.FailoverPromote, failed, server(b, func(s *fsm.Server) { s.Fence = fsm.FenceDone })), []seenAs{goneWaiting, unreachable(b, semi(source(b, 4))), at(c, semi(replica(c, a, 5)))}, "", "1 of 2"},
		{"semi-sync, one in maintenance has more", library(fsm.FailoverPromote, failed, server(c, maintained)), []seenAs{goneWaiting, at(b, semi(replica(b, a, 4))), at(c, semi(replica(c, a, 5)))}, "", "may have acknowledged"},
		{"semi-sync, one that a minority reaches has more", library(fsm.FailoverPromote, failed), []seenAs{goneWaiting, at(b, semi(replica(b, a, 4))), {address: c, up: 1, down: 2, facts: semi(replica(c, a, 5))}}, "", "may have acknowledged"},
		{"semi-sync, one that was promoted half-way before has more", library(fsm.FailoverPromote, failed), []seenAs{goneWaiting, at(b, semi(replica(b, a, 4))), at(c, with(semi(source(c, 0)), func(f *facts) { f.Executed = source(a, 5).Executed }))}, c, ""},
		{"one that follows nobody has more, and nothing says what it is", library(fsm.FailoverPromote, failed), []seenAs{gone, at(b, replica(b, a, 4)), at(c, with(source(c, 0), func(f *facts) { f.Executed = source(a, 5).Executed }))}, b, ""},
		{"semi-sync, one that was promoted half-way before has more and is in maintenance", library(fsm.FailoverPromote, failed, server(c, func(s *fsm.Server) { s.Maintenance = true })), []seenAs{goneWaiting, at(b, semi(replica(b, a, 4))), at(c, with(semi(source(c, 0)), func(f *facts) { f.Executed = source(a, 5).Executed }))}, "", "may have acknowledged"},
		{"semi-sync, an excluded one that follows nobody does not count", library(fsm.FailoverPromote, failed, server(c, excluded)), []seenAs{goneWaiting, at(b, semi(replica(b, a, 4))), at(c, semi(source(c, 3)))}, b, ""},
		{"semi-sync that had fallen back", library(fsm.FailoverPromote, failed), []seenAs{{address: a, down: 3, facts: with(goneWaiting.facts, func(f *facts) { f.SemiSync.SourceActive = false })}, unreachable(b, semi(replica(b, a, 4))), at(c, semi(replica(c, a, 5)))}, c, ""},
		{"semi-sync of which nobody knows", library(fsm.FailoverPromote, failed), []seenAs{{address: a, down: 3}, unreachable(b, semi(replica(b, a, 4))), at(c, semi(replica(c, a, 5)))}, "", "1 of 2"},
		{"semi-sync, forced without a name", library(fsm.FailoverPromote, failed, forced), []seenAs{goneWaiting, unreachable(b, semi(replica(b, a, 4))), at(c, semi(replica(c, a, 5)))}, c, ""},
		{"semi-sync, one is missing but the old one can be looked at and has no more", library(fsm.FailoverPromote, failed), []seenAs{{address: a, up: 1, down: 2, facts: with(source(a, 5), waits)}, unreachable(b, semi(replica(b, a, 4))), at(c, semi(replica(c, a, 5)))}, c, ""},
		{"semi-sync, one is missing, and the old one has more", library(fsm.FailoverPromote, failed), []seenAs{{address: a, up: 1, down: 2, facts: with(source(a, 6), waits)}, unreachable(b, semi(replica(b, a, 4))), at(c, semi(replica(c, a, 5)))}, "", "1 of 2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := seenBy(3, test.seen...)
			after := make(map[string]inspected)
			for _, s := range test.l.Servers {
				if f, ok := v.facts(s.Address); ok {
					after[s.Address] = inspected{facts: f, final: !s.Maintenance}
				}
			}
			to, why := choose(test.l, v, after, nil)
			if to != test.to || !strings.Contains(why, test.why) || (to == "") != (why != "") {
				t.Errorf("%q, %q", to, why)
			}
		})
	}
}

func TestWhoSaysThatItWaitedIsBelieved(t *testing.T) {
	v := seenBy(3, seenAs{address: a, down: 3, facts: source(a, 1)})
	l := library(fsm.FailoverPromote, switching(fsm.CauseFailed, ""))
	if n := acknowledgements(l, v); n != 0 {
		t.Errorf("nobody says so: %d", n)
	}
	for node, acks := range []int{3, 2} {
		v.seen[node].Facts = with(source(a, 1), func(f *facts) { waits(f); f.SemiSync.Acks = acks })
	}
	if n := acknowledgements(l, v); n != 2 {
		t.Errorf("the fewest are %d", n)
	}
}

func TestReplicasThatWereNotSealedAreNotChosen(t *testing.T) {
	v := seenBy(3, seenAs{address: a, down: 3, facts: source(a, 1)}, seenAs{address: b, up: 3, facts: replica(b, a, 1)})
	l := library(fsm.FailoverPromote, switching(fsm.CauseFailed, ""))
	if to, _ := choose(l, v, map[string]inspected{b: {facts: replica(b, a, 1)}}, nil); to != "" {
		t.Errorf("chose %s", to)
	}
}
