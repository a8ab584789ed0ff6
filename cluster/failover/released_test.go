package failover

import (
	"slices"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
)

func TestReleased(t *testing.T) {
	const lease = 6 * time.Second
	wait := outlived(lease)
	if wait != 6*time.Second+600*time.Millisecond+200*time.Millisecond {
		t.Fatalf("it waits for %s", wait)
	}
	nodes := []string{"n1", "n2", "n3"}
	both, all := []string{"n1", "n3"}, nodes
	unguarded := func(l *fsm.Library) { l.Guarded = false }
	for _, test := range []struct {
		name    string
		library *fsm.Library
		gone    []string
		since   time.Duration // how long ago it was retired
		lost    time.Duration // how long ago a node was lost
		over    bool
		next    time.Duration // from now; 0: no time
	}{
		{"all have let go", library(fsm.FailoverPromote, switching(fsm.CauseFailed, "")), all, 0, time.Hour, true, 0},
		{"one is silent", library(fsm.FailoverPromote, switching(fsm.CauseFailed, "")), both, time.Second, time.Hour, false, wait - time.Second},
		{"one was silent for long", library(fsm.FailoverPromote, switching(fsm.CauseFailed, "")), both, wait, time.Hour, true, 0},
		{"one was silent for nearly long enough", library(fsm.FailoverPromote, switching(fsm.CauseFailed, "")), both, wait - 1, time.Hour, false, 1},
		{"all have let go, but for a removed one", library(fsm.FailoverPromote, switching(fsm.CauseFailed, "")), all, time.Hour, time.Second, false, wait - time.Second},
		{"a removed one was silent for longer than a silent one", library(fsm.FailoverPromote, switching(fsm.CauseFailed, "")), both, time.Second, 2 * time.Second, false, wait - time.Second},
		{"unguarded, all", library(fsm.FailoverOff, switching(fsm.CauseOperator, b), unguarded), all, 0, 0, true, 0},
		{"unguarded, one is silent", library(fsm.FailoverOff, switching(fsm.CauseOperator, b), unguarded), both, time.Hour, time.Hour, false, 0},
		{"unguarded and forced, one is silent", library(fsm.FailoverOff, switching(fsm.CauseOperator, b), unguarded, forced), both, time.Second, 0, false, wait - time.Second},
		{"unguarded and forced, one was silent for long", library(fsm.FailoverOff, switching(fsm.CauseOperator, b), unguarded, forced), both, wait, 0, true, 0},
	} {
		now := time.Now()
		r := release{since: now.Add(-test.since), lostAt: now.Add(-test.lost), nodes: nodes, gone: make(map[string]bool)}
		for _, n := range test.gone {
			r.gone[n] = true
		}
		over, next, awaited := r.over(now, test.library, lease)
		if over != test.over || len(awaited) != len(nodes)-len(test.gone) || slices.Contains(awaited, "n1") {
			t.Errorf("%s: %t, waits for %v", test.name, over, awaited)
		}
		if !over && (test.next == 0 != next.IsZero() || test.next != 0 && !next.Equal(now.Add(test.next))) {
			t.Errorf("%s: next %s", test.name, next.Sub(now))
		}
	}
}
