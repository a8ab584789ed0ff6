package fsm

import (
	"errors"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
	"google.golang.org/protobuf/proto"
)

const testClusterID = "0123456789abcdef0123456789abcdef"

func testBootstrap() Bootstrap {
	return Bootstrap{
		Settings: Settings{
			ClusterID:                   testClusterID,
			User:                        "calvin",
			Password:                    "secret",
			Database:                    "calvindb",
			DefaultLibrary:              "one",
			DefaultCore:                 "somebody",
			UnusedForwardSessionTimeout: time.Minute,
			MaxShareMille:               500,
		},
		Libraries: []AddLibrary{
			{Name: "one", Weight: 100, Servers: servers("10.0.0.1:3306", "10.0.0.2:3306")},
			{Name: "two", Weight: 100, Servers: servers("[fe80::1]:3306")},
		},
	}
}

type encoder interface{ Encode() ([]byte, error) }

func encode(t testing.TB, c encoder) []byte {
	t.Helper()
	b, err := c.Encode()
	if err != nil {
		t.Fatalf("encode %+v: %v", c, err)
	}
	return b
}

// apply applies a command at the next index.
func apply(t testing.TB, m *Machine, c encoder) Result {
	t.Helper()
	r, err := m.Apply(m.AppliedIndex()+1, encode(t, c))
	if err != nil {
		t.Fatalf("apply %+v: %v", c, err)
	}
	return r
}

func applyItems(t testing.TB, m *Machine, items ...Item) []ItemResult {
	t.Helper()
	return apply(t, m, Batch{RingVersion: m.Libraries().Version(), Items: items}).Batch.Items
}

func bootstrapped(t testing.TB) *Machine {
	t.Helper()
	m := New()
	if r := apply(t, m, testBootstrap()); r.Err != nil || !r.LibrariesChanged {
		t.Fatalf("bootstrap: %+v", r)
	}
	return m
}

func TestItems(t *testing.T) {
	m := bootstrapped(t)
	applyItems(t, m, AssignItem("alice", 1), BindItem("card", "1", "alice"), AssignItem("zoe", 2))
	apply(t, m, ChangeLibraries{Changes: []LibraryChange{
		SetState{Library: "two", State: LibraryClosed},
		AddLibrary{Name: "weightless", Weight: 0, Servers: servers("h:1")},
	}})
	alice := Placement{Core: "alice", Library: 1, Epoch: 1}
	for _, c := range []struct {
		name  string
		item  Item
		want  Placement
		err   error
		retry bool
	}{
		{"assign a new one", AssignItem("bob", 1), Placement{"bob", 1, 1}, nil, false},
		{"assign a known one returns the winner", AssignItem("alice", 2), alice, nil, false},
		{"assign one whose library is closed meanwhile", AssignItem("zoe", 1), Placement{"zoe", 2, 1}, nil, false},
		{"names are case-sensitive", AssignItem("Alice", 1), Placement{"Alice", 1, 1}, nil, false},
		{"assign to a closed library", AssignItem("carl", 2), Placement{}, nil, true},
		{"assign to a library of weight 0", AssignItem("carl", 3), Placement{}, nil, true},
		{"assign to an unknown library", AssignItem("carl", 99), Placement{}, nil, true},
		{"assign to no library", AssignItem("carl", 0), Placement{}, nil, true},
		{"after a retry nothing is stored", LocateItem("carl"), Placement{}, ErrNoPlacement, false},
		{"locate", LocateItem("alice"), alice, nil, false},
		{"locate an unknown one", LocateItem("nobody"), Placement{}, ErrNoPlacement, false},
		{"bind", BindItem("phone", "555", "alice"), alice, nil, false},
		{"bind again to the same", BindItem("card", "1", "alice"), alice, nil, false},
		{"bind again to another", BindItem("card", "1", "zoe"), Placement{}, ErrBound, false},
		{"bind again to one without a home", BindItem("card", "1", "nobody"), Placement{}, ErrBound, false},
		{"bind to one without a home", BindItem("card", "2", "nobody"), Placement{}, ErrNoPlacement, false},
		{"find", FindItem("card", "1"), alice, nil, false},
		{"find an unknown one", FindItem("card", "2"), Placement{}, ErrNoBinding, false},
		{"find in another class", FindItem("phone", "1"), Placement{}, ErrNoBinding, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := applyItems(t, m, c.item)[0]
			if r.Placement != c.want || !errors.Is(r.Err, c.err) || r.Retry != c.retry {
				t.Errorf("got %+v, want %+v, error %v, retry %v", r, c.want, c.err, c.retry)
			}
		})
	}
	if got, ok := m.FindBinding("phone", "555"); !ok || got != "alice" {
		t.Errorf("FindBinding = %q, %v", got, ok)
	}
	c := m.Counts()
	if c.Placements != 4 || c.Bindings != 2 || c.ByLibrary[1] != 3 || c.ByLibrary[2] != 1 || len(c.ByLibrary) != 2 {
		t.Errorf("counts: %+v", c)
	}
}

