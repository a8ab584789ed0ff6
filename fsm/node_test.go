package fsm

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
)

func TestNodesAreSetAndRemoved(t *testing.T) {
	m := New()
	for _, id := range []string{"n2", "n1", "n3"} {
		if r := apply(t, m, SetNode{NodeInfo{ID: id, MySQL: "old:1"}}); r.Err != nil || !r.NodesChanged {
			t.Fatalf("set %s: %+v", id, r)
		}
	}
	n1 := NodeInfo{ID: "n1", Cluster: "c:1", Gossip: "g:1", MySQL: "m:1", HTTP: "h:1", Version: "1.0.0"}
	apply(t, m, SetNode{n1})
	n1.Number = 2 // the second one that was made known
	if got, ok := m.Node("n1"); !ok || got != n1 {
		t.Errorf("n1 is %+v, %v", got, ok)
	}
	for range 2 {
		if r := apply(t, m, RemoveNode{ID: "n2"}); r.Err != nil {
			t.Errorf("remove n2: %+v", r)
		}
	}
	if _, ok := m.Node("n2"); ok {
		t.Error("n2 is still known")
	}
	if got, want := fmt.Sprint(m.Nodes()), fmt.Sprint([]NodeInfo{n1, {ID: "n3", MySQL: "old:1", Number: 3}}); got != want {
		t.Errorf("nodes %s, want %s", got, want)
	}
	if r := apply(t, m, SetNode{NodeInfo{ID: "n2"}}); !errors.Is(r.Err, ErrRemoved) || r.NodesChanged {
		t.Errorf("set n2 again: %+v", r)
	}
	if r := apply(t, m, RemoveNode{ID: "never"}); r.Err != nil {
		t.Errorf("remove an unknown one: %+v", r)
	}
	if r := apply(t, m, SetNode{NodeInfo{ID: "never"}}); !errors.Is(r.Err, ErrRemoved) {
		t.Errorf("set it afterwards: %+v", r)
	}
}

func TestNodesAreChecked(t *testing.T) {
	for name, n := range map[string]NodeInfo{
		"no id":           {},
		"a long id":       {ID: strings.Repeat("x", MaxNameLen+1)},
		"an id of blanks": {ID: " "},
		"a bad address":   {ID: "n", HTTP: "nowhere"},
		"a long address":  {ID: "n", Gossip: strings.Repeat("x", MaxAddressLen) + ":1"},
		"a long version":  {ID: "n", Version: strings.Repeat("1", MaxNameLen+1)},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := (SetNode{n}).Encode(); !errors.Is(err, ErrBadChange) && !errors.Is(err, ErrBadName) {
				t.Errorf("got error %v", err)
			}
			if _, err := NodeFromProto(n.Proto()); err == nil {
				t.Error("it was taken from another node")
			}
		})
	}
	if _, err := (RemoveNode{}).Encode(); !errors.Is(err, ErrBadName) {
		t.Errorf("remove no one: %v", err)
	}
}

func TestNodesAreBounded(t *testing.T) {
	m := New()
	for i := range MaxNodes {
		if r := apply(t, m, SetNode{NodeInfo{ID: fmt.Sprint("n", i)}}); r.Err != nil {
			t.Fatal(r.Err)
		}
	}
	if r := apply(t, m, SetNode{NodeInfo{ID: "more"}}); !errors.Is(r.Err, ErrBadChange) || r.NodesChanged {
		t.Errorf("one more: %+v", r)
	}
	apply(t, m, RemoveNode{ID: "n876"})
	if r := apply(t, m, SetNode{NodeInfo{ID: "instead"}}); r.Err != nil {
		t.Errorf("one instead of another: %+v", r)
	}
	if n, _ := m.Node("instead"); n.Number != 877 {
		t.Errorf("it has the number %d", n.Number)
	}
	if r := apply(t, m, SetNode{NodeInfo{ID: "n7", HTTP: "h:1"}}); r.Err != nil {
		t.Errorf("a known one: %+v", r)
	}
}

func TestTheOldestRemovedNodeIsForgotten(t *testing.T) {
	m := New()
	for i := range MaxRemovedNodes + 1 {
		apply(t, m, RemoveNode{ID: fmt.Sprint("n", i)})
	}
	if r := apply(t, m, SetNode{NodeInfo{ID: "n0"}}); r.Err != nil {
		t.Errorf("the oldest: %+v", r)
	}
	if r := apply(t, m, SetNode{NodeInfo{ID: "n1"}}); !errors.Is(r.Err, ErrRemoved) {
		t.Errorf("the second oldest: %+v", r)
	}
}

func TestNodesAreNumbered(t *testing.T) {
	m := New()
	set := func(id string) {
		t.Helper()
		if r := apply(t, m, SetNode{NodeInfo{ID: id, Number: 77}}); r.Err != nil {
			t.Fatal(r.Err)
		}
	}
	check := func(want map[string]uint16) {
		t.Helper()
		got := map[string]uint16{}
		for _, n := range m.Nodes() {
			got[n.ID] = n.Number
		}
		if !maps.Equal(got, want) {
			t.Errorf("numbers %v, want %v", got, want)
		}
	}
	for _, id := range []string{"c", "a", "b", "a", "c"} {
		set(id)
	}
	check(map[string]uint16{"c": 1, "a": 2, "b": 3})
	apply(t, m, RemoveNode{ID: "a"})
	set("b")
	check(map[string]uint16{"c": 1, "b": 3})
	set("0")
	set("z")
	check(map[string]uint16{"c": 1, "0": 2, "b": 3, "z": 4})
	checkRestorable(t, m)
}

func TestANodesNumberDoesNotTravel(t *testing.T) {
	got, err := NodeFromProto(NodeInfo{ID: "n1", Number: 7}.Proto())
	if want := (NodeInfo{ID: "n1"}); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	p := NodeInfo{ID: "n1"}.Proto()
	p.Number = 7
	if got, err = NodeFromProto(p); err != nil || got.Number != 0 {
		t.Errorf("a number from elsewhere was taken: %+v, %v", got, err)
	}
}
