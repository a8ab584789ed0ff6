package fsm

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

func TestItemsTravel(t *testing.T) {
	for _, item := range []Item{
		AssignItem("alice", 7),
		BindItem("card", "1", "alice"),
		LocateItem("客户"),
		FindItem("card", "1"),
	} {
		got, err := ItemFromProto(item.Proto())
		if err != nil || got != item {
			t.Errorf("%+v arrived as %+v, %v", item, got, err)
		}
	}
}

func TestForwardedItemsAreChecked(t *testing.T) {
	for _, p := range []*fsmpb.Item{
		nil,
		{},
		{Kind: fsmpb.ItemKind_ITEM_KIND_FIND + 1, Core: "alice"},
		{Kind: 256 + fsmpb.ItemKind_ITEM_KIND_LOCATE, Core: "alice"},
		{Kind: -1, Core: "alice"},
		AssignItem("", 1).Proto(),
		AssignItem("two words", 1).Proto(),
		LocateItem("a\x00b").Proto(),
		BindItem("card", "", "alice").Proto(),
		BindItem("", "1", "alice").Proto(),
		BindItem("card", "1", "\n").Proto(),
		FindItem("card", "\u00a0").Proto(),
	} {
		if item, err := ItemFromProto(p); err == nil {
			t.Errorf("%v was taken for %+v", p, item)
		}
	}
}

func TestResultsTravel(t *testing.T) {
	for _, r := range []ItemResult{
		{Placement: Placement{"alice", 7, 3}},
		{Retry: true},
	} {
		if got := ItemResultFromProto(r.Proto()); got != r {
			t.Errorf("%+v arrived as %+v", r, got)
		}
	}
	r := ItemResult{Err: fmt.Errorf("%w: alice", ErrNoPlacement)}
	got := ItemResultFromProto(r.Proto())
	if !errors.Is(got.Err, ErrNoPlacement) || got.Err.Error() != r.Err.Error() || got.Retry || got.Placement != (Placement{}) {
		t.Errorf("%+v arrived as %+v", r, got)
	}
	for _, p := range []*fsmpb.ItemResult{nil, {}, {Placement: &fsmpb.Placement{Core: "alice"}}} {
		if got := ItemResultFromProto(p); got.Err == nil {
			t.Errorf("%v was taken for %+v", p, got)
		}
	}
}

func TestErrorsTravel(t *testing.T) {
	if ErrorProto(nil) != nil || ErrorFromProto(nil) != nil {
		t.Error("no error became one")
	}
	for _, sentinel := range []error{
		ErrNoPlacement, ErrNoBinding, ErrBound, ErrNoOpenLibrary, ErrBadName, ErrStaleVersion, ErrBadChange,
		ErrNoLeader, ErrOverloaded, ErrRemoved, ErrBootstrapped, ErrStaleSwitch,
	} {
		err := fmt.Errorf("while doing: %w: something", sentinel)
		got := ErrorFromProto(ErrorProto(err))
		if !errors.Is(got, sentinel) || got.Error() != err.Error() {
			t.Errorf("%v arrived as %v", err, got)
		}
	}
	got := ErrorFromProto(ErrorProto(context.Canceled))
	if got.Error() != context.Canceled.Error() || errors.Unwrap(got) != nil {
		t.Errorf("an error of others arrived as %#v", got)
	}
}