func TestItemsOfABatchSeeThoseBeforeThem(t *testing.T) {
	m := bootstrapped(t)
	r := applyItems(t, m,
		FindItem("card", "1"),
		AssignItem("alice", 2),
		AssignItem("alice", 1),
		BindItem("card", "1", "alice"),
		FindItem("card", "1"),
	)
	if !errors.Is(r[0].Err, ErrNoBinding) {
		t.Errorf("find before bind: %+v", r[0])
	}
	for i, got := range r[1:] {
		if want := (Placement{"alice", 2, 1}); got.Placement != want || got.Err != nil || got.Retry {
			t.Errorf("item %d: %+v, want %+v", i+1, got, want)
		}
	}
}

func TestAssignBeforeBootstrapIsRetried(t *testing.T) {
	if r := applyItems(t, New(), AssignItem("alice", 1))[0]; !r.Retry {
		t.Errorf("got %+v", r)
	}
}

// A proposer checks names, so these can only come from a faulty one.
func TestItemsWithUncheckedNamesAreRefused(t *testing.T) {
	long := string(make([]byte, 65))
	m := bootstrapped(t)
	for _, item := range []Item{
		AssignItem("", 1),
		AssignItem(long, 1),
		BindItem("", "o", "c"),
		BindItem("c", long, "c"),
		BindItem("c", "o", ""),
	} {
		if r := applyItems(t, m, item)[0]; !errors.Is(r.Err, ErrBadName) {
			t.Errorf("%+v: %+v", item, r)
		}
	}
	for _, item := range []Item{LocateItem(long), FindItem(long, long)} {
		if r := applyItems(t, m, item)[0]; r.Err == nil {
			t.Errorf("%+v: %+v", item, r)
		}
	}
}

func TestABatchHasABound(t *testing.T) {
	if _, err := (Batch{Items: make([]Item, MaxBatchItems+1)}).Encode(); err == nil {
		t.Error("a larger batch was encoded")
	}
}

