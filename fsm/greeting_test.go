package fsm

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

var greetingOf1 = Greeting{Version: "10.11.6-MariaDB", Capabilities: 1<<36 | 7, Collation: 255}

// withServer1 returns a machine whose library one has the server h:1.
func withServer1(t *testing.T) *Machine {
	m := bootstrapped(t)
	apply(t, m, ChangeLibraries{Changes: []LibraryChange{SetServers{Library: "one", Servers: servers("10.0.0.1:3306", "h:1")}}})
	return m
}

func TestGreetingsAreRecordedForServersOfLibraries(t *testing.T) {
	m := withServer1(t)
	version := m.Libraries().Version()
	before := m.Greetings()
	if r := apply(t, m, RecordGreeting{Address: "h:1", Greeting: greetingOf1}); r.Err != nil || r.LibrariesChanged || r.NodesChanged {
		t.Fatalf("got %+v", r)
	}
	if len(before) != 0 {
		t.Errorf("a map that was handed out changed: %v", before)
	}
	want := map[string]Greeting{"h:1": greetingOf1}
	if got := m.Greetings(); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if r := apply(t, m, RecordGreeting{Address: "h:9", Greeting: greetingOf1}); !errors.Is(r.Err, ErrBadChange) {
		t.Errorf("a server that no library has: %+v", r)
	}
	before = m.Greetings()
	upgraded := Greeting{Version: "11.4.2-MariaDB"}
	apply(t, m, RecordGreeting{Address: "h:1", Greeting: upgraded})
	if got := m.Greetings()["h:1"]; got != upgraded {
		t.Errorf("after an upgrade: %+v", got)
	}
	if !maps.Equal(before, want) {
		t.Errorf("a map that was handed out changed: %v", before)
	}
	if m.Libraries().Version() != version {
		t.Errorf("the libraries' version is %d, was %d", m.Libraries().Version(), version)
	}
	checkRestorable(t, m)
}

func TestAGreetingIsForgottenWithItsServer(t *testing.T) {
	m := bootstrapped(t)
	apply(t, m, ChangeLibraries{Changes: []LibraryChange{
		SetServers{Library: "one", Servers: servers("10.0.0.1:3306", "h:1", "h:2")},
		SetServers{Library: "two", Servers: servers("[fe80::1]:3306", "h:2", "h:3")},
	}})
	for _, address := range []string{"h:1", "h:2", "h:3"} {
		apply(t, m, RecordGreeting{Address: address, Greeting: greetingOf1})
	}
	all := m.Greetings()
	apply(t, m, ChangeLibraries{Changes: []LibraryChange{SetServers{Library: "one", Servers: servers("10.0.0.1:3306")}}})
	if got, want := m.Greetings(), map[string]Greeting{"h:2": greetingOf1, "h:3": greetingOf1}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if len(all) != 3 {
		t.Errorf("a map that was handed out changed: %v", all)
	}
	checkRestorable(t, m)
}

func TestGreetingsAreChecked(t *testing.T) {
	m := withServer1(t)
	for name, c := range map[string]RecordGreeting{
		"no address":        {},
		"a bad address":     {Address: "nowhere"},
		"a long version":    {Address: "h:1", Greeting: Greeting{Version: strings.Repeat("1", MaxServerVersionLen+1)}},
		"a control byte":    {Address: "h:1", Greeting: Greeting{Version: "8\n"}},
		"bytes beyond text": {Address: "h:1", Greeting: Greeting{Version: "8.0\xff"}},
	} {
		if _, err := c.Encode(); !errors.Is(err, ErrBadChange) {
			t.Errorf("%s: got %v", name, err)
		}
		if _, err := RecordGreetingFromProto(c.Proto()); !errors.Is(err, ErrBadChange) {
			t.Errorf("%s: from another node: %v", name, err)
		}
	}
	long := RecordGreeting{Address: "h:1", Greeting: Greeting{Version: strings.Repeat("1", MaxServerVersionLen+1)}}
	command, err := encodeCommand(&fsmpb.Command{Body: &fsmpb.Command_RecordGreeting{RecordGreeting: long.Proto()}})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := m.Apply(1000, command); err != nil || !errors.Is(r.Err, ErrBadChange) || len(m.Greetings()) != 0 {
		t.Errorf("unchecked in the log: %+v, %v", r, err)
	}
	if got, err := RecordGreetingFromProto((RecordGreeting{Address: "h:1", Greeting: greetingOf1}).Proto()); err != nil || got.Greeting != greetingOf1 || got.Address != "h:1" {
		t.Errorf("it arrived as %+v, %v", got, err)
	}
}

