package failover

import (
	"slices"
	"testing"

	"github.com/mysqlda/mysqlda/fsm"
)

func TestChores(t *testing.T) {
	up := func(address string, f facts) seenAs { return seenAs{address: address, up: 1, facts: f} }
	active := up(a, source(a, 5))
	for _, test := range []struct {
		name    string
		library *fsm.Library
		seen    []seenAs
		just    bool
		want    []chore
	}{
		{"all follow", library(fsm.FailoverPromote), []seenAs{active, up(b, replica(b, a, 5)), up(c, replica(c, a, 1))}, true, nil},
		{"one follows nobody, one somebody else", library(fsm.FailoverPromote), []seenAs{active, up(b, source(b, 0)), up(c, replica(c, b, 1))}, false, []chore{{examineIt, b}, {examineIt, c}}},
		{"one is sealed, one takes writes", library(fsm.FailoverPromote), []seenAs{active, up(b, with(replica(b, a, 5), notReceiving)), up(c, with(replica(c, a, 1), func(f *facts) { f.ReadOnly = false }))}, false, []chore{{examineIt, b}, {examineIt, c}}},
		{"in maintenance", library(fsm.FailoverPromote, server(b, maintained), server(b, fenceDue)), []seenAs{active, up(b, source(b, 0))}, false, nil},
		{"not reached", library(fsm.FailoverPromote, server(b, fenceDue)), []seenAs{active, {address: b, down: 3}}, false, nil},
		{"to be fenced", library(fsm.FailoverOff, server(b, fenceDue)), []seenAs{active, up(b, source(b, 0))}, false, []chore{{fenceIt, b}}},
		{"to be fenced first", library(fsm.FailoverPromote, server(b, fenceDue)), []seenAs{active, up(b, source(b, 0))}, false, []chore{{fenceIt, b}}},
		{"excluded", library(fsm.FailoverPromote, server(b, excluded)), []seenAs{active, up(b, replica(b, a, 5))}, false, []chore{{examineIt, b}}},
		{"nobody follows, and that is theirs to say", library(fsm.FailoverOrdered), []seenAs{active, up(b, source(b, 0))}, true, nil},
		{"the active server is not seen", library(fsm.FailoverPromote), []seenAs{up(b, source(b, 0))}, false, nil},
		{"the active server is read-only", library(fsm.FailoverPromote), []seenAs{up(a, with(source(a, 5), readOnly))}, false, []chore{{unfenceIt, a}}},
		{"the active server is read-only and pinned", library(fsm.FailoverPromote, func(l *fsm.Library) { l.Pinned = true }), []seenAs{up(a, with(source(a, 5), readOnly))}, false, nil},
		{"the active server is a replica of a former one", library(fsm.FailoverPromote), []seenAs{up(a, replica(a, b, 5)), up(b, source(b, 5))}, false, []chore{{examineIt, b}, {promoteIt, a}}},
		{"the active server is a replica of a stranger", library(fsm.FailoverPromote), []seenAs{up(a, with(replica(a, "z:3306", 5), func(f *facts) { f.ReadOnly = false }))}, false, nil},
		{"ordered, read-only for long", library(fsm.FailoverOrdered), []seenAs{up(a, with(source(a, 5), readOnly))}, false, nil},
		{"ordered, read-only after a switch", library(fsm.FailoverOrdered), []seenAs{up(a, with(source(a, 5), readOnly))}, true, []chore{{unfenceIt, a}}},
		{"follow, read-only after a switch", library(fsm.FailoverFollow), []seenAs{up(a, with(source(a, 5), readOnly))}, true, nil},
	} {
		if got := chores(test.library, seenBy(3, test.seen...), test.just); !slices.Equal(got, test.want) {
			t.Errorf("%s: %+v", test.name, got)
		}
	}
}
