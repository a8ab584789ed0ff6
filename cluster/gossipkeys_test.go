package cluster

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

func parsedKeys(t *testing.T, lines ...string) GossipKeys {
	t.Helper()
	keys, err := ParseGossipKeys(lines)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestGossipKeysAreReadWithoutShowingThem(t *testing.T) {
	t.Parallel()
	a, b := NewGossipKey(), NewGossipKey()
	if names := parsedKeys(t, a, PlainGossip, b).Names(); len(names) != 3 || names[1] != PlainGossip || names[0] == names[2] {
		t.Errorf("the names are %q", names)
	}
	tooMany := make([]string, 0, maxGossipKeys+1)
	for range maxGossipKeys + 1 {
		tooMany = append(tooMany, NewGossipKey())
	}
	for _, lines := range [][]string{{}, {PlainGossip}, {a, a}, {a, PlainGossip, PlainGossip}, {a[:len(a)-4]}, {a + "AAAA"}, {"Plain"}, {a, ""}, tooMany} {
		_, err := ParseGossipKeys(lines)
		if err == nil {
			t.Errorf("%q was taken", lines)
		} else if strings.Contains(err.Error(), a[:8]) {
			t.Errorf("the error shows a key: %v", err)
		}
	}
}

func TestOnlyNodesThatUnderstandEachOthersGossipJoin(t *testing.T) {
	t.Parallel()
	a, b := NewGossipKey(), NewGossipKey()
	for _, c := range []struct {
		ours, theirs []string // nil: none
		fit          bool
	}{
		{nil, nil, true},
		{[]string{a}, []string{a}, true},
		{[]string{a, b}, []string{b, a}, true},
		{[]string{a, PlainGossip}, []string{PlainGossip, a}, true},
		{[]string{PlainGossip, a}, nil, true},
		{[]string{a, PlainGossip}, nil, false}, // it does not take what the cluster sends
		{[]string{a}, nil, false},
		{nil, []string{a}, false},
		{[]string{a}, []string{b}, false},
		{[]string{a, b}, []string{b}, false},
		{[]string{a}, []string{b, a}, false},
	} {
		n := &Node{}
		if c.ours != nil {
			keys := parsedKeys(t, c.ours...)
			n.cfg.GossipKeys = func() GossipKeys { return keys }
		}
		req := &clusterpb.JoinRequest{Member: &clusterpb.Member{Node: &fsmpb.Node{Id: "n4"}}}
		if c.theirs != nil {
			req.GossipKeys = parsedKeys(t, c.theirs...).wire()
		}
		err := n.checkGossipKeys(req)
		if fit := err == nil; fit != c.fit || err != nil && !errors.Is(err, ErrGossipKey) {
			t.Errorf("%d keys here, %d there: %v, want fit %t", len(c.ours), len(c.theirs), err, c.fit)
		}
		if err != nil && slices.ContainsFunc([]string{a, b}, func(k string) bool { return strings.Contains(err.Error(), k) }) {
			t.Errorf("the error shows a key: %v", err)
		}
	}
}
