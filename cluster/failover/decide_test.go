package failover

import (
	"strings"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
)

func TestMajoritiesAreOfAllVoters(t *testing.T) {
	for _, c := range []struct {
		voters, up, down int
		usable, dead     bool
	}{
		{1, 1, 0, true, false},
		{1, 0, 1, false, true},
		{1, 0, 0, false, false},
		{3, 2, 1, true, false},
		{3, 1, 2, false, true},
		{3, 1, 1, false, false},
		{3, 0, 1, false, false}, // of those that answer it would be all
		{4, 2, 2, false, false},
		{5, 0, 2, false, false},
		{5, 2, 3, false, true},
	} {
		v := seenBy(c.voters, seenAs{address: a, up: c.up, down: c.down})
		if v.usable(a) != c.usable || v.dead(a) != c.dead {
			t.Errorf("%+v: usable %t, dead %t", c, v.usable(a), v.dead(a))
		}
	}
}

func TestOldSightsAndThoseOfOthersDoNotVote(t *testing.T) {
	v := seenBy(3, seenAs{address: a, down: 2})
	v.seen[1].fresh = false
	if v.dead(a) {
		t.Error("an old sight counts")
	}
	v = seenBy(3, seenAs{address: a, down: 2})
	v.seen[1].node = "n9"
	if v.dead(a) {
		t.Error("a node that does not vote counts")
	}
}

func TestFactsAreThoseOfServersThatTellAll(t *testing.T) {
	v := seenBy(3, seenAs{address: a, up: 2, facts: source(a, 5)})
	v.seen[0].LastError = "too many connections"
	v.seen[1].fresh = false
	if _, ok := v.facts(a); ok {
		t.Error("facts of a server that says nothing")
	}
	if len(v.remembered(a)) != 2 {
		t.Error("old facts are forgotten")
	}
}

func TestDecide(t *testing.T) {
	const long = time.Minute
	followA := []seenAs{
		{address: b, up: 3, facts: with(replica(b, a, 9), notReceiving)},
		{address: c, up: 3, facts: with(replica(c, a, 9), notReceiving)},
	}
	dead := seenAs{address: a, up: 1, down: 2, facts: source(a, 9)}
	alive := seenAs{address: a, up: 3, facts: source(a, 9)}
	all := func(first seenAs, others ...seenAs) []seenAs { return append([]seenAs{first}, others...) }
	for _, test := range []struct {
		name    string
		library *fsm.Library
		seen    []seenAs
		dead    time.Duration // for how long it has been
		up      time.Duration // for how long those that are usable have been
		cause   fsm.SwitchCause
		to      string
		why     string // a part of it
	}{
		{"alive", library(fsm.FailoverPromote), all(alive, followA...), 0, long, 0, "", ""},
		{"half of it cannot be reached", library(fsm.FailoverPromote), all(seenAs{address: a, up: 1, down: 1}, followA...), 0, long, 0, "", ""},

		{"promote", library(fsm.FailoverPromote), all(dead, followA...), 0, long, fsm.CauseFailed, "", ""},
		{"a replica still receives", library(fsm.FailoverPromote), all(dead, followA[0], seenAs{address: c, up: 1, facts: replica(c, a, 9)}), hesitation - 1, long, 0, "", c + " still receives"},
		{"a replica still receives, for long", library(fsm.FailoverPromote), all(dead, followA[0], seenAs{address: c, up: 1, facts: replica(c, a, 9)}), hesitation, long, fsm.CauseFailed, "", ""},
		{"a replica that knows it by another address still receives", library(fsm.FailoverPromote), all(dead, followA[0], seenAs{address: c, up: 3, facts: with(replica(c, a, 9), func(f *facts) { f.Source.Address = "10.0.0.1:3306" })}), 0, long, 0, "", "still receives"},
		{"another's replica receives", library(fsm.FailoverPromote), all(dead, followA[0], seenAs{address: c, up: 3, facts: replica(c, b, 9)}), 0, long, fsm.CauseFailed, "", ""},
		{"no replica", library(fsm.FailoverPromote), all(dead, seenAs{address: b, up: 3, facts: source(b, 9)}), 0, long, 0, "", "no replica"},
		{"the replica is in maintenance", library(fsm.FailoverPromote, server(b, maintained)), all(dead, followA[0]), 0, long, 0, "", "no replica"},
		{"the replica is excluded", library(fsm.FailoverPromote, server(b, excluded)), all(dead, followA[0]), 0, long, 0, "", "no replica"},
		{"a minority reaches the replica", library(fsm.FailoverPromote), all(dead, seenAs{address: b, up: 1, down: 1, facts: followA[0].facts}), 0, long, 0, "", "no replica"},

		{"ordered", library(fsm.FailoverOrdered), all(dead, followA...), 0, long, fsm.CauseFailed, b, ""},
		{"ordered, the first is in maintenance", library(fsm.FailoverOrdered, server(b, maintained)), all(dead, followA...), 0, long, fsm.CauseFailed, c, ""},
		{"ordered, none is left", library(fsm.FailoverOrdered), all(dead), 0, long, 0, "", "no other server"},

		{"follow", library(fsm.FailoverFollow), all(dead, followA[0], seenAs{address: c, up: 2, facts: source(c, 9)}), 0, long, fsm.CauseFailed, c, ""},
		{"follow, nobody was promoted yet", library(fsm.FailoverFollow), all(dead, followA...), 0, long, 0, "", "takes writes yet"},
		{"follow, two were promoted", library(fsm.FailoverFollow), all(dead, seenAs{address: b, up: 3, facts: source(b, 9)}, seenAs{address: c, up: 2, facts: source(c, 9)}), 0, long, 0, "", "several"},
		{"followed", library(fsm.FailoverFollow), all(seenAs{address: a, up: 3, facts: with(source(a, 9), readOnly)}, followA[0], seenAs{address: c, up: 2, facts: source(c, 9)}), 0, long, fsm.CauseFollowed, c, ""},
		{"followed to two", library(fsm.FailoverFollow), all(seenAs{address: a, up: 3, facts: with(source(a, 9), readOnly)}, seenAs{address: b, up: 3, facts: source(b, 9)}, seenAs{address: c, up: 2, facts: source(c, 9)}), 0, long, 0, "", "several"},
		{"read-only, and nobody takes writes", library(fsm.FailoverFollow), all(seenAs{address: a, up: 3, facts: with(source(a, 9), readOnly)}, followA...), 0, long, 0, "", ""},
		{"another one takes writes, too", library(fsm.FailoverFollow), all(alive, seenAs{address: b, up: 3, facts: source(b, 9)}), 0, long, 0, "", "too"},
		{"another one takes writes and the policy is promote", library(fsm.FailoverPromote), all(seenAs{address: a, up: 3, facts: with(source(a, 9), readOnly)}, seenAs{address: b, up: 3, facts: source(b, 9)}), 0, long, 0, "", ""},

		{"failback", library(fsm.FailoverOrdered, activeIs(b), failback), all(alive, followA...), 0, steady, fsm.CauseFailback, a, ""},
		{"failback, not yet", library(fsm.FailoverOrdered, activeIs(b), failback), all(alive, followA...), 0, steady - 1, 0, "", ""},
		{"failback, to be fenced first", library(fsm.FailoverOrdered, activeIs(b), failback, server(a, fenceDue)), all(alive, followA...), 0, long, 0, "", ""},
		{"failback, in maintenance", library(fsm.FailoverOrdered, activeIs(b), failback, server(a, maintained)), all(alive, followA...), 0, long, 0, "", ""},
		{"failback to the second", library(fsm.FailoverOrdered, activeIs(c), failback), all(dead, followA...), 0, long, fsm.CauseFailback, b, ""},
		{"no failback", library(fsm.FailoverOrdered, activeIs(b)), all(alive, followA...), 0, long, 0, "", ""},
		{"a later server is no failback", library(fsm.FailoverOrdered, failback), all(alive, followA...), 0, long, 0, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := seenBy(3, test.seen...)
			now := time.Now()
			var m memory
			m.remember(now.Add(-max(test.up, 0)), test.library, v)
			if !m.deadSince.IsZero() {
				m.deadSince = now.Add(-test.dead)
			}
			m.remember(now, test.library, v)
			begin, why := m.decide(now, test.library, v)
			switch {
			case test.cause == 0:
				if begin != nil || why == "" != (test.why == "") || !strings.Contains(why, test.why) {
					t.Errorf("begins %+v, %q", begin, why)
				}
			case begin == nil:
				t.Errorf("does not begin: %s", why)
			case begin.Cause != test.cause || begin.To != test.to || begin.Epoch != 7 || begin.Library != 1 || begin.Reason == "" || begin.Drain != (test.cause == fsm.CauseFailback):
				t.Errorf("begins %+v", begin)
			}
		})
	}
}

