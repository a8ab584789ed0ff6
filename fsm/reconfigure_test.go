package fsm

import (
	"errors"
	"strings"
	"testing"
)

func TestLibrariesAndSettingsChangeTogetherOrNotAtAll(t *testing.T) {
	m := New()
	apply(t, m, attributed{testBootstrap(), testOrigin})
	revision := m.Revision()
	if revision != m.AppliedIndex() {
		t.Fatalf("revision %d after entry %d", revision, m.AppliedIndex())
	}
	change := Reconfigure{
		ExpectRevision: &revision,
		Changes:        []LibraryChange{SetWeight{Library: "one", Weight: 8}},
		Settings:       ChangeSettings{MaxShareMille: new(uint32(300))},
	}
	if r := apply(t, m, change); r.Err != nil || !r.LibrariesChanged {
		t.Fatalf("result %+v", r)
	}
	if l, s := m.Libraries().ByName("one"), m.Settings(); l.Weight != 8 || s.MaxShareMille != 300 {
		t.Errorf("weight %d, share %d", l.Weight, s.MaxShareMille)
	}
	if m.Revision() != m.AppliedIndex() {
		t.Errorf("revision %d after entry %d", m.Revision(), m.AppliedIndex())
	}

	// Another one who has looked before that is refused, and so is one of whose changes
	// one is bad, whichever it is.
	now := m.Revision()
	for what, c := range map[string]struct {
		change Reconfigure
		want   error
	}{
		"of an old revision": {change, ErrStaleVersion},
		"with a bad library": {Reconfigure{ExpectRevision: &now, Changes: []LibraryChange{SetWeight{Library: "nobody"}}, Settings: ChangeSettings{MaxShareMille: new(uint32(1))}}, ErrBadChange},
		"with a bad setting": {Reconfigure{Changes: []LibraryChange{SetWeight{Library: "one", Weight: 1}}, Settings: ChangeSettings{Failover: &FailoverSettings{Wait: 1, Lease: 1}}}, ErrBadChange},
	} {
		entry, err := encodeCommand(commandOf(c.change))
		if err != nil {
			t.Fatal(err)
		}
		r, err := m.Apply(m.AppliedIndex()+1, entry)
		if err != nil || !errors.Is(r.Err, c.want) {
			t.Errorf("%s: %v, %v", what, r.Err, err)
		}
		if l, s := m.Libraries().ByName("one"), m.Settings(); l.Weight != 8 || s.MaxShareMille != 300 || m.Revision() != now {
			t.Errorf("%s: weight %d, share %d, revision %d", what, l.Weight, s.MaxShareMille, m.Revision())
		}
	}
	checkRestorable(t, m)
	if restored := restoredFrom(t, m); restored.Revision() != now {
		t.Errorf("the restored revision is %d, not %d", restored.Revision(), now)
	}
}

// A node that goes on from a snapshot of the last release must come to the revision
// of one that has read the same log.
func TestCommandsOfTheLastReleaseMakeNoRevision(t *testing.T) {
	if m := applyGolden(t, "testdata/commands-v4.hex"); m.Revision() != 0 {
		t.Errorf("revision %d", m.Revision())
	}
}

// What the cluster does by itself is no change of the configuration.
func TestASwitchMakesNoRevision(t *testing.T) {
	m := audited(t)
	before := m.Revision()
	apply(t, m, attributed{BeginSwitch{Library: 3, Epoch: 3, Cause: CauseFailed}, testOrigin})
	if m.Libraries().ByID(3).Switch == nil || m.Revision() != before {
		t.Errorf("revision %d, before %d", m.Revision(), before)
	}
}

func TestAnEmptyLibraryIsRemoved(t *testing.T) {
	m, b := New(), testBootstrap()
	b.Settings.DefaultLibrary = ""
	apply(t, m, b)
	remove := func(name string) error {
		return apply(t, m, ChangeLibraries{Changes: []LibraryChange{RemoveLibrary{Library: name}}}).Err
	}
	applyItems(t, m, AssignItem("alice", 1))
	if err := remove("one"); !errors.Is(err, ErrBadChange) || !strings.Contains(err.Error(), "core objects live there: 1; `mysqlda library close one`") {
		t.Errorf("a library with an object: %v", err)
	}
	if err := remove("nobody"); !errors.Is(err, ErrBadChange) {
		t.Errorf("an unknown library: %v", err)
	}
	apply(t, m, BeginSwitch{Library: 2, Epoch: 1, Drain: true, Cause: CauseFailed})
	if err := remove("two"); !errors.Is(err, ErrBadChange) || !strings.Contains(err.Error(), "being changed") {
		t.Errorf("a library whose active server changes: %v", err)
	}
	apply(t, m, CancelSwitch{Library: 2, Epoch: 1})

	if err := remove("two"); err != nil {
		t.Fatal(err)
	}
	if m.Libraries().ByName("two") != nil || len(m.Libraries().All()) != 1 {
		t.Errorf("libraries %s", shown(m.Libraries().All()))
	}
	// An assignment that was chosen for it is decided again.
	if r := applyItems(t, m, AssignItem("bob", 2)); !r[0].Retry {
		t.Errorf("an assignment to it: %+v", r[0])
	}
	if r := apply(t, m, imported(2, "carol")).Import; len(r.Conflicts) != 1 {
		t.Errorf("an import into it: %+v", r)
	}
	// Its name may be given again, its id is not.
	apply(t, m, ChangeLibraries{Changes: []LibraryChange{AddLibrary{Name: "two", Weight: 1, Servers: servers("h:1")}}})
	if l := m.Libraries().ByName("two"); l == nil || l.ID != 3 {
		t.Errorf("libraries %s", shown(m.Libraries().All()))
	}
	checkRestorable(t, m)
}

func TestTheDefaultLibraryIsNotRemoved(t *testing.T) {
	m, b := New(), testBootstrap()
	b.Settings.DefaultLibrary = "two"
	apply(t, m, b)
	r := apply(t, m, ChangeLibraries{Changes: []LibraryChange{RemoveLibrary{Library: "two"}}})
	if !errors.Is(r.Err, ErrBadChange) || !strings.Contains(r.Err.Error(), "auth.default_library") {
		t.Errorf("result %v", r.Err)
	}
}

// Whichever is first in the log counts: the object keeps its library, or the library
// goes and the object gets another.
func TestAssigningAndRemovingAtOnce(t *testing.T) {
	m := bootstrapped(t)
	removal := ChangeLibraries{Changes: []LibraryChange{RemoveLibrary{Library: "two"}}}
	first := applyItems(t, m, AssignItem("alice", 2))
	if err := apply(t, m, removal).Err; first[0].Placement.Library != 2 || !errors.Is(err, ErrBadChange) {
		t.Errorf("placed %+v, then removed: %v", first[0], err)
	}

	m = bootstrapped(t)
	err := apply(t, m, removal).Err
	if second := applyItems(t, m, AssignItem("alice", 2)); err != nil || !second[0].Retry {
		t.Errorf("removed: %v, then placed %+v", err, second[0])
	}
}
