package fsm

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

const newClusterID = "ffeeddccbbaa99887766554433221100"

func TestAFoundedStateKeepsTheDirectoryAndForgetsTheNodes(t *testing.T) {
	old := sample(t)
	before := snapshotBytes(t, old.Snapshot())
	snapshot, err := old.Snapshot().Found(newClusterID, NodeInfo{ID: "first", Cluster: "h:1", Number: 77})
	if err != nil {
		t.Fatal(err)
	}
	founded := New()
	if err := founded.Restore(bytes.NewReader(snapshotBytes(t, snapshot))); err != nil {
		t.Fatal(err)
	}

	want := *old.Settings()
	want.ClusterID = newClusterID
	for _, c := range []struct {
		what      string
		got, want any
	}{
		{"settings", *founded.Settings(), want},
		{"libraries version", founded.Libraries().Version(), old.Libraries().Version()},
		{"libraries", founded.Libraries().All(), old.Libraries().All()},
		{"nodes", founded.Nodes(), []NodeInfo{{ID: "first", Cluster: "h:1", Number: 1}}},
		{"greetings", fmt.Sprint(founded.Greetings()), fmt.Sprint(old.Greetings())},
		{"counts", founded.Counts(), old.Counts()},
		{"index", founded.AppliedIndex(), old.AppliedIndex()},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.what, c.got, c.want)
		}
	}
	for _, core := range []string{"alice", "bob", "客户-1"} {
		got, _ := founded.Locate(core)
		if want, _ := old.Locate(core); got != want {
			t.Errorf("%s: %+v, want %+v", core, got, want)
		}
	}
	if core, ok := founded.FindBinding("phone", "1"); !ok || core != "alice" {
		t.Errorf("binding: %q %v", core, ok)
	}
	if !bytes.Equal(before, snapshotBytes(t, old.Snapshot())) {
		t.Error("the old state changed")
	}
	_, oldHash, oldDigest := old.Fingerprint()
	_, hash, digest := founded.Fingerprint()
	if hash == oldHash {
		t.Error("the states of two clusters have the same hash")
	}
	if digest != oldDigest {
		t.Errorf("the digest is %s, it was %s", digest, oldDigest)
	}

	// A switch goes on where the old cluster left it.
	if r := apply(t, founded, AdvanceSwitch{Library: 4, Epoch: 2, At: SwitchChosen, Next: SwitchActive}); r.Err != nil {
		t.Errorf("the switch: %v", r.Err)
	}
	if l := founded.Libraries().ByName("four"); l.Active != "h:6" || l.Switch != nil || !l.Guarded {
		t.Errorf("after the switch: %s", shown([]Library{*l}))
	}

	// The old cluster's removed ids are free again, and the next library is new.
	if r := apply(t, founded, SetNode{NodeInfo{ID: "n2"}}); r.Err != nil {
		t.Errorf("a node that the old cluster removed: %v", r.Err)
	}
	if n, _ := founded.Node("n2"); n.Number != 2 {
		t.Errorf("its number is %d", n.Number)
	}
	apply(t, founded, ChangeLibraries{Changes: []LibraryChange{AddLibrary{Name: "five", Servers: servers("h:4")}}})
	if l := founded.Libraries().ByName("five"); l == nil || l.ID != 5 {
		t.Errorf("the next library: %+v", l)
	}
}

func TestStatesThatFoundNoCluster(t *testing.T) {
	n1 := NodeInfo{ID: "n1"}
	if _, err := New().Snapshot().Found(newClusterID, n1); !errors.Is(err, ErrNoSettings) {
		t.Errorf("a state without settings: %v", err)
	}
	m := sample(t)
	for _, id := range []string{"", "short", strings.ToUpper(newClusterID), m.Settings().ClusterID} {
		if _, err := m.Snapshot().Found(id, n1); !errors.Is(err, ErrBadChange) {
			t.Errorf("cluster id %q: %v", id, err)
		}
	}
	if _, err := m.Snapshot().Found(newClusterID, NodeInfo{ID: "n 1"}); !errors.Is(err, ErrBadName) {
		t.Errorf("a bad node id: %v", err)
	}
}