func TestMemoryIsOfUnbrokenTime(t *testing.T) {
	l, now := library(fsm.FailoverOrdered), time.Now()
	var m memory
	dead := seenBy(3, seenAs{address: a, down: 3}, seenAs{address: b, up: 3})
	m.remember(now, l, dead)
	m.remember(now.Add(time.Second), l, dead)
	if !m.deadSince.Equal(now) || !m.upSince[b].Equal(now) {
		t.Errorf("%+v", m)
	}
	m.remember(now.Add(2*time.Second), l, seenBy(3, seenAs{address: a, up: 1, down: 1}, seenAs{address: b, up: 1}))
	if !m.deadSince.IsZero() || !m.upSince[b].IsZero() {
		t.Errorf("in doubt: %+v", m)
	}
	m.remember(now.Add(3*time.Second), l, dead)
	m.remember(now.Add(4*time.Second), library(fsm.FailoverOrdered, func(l *fsm.Library) { l.ActiveEpoch++ }), dead)
	if !m.deadSince.Equal(now.Add(4 * time.Second)) {
		t.Errorf("of another epoch: %+v", m)
	}
}

func TestAutomatic(t *testing.T) {
	for _, test := range []struct {
		name    string
		library *fsm.Library
		want    bool
	}{
		{"promote", library(fsm.FailoverPromote), true},
		{"off", library(fsm.FailoverOff), false},
		{"pinned", library(fsm.FailoverPromote, func(l *fsm.Library) { l.Pinned = true }), false},
		{"not guarded", library(fsm.FailoverPromote, func(l *fsm.Library) { l.Guarded = false }), false},
		{"one server", library(fsm.FailoverPromote, func(l *fsm.Library) { l.Servers = l.Servers[:1] }), false},
		{"a switch is under way", library(fsm.FailoverPromote, switching(fsm.CauseFailed, "")), false},
	} {
		if automatic(test.library) != test.want {
			t.Errorf("%s: %t", test.name, !test.want)
		}
	}
}
