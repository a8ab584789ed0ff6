package fsm

import (
	"errors"
	"reflect"
	"testing"
)

func TestLeasesOfKnownNodesCount(t *testing.T) {
	m := bootstrapped(t)
	apply(t, m, SetNode{NodeInfo{ID: "n1"}})
	apply(t, m, SetNode{NodeInfo{ID: "n2"}})
	apply(t, m, RemoveNode{ID: "n2"})
	version := m.Libraries().Version()
	first, again := Lease{Node: "n1", Starts: 3, Nonce: 7}, Lease{Node: "n1", Starts: 3, Nonce: 8}
	r := apply(t, m, GrantLeases{Leases: []Lease{{Node: "n2", Nonce: 1}, first, {Node: "n3", Nonce: 1}, again}})
	if want := []Lease{first, again}; !reflect.DeepEqual(r.Leases, want) || r.Err != nil {
		t.Errorf("got %+v, want %+v", r, want)
	}
	if r.LibrariesChanged || r.NodesChanged || m.Libraries().Version() != version {
		t.Errorf("leases changed the state: %+v", r)
	}
	if r := apply(t, m, GrantLeases{Leases: []Lease{{Node: "n9"}}}); len(r.Leases) != 0 || r.Err != nil {
		t.Errorf("a stranger: %+v", r)
	}
	checkRestorable(t, m)
}

func TestLeasesAreBounded(t *testing.T) {
	for _, n := range []int{0, MaxLeaseGrants + 1} {
		if _, err := (GrantLeases{Leases: make([]Lease, n)}).Encode(); !errors.Is(err, ErrBadChange) {
			t.Errorf("%d leases: %v", n, err)
		}
	}
	if _, err := (GrantLeases{Leases: make([]Lease, MaxLeaseGrants)}).Encode(); err != nil {
		t.Error(err)
	}
}