func TestChangesTravel(t *testing.T) {
	c := ChangeLibraries{ExpectVersion: 3, Changes: []LibraryChange{
		AddLibrary{Name: "x", Weight: 1, Servers: servers("h:1", "h:2"), TLS: TLSVerifyIdentity},
		SetTLS{Library: "x", TLS: TLSRequired},
		SetWeight{Library: "x", Weight: 2},
		SetState{Library: "x", State: LibraryClosed},
		SetState{Library: "x", State: LibraryDraining},
		SetServers{Library: "x", Servers: servers("h:2")},
		AddLibrary{Name: "y", Servers: servers("h:1"), Failover: Failover{Policy: FailoverOrdered, Failback: true}},
		SetFailover{Library: "x", Failover: Failover{Policy: FailoverFollow}},
		SetFailover{Library: "x"},
		SetPinned{Library: "x", Pinned: true},
		SetMaintenance{Library: "x", Server: "h:2", Maintenance: true},
	}}
	got, err := ChangeLibrariesFromProto(c.Proto())
	if err != nil || !reflect.DeepEqual(got, c) {
		t.Errorf("%+v arrived as %+v, %v", c, got, err)
	}
	for _, p := range []*fsmpb.ChangeLibraries{
		nil,
		{Changes: []*fsmpb.LibraryChange{nil}},
		{Changes: []*fsmpb.LibraryChange{{}}},
		{Changes: []*fsmpb.LibraryChange{{Change: &fsmpb.LibraryChange_State{}}}},
		{Changes: []*fsmpb.LibraryChange{{Change: &fsmpb.LibraryChange_State{State: &fsmpb.SetState{Library: "x", State: 4}}}}},
		{Changes: []*fsmpb.LibraryChange{{Change: &fsmpb.LibraryChange_Tls{Tls: &fsmpb.SetTLS{Library: "x", Tls: 4}}}}},
		{Changes: []*fsmpb.LibraryChange{{Change: &fsmpb.LibraryChange_Tls{Tls: &fsmpb.SetTLS{Library: "x", Tls: -1}}}}},
		{Changes: []*fsmpb.LibraryChange{{Change: &fsmpb.LibraryChange_Tls{Tls: &fsmpb.SetTLS{Library: "x", Tls: 256}}}}},
		{Changes: []*fsmpb.LibraryChange{{Change: &fsmpb.LibraryChange_Failover{Failover: &fsmpb.SetFailover{Library: "x", Failover: &fsmpb.Failover{Policy: 4}}}}}},
		{Changes: []*fsmpb.LibraryChange{{Change: &fsmpb.LibraryChange_Failover{Failover: &fsmpb.SetFailover{Library: "x", Failover: &fsmpb.Failover{Policy: -1}}}}}},
		{Changes: []*fsmpb.LibraryChange{{Change: &fsmpb.LibraryChange_Failover{Failover: &fsmpb.SetFailover{Library: "x", Failover: &fsmpb.Failover{Policy: 256}}}}}},
	} {
		if got, err := ChangeLibrariesFromProto(p); err == nil {
			t.Errorf("%v was taken for %+v", p, got)
		}
	}
}

// A node of an older release, during an upgrade, knows no other command.
func TestForwardedServersNeverReplaceTheActiveOne(t *testing.T) {
	p := &fsmpb.ChangeLibraries{Changes: []*fsmpb.LibraryChange{{Change: &fsmpb.LibraryChange_Servers{
		Servers: &fsmpb.SetServers{Library: "one", Servers: serversProto(servers("10.0.0.2:3306", "10.0.0.1:3306"))},
	}}}}
	c, err := ChangeLibrariesFromProto(p)
	if err != nil {
		t.Fatal(err)
	}
	m := bootstrapped(t)
	apply(t, m, c)
	if l := m.Libraries().ByName("one"); l.Active != "10.0.0.1:3306" || l.ActiveEpoch != 1 || l.Servers[0].Address != "10.0.0.2:3306" {
		t.Errorf("got %s", shown([]Library{*l}))
	}
}

func TestNodesTravel(t *testing.T) {
	n := NodeInfo{ID: "n1", Cluster: "c:1", Gossip: "g:1", MySQL: "m:1", HTTP: "h:1", Version: "1.0.0"}
	if got, err := NodeFromProto(n.Proto()); err != nil || got != n {
		t.Errorf("%+v arrived as %+v, %v", n, got, err)
	}
}
