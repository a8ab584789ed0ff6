package failover

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/fsm"
)

func TestObjection(t *testing.T) {
	healthy := []seenAs{{address: a, up: 3, facts: source(a, 5)}, {address: b, up: 3, facts: replica(b, a, 5)}}
	is := func(change func(*facts)) []seenAs {
		return []seenAs{healthy[0], {address: b, up: 3, facts: with(replica(b, a, 5), change)}}
	}
	for _, test := range []struct {
		name    string
		library *fsm.Library
		seen    []seenAs
		silent  []string
		want    string
	}{
		{"healthy", library(fsm.FailoverPromote), healthy, nil, ""},
		{"excluded", library(fsm.FailoverPromote, server(b, excluded)), healthy, nil, "is excluded"},
		{"a minority reaches it", library(fsm.FailoverOff), []seenAs{healthy[0], {address: b, up: 1, down: 2}}, nil, "no route"},
		{"a node is silent", library(fsm.FailoverOff), healthy, []string{"n3"}, "nodes n3 do not answer"},
		{"no replica", library(fsm.FailoverPromote), []seenAs{healthy[0], {address: b, up: 3, facts: source(b, 5)}}, nil, "does not replicate"},
		{"no replica, which others do not need", library(fsm.FailoverOrdered), []seenAs{healthy[0], {address: b, up: 3, facts: source(b, 5)}}, nil, ""},
		{"sealed", library(fsm.FailoverPromote), is(notReceiving), nil, "does not go on"},
		{"broken", library(fsm.FailoverPromote), is(func(f *facts) { f.Source.Applying, f.Source.LastError = false, "duplicate key" }), nil, "duplicate key"},
		{"behind", library(fsm.FailoverPromote), is(func(f *facts) { f.Source.Lag = maxLag + time.Second }), nil, "11s behind"},
		{"a little behind", library(fsm.FailoverPromote), is(func(f *facts) { f.Source.Lag = maxLag }), nil, ""},
		{"read-only", library(fsm.FailoverFollow), healthy, nil, "promote it first"},
	} {
		why := objection(test.library, seenBy(3, test.seen...), b, test.silent)
		if (why == "") != (test.want == "") || !strings.Contains(why, test.want) {
			t.Errorf("%s: %q", test.name, why)
		}
	}
}

func TestOnlyWhoLeadsActivates(t *testing.T) {
	d := New(Config{Logger: zap.NewNop()})
	if err := d.Activate(context.Background(), Request{Library: "library", Server: b}); !errors.Is(err, fsm.ErrNoLeader) {
		t.Error(err)
	}
}