func TestApplyStopsTheNodeAtWhatItCannotFollow(t *testing.T) {
	valid := encode(t, Batch{Items: []Item{LocateItem("x")}})
	body := func(p *fsmpb.Command) []byte {
		b, err := proto.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	batch := func(items ...*fsmpb.Item) *fsmpb.Command_Batch {
		return &fsmpb.Command_Batch{Batch: &fsmpb.Batch{Items: items}}
	}
	unknownField := func(b []byte) []byte { return append(b, 0xf8, 0x3f, 1) } // field 1023
	withUnknown := &fsmpb.Item{Kind: fsmpb.ItemKind_ITEM_KIND_LOCATE, Core: "x"}
	withUnknown.ProtoReflect().SetUnknown(unknownField(nil))
	weight := &fsmpb.SetWeight{Library: "one"}
	weight.ProtoReflect().SetUnknown(unknownField(nil))
	for name, command := range map[string][]byte{
		"empty":                nil,
		"garbage":              []byte("garbage"),
		"truncated":            valid[:len(valid)-1],
		"a newer version":      body(&fsmpb.Command{Version: commandVersion + 1, Body: batch()}),
		"no version":           body(&fsmpb.Command{Body: batch()}),
		"no body":              body(&fsmpb.Command{Version: commandVersion}),
		"an unknown body":      unknownField(body(&fsmpb.Command{Version: commandVersion})),
		"an unknown field":     unknownField(valid),
		"one in an item":       body(&fsmpb.Command{Version: commandVersion, Body: batch(withUnknown)}),
		"an unknown item":      body(&fsmpb.Command{Version: commandVersion, Body: batch(&fsmpb.Item{Kind: 5})}),
		"an item without kind": body(&fsmpb.Command{Version: commandVersion, Body: batch(&fsmpb.Item{})}),
		"one deep in a change": body(&fsmpb.Command{Version: commandVersion, Body: &fsmpb.Command_ChangeLibraries{
			ChangeLibraries: &fsmpb.ChangeLibraries{Changes: []*fsmpb.LibraryChange{
				{Change: &fsmpb.LibraryChange_Weight{Weight: weight}},
			}},
		}}),
	} {
		t.Run(name, func(t *testing.T) {
			if r, err := bootstrapped(t).Apply(2, command); err == nil {
				t.Errorf("applied: %+v", r)
			}
		})
	}
}

func TestIndicesMustGrow(t *testing.T) {
	m := bootstrapped(t)
	command := encode(t, Batch{})
	if _, err := m.Apply(7, command); err != nil {
		t.Fatal(err)
	}
	for _, index := range []uint64{0, 6, 7} {
		if _, err := m.Apply(index, command); err == nil {
			t.Errorf("entry %d was applied after entry 7", index)
		}
	}
	if got := m.AppliedIndex(); got != 7 {
		t.Errorf("applied index %d, want 7", got)
	}
}

func FuzzApply(f *testing.F) {
	f.Add(encode(f, testBootstrap()))
	f.Add(encode(f, Batch{RingVersion: 1, Items: []Item{
		AssignItem("a", 1), BindItem("c", "o", "a"), LocateItem("a"), FindItem("c", "o"),
	}}))
	f.Add(encode(f, ChangeLibraries{ExpectVersion: 1, Changes: []LibraryChange{
		AddLibrary{Name: "x", Weight: 1, Servers: servers("h:1")},
		SetWeight{Library: "x", Weight: 2},
		SetState{Library: "x", State: LibraryClosed},
		SetServers{Library: "x", Servers: servers("h:2")},
	}}))
	f.Add(encode(f, SetNode{NodeInfo{ID: "n1", MySQL: "h:1"}}))
	f.Add(encode(f, RemoveNode{ID: "n1"}))
	f.Add(encode(f, Checkpoint{Index: 1}))
	f.Add(encode(f, ChangeLibraries{Changes: []LibraryChange{
		AddLibrary{Name: "x", Servers: servers("h:1", "h:2"), Failover: Failover{Policy: FailoverOrdered, Failback: true}},
		SetServers{Library: "x", Servers: servers("h:2", "h:1"), replaceActive: true},
		SetFailover{Library: "x", Failover: Failover{Policy: FailoverPromote}},
		SetPinned{Library: "x", Pinned: true},
		SetMaintenance{Library: "x", Server: "h:1", Maintenance: true},
	}}))
	f.Add(encode(f, ChangeSettings{Failover: new(testFailover)}))
	f.Add(encode(f, BeginSwitch{Library: 1, Epoch: 1, To: "10.0.0.1:3306", Cause: CauseOperator, Reason: "why", Forced: true}))
	f.Add(encode(f, AdvanceSwitch{Library: 4, Epoch: 2, At: SwitchChosen, Next: SwitchChosen, To: "h:5", Reason: "why"}))
	f.Add(encode(f, AdvanceSwitch{Library: 4, Epoch: 2, At: SwitchChosen, Next: SwitchActive, Fence: FenceDone, Forced: true}))
	f.Add(encode(f, CancelSwitch{Library: 4, Epoch: 2}))
	f.Add(encode(f, NoteServer{Library: 4, Epoch: 2, Server: "h:7", Fence: FenceDue, Excluded: "why"}))
	f.Add(encode(f, GuardLibrary{Library: 4, Since: 5}))
	f.Add(encode(f, GrantLeases{Leases: []Lease{{Node: "n1", Starts: 2, Nonce: 3}}}))
	f.Fuzz(func(t *testing.T, command []byte) {
		for _, m := range []*Machine{New(), bootstrapped(t), sample(t)} {
			before := m.AppliedIndex()
			_, err := m.Apply(before+1, command)
			if applied := m.AppliedIndex() == before+1; applied != (err == nil) {
				t.Errorf("error %v, applied %v", err, applied)
			}
			if err == nil { // else it must not be used: the items before an unknown one are there, say
				checkRestorable(t, m)
			}
		}
	})
}