func TestSnapshotsWithGreetingsOfStrangersAreRefused(t *testing.T) {
	m := withServer1(t)
	apply(t, m, RecordGreeting{Address: "h:1", Greeting: greetingOf1})
	for name, spoil := range map[string]func(*fsmpb.SnapshotHeader){
		"a stranger": func(h *fsmpb.SnapshotHeader) { h.Greetings[0].Address = "h:9" },
		"twice":      func(h *fsmpb.SnapshotHeader) { h.Greetings = append(h.Greetings, h.Greetings[0]) },
		"too long": func(h *fsmpb.SnapshotHeader) {
			h.Greetings[0].Greeting.Version = strings.Repeat("1", MaxServerVersionLen+1)
		},
	} {
		h := proto.CloneOf(m.Snapshot().header())
		spoil(h)
		if err := newState().readHeader(h); err == nil || !strings.Contains(err.Error(), "corrupt") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestTheHeaderOfTheLargestClusterFits(t *testing.T) {
	longest := func(s string) string { return strings.Repeat("x", MaxAddressLen-len(s)) + s }
	version := strings.Repeat("1", MaxServerVersionLen)
	name := strings.Repeat("n", MaxNameLen)
	reason := strings.Repeat("r", MaxReasonLen)
	list := make([]Server, MaxServers)
	for i := range list {
		list[i] = Server{Address: longest(string(rune('a'+i)) + "0000:1"), Maintenance: true, Fence: FenceDone, Excluded: reason}
	}
	s := newState()
	d := draft{next: 1}
	for range MaxLibraries {
		d.list = append(d.list, Library{
			ID: d.next, Name: name, State: LibraryDraining, Weight: MaxWeight, Servers: list, TLS: TLSVerifyIdentity,
			Active: list[0].Address, ActiveEpoch: 1<<64 - 1, Failover: Failover{Policy: FailoverPromote, Failback: true},
			Pinned: true, MayFailOverSince: 1<<64 - 1, Guarded: true,
			Switch: &Switch{
				Phase: SwitchChosen, From: list[0].Address, To: list[1].Address,
				Cause: CauseFailback, Reason: reason, Forced: true, Began: 1<<64 - 1,
			},
		})
		d.next++
	}
	s.publish(1, d)
	m := New()
	m.state.Store(s)
	h := m.Snapshot().header()
	for range MaxLibraries * MaxServers {
		h.Greetings = append(h.Greetings, RecordGreeting{Address: list[0].Address, Greeting: Greeting{Version: version, Capabilities: 1<<64 - 1, Collation: 255}}.Proto())
	}
	address := list[0].Address
	for range MaxNodes {
		n := NodeInfo{ID: name, Cluster: address, Gossip: address, MySQL: address, HTTP: address, Version: name, Number: MaxNodeNumber}
		h.Nodes = append(h.Nodes, n.snapshotProto())
	}
	for range MaxRemovedNodes {
		h.RemovedNodes = append(h.RemovedNodes, name)
	}
	if size := proto.Size(h); size > maxHeader {
		t.Errorf("%d bytes, a header has at most %d", size, maxHeader)
	}
}
