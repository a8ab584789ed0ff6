package fsm

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

func placements(records ...Placement) *Import {
	var i Import
	for _, p := range records {
		i.AddPlacement([]byte(p.Core), p.Library)
	}
	return &i
}

func applyImport(t testing.TB, m *Machine, i *Import) ImportResult {
	t.Helper()
	r := apply(t, m, i)
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	return r.Import
}

func TestImportAddsWhatIsNewAndTellsWhatIsNot(t *testing.T) {
	m := bootstrapped(t)
	applyItems(t, m, AssignItem("alice", 1), AssignItem("bob", 1), BindItem("card", "1", "alice"), BindItem("card", "2", "alice"))
	apply(t, m, ChangeLibraries{Changes: []LibraryChange{SetState{Library: "two", State: LibraryClosed}}})
	i := placements(
		Placement{Core: "alice", Library: 1}, // known
		Placement{Core: "bob", Library: 2},   // elsewhere
		Placement{Core: "carol", Library: 2}, // new, although its library is closed
		Placement{Core: "dave", Library: 9},  // nowhere
		Placement{Core: "carol", Library: 1}, // contradicts a record before
	)
	for _, b := range []Binding{
		{"card", "1", "alice"},   // known
		{"card", "2", "bob"},     // another's
		{"card", "3", "carol"},   // new, of a core object that is new too
		{"card", "4", "dave"},    // of nobody
		{"phone", "1", "nobody"}, // of nobody
	} {
		i.AddBinding(b.Class, []byte(b.Object), []byte(b.Core))
	}
	r := applyImport(t, m, i)
	if r.Added != 2 || r.Present != 2 {
		t.Errorf("added %d, present %d", r.Added, r.Present)
	}
	want := []struct {
		record int
		err    error
	}{{1, ErrPlacedElsewhere}, {3, ErrBadChange}, {4, ErrPlacedElsewhere}, {6, ErrBound}, {8, ErrNoPlacement}, {9, ErrNoPlacement}}
	if len(r.Conflicts) != len(want) {
		t.Fatalf("conflicts %+v", r.Conflicts)
	}
	for n, c := range r.Conflicts {
		if c.Record != want[n].record || !errors.Is(c.Err, want[n].err) {
			t.Errorf("conflict %+v, want %+v", c, want[n])
		}
	}
	for core, library := range map[string]LibraryID{"alice": 1, "bob": 1, "carol": 2} {
		if p, ok := m.Locate(core); !ok || p != (Placement{core, library, 1}) {
			t.Errorf("%s is at %+v, %v", core, p, ok)
		}
	}
	for object, core := range map[string]string{"1": "alice", "2": "alice", "3": "carol"} {
		if got, ok := m.FindBinding("card", object); !ok || got != core {
			t.Errorf("card %s is bound to %q, %v", object, got, ok)
		}
	}
	if c := m.Counts(); c.Placements != 3 || c.Bindings != 3 || c.ByLibrary[1] != 2 || c.ByLibrary[2] != 1 {
		t.Errorf("counts %+v", c)
	}
	// Once more nothing is added.
	if again := applyImport(t, m, i); again.Added != 0 || again.Present != 4 || len(again.Conflicts) != len(want) {
		t.Errorf("again: %+v", again)
	}
	checkRestorable(t, m)
}

// A faulty proposer must not stop the cluster for ever.
func TestAnImportThatCannotBeReadIsRefusedAndNoReasonToStop(t *testing.T) {
	m := bootstrapped(t)
	good := placements(Placement{Core: "alice", Library: 1})
	good.placements = append(good.placements, 3, 'b')
	r := apply(t, m, good)
	if !errors.Is(r.Err, ErrBadChange) || r.Import.Added != 1 {
		t.Errorf("%+v", r)
	}
	bad := &Import{bindings: []byte{1, 'c', 1}}
	if r := apply(t, m, bad); !errors.Is(r.Err, ErrBadChange) {
		t.Errorf("%+v", r)
	}
	if _, ok := m.Locate("alice"); !ok {
		t.Error("what could be read is lost")
	}
}

func TestImportsTravel(t *testing.T) {
	i := placements(Placement{Core: "alice", Library: 1}, Placement{Core: "客户-1", Library: 1 << 31})
	i.AddBinding("card", []byte("1"), []byte("alice"))
	got, err := ImportFromProto(i.Proto())
	if err != nil || got.Records() != 3 || !bytes.Equal(encode(t, &got), encode(t, i)) {
		t.Errorf("%+v arrived as %+v, %v", i, got, err)
	}
}

func TestForwardedImportsAreChecked(t *testing.T) {
	raw := func(s string) []byte { return []byte(s) }
	var many Import
	for range MaxImportRecords + 1 {
		many.AddPlacement([]byte("a"), 1)
	}
	for name, p := range map[string]*fsmpb.Import{
		"an empty name":      {Placements: raw("\x00\x01")},
		"white space":        {Placements: raw("\x03a b\x01")},
		"a long name":        {Placements: append(append(raw("\x41"), strings.Repeat("a", 65)...), 1)},
		"no library":         {Placements: raw("\x01a")},
		"a large library":    {Placements: raw("\x01a\x80\x80\x80\x80\x10")},
		"a cut name":         {Placements: raw("\x05a")},
		"a bad class":        {Bindings: raw("\x03c c\x01o\x01a")},
		"a bad object":       {Bindings: raw("\x01c\x01\x00\x01a")},
		"a bad core object":  {Bindings: raw("\x01c\x01o\x01\n")},
		"half a binding":     {Bindings: raw("\x01c\x01o")},
		"too many bytes":     {Placements: make([]byte, MaxImportBytes+1)},
		"too many records":   many.Proto(),
		"control characters": {Placements: raw("\x01\x7f\x01")},
	} {
		if got, err := ImportFromProto(p); !errors.Is(err, ErrBadChange) && !errors.Is(err, ErrBadName) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// What is Full keeps the bounds, whatever the names are like.
func TestFullImportsKeepTheBounds(t *testing.T) {
	long := bytes.Repeat([]byte("x"), MaxCoreLen)
	for name, add := range map[string]func(i *Import, n int){
		"long placements":  func(i *Import, _ int) { i.AddPlacement(long, 1<<32-1) },
		"short placements": func(i *Import, _ int) { i.AddPlacement(long[:1], 1) },
		"long bindings":    func(i *Import, _ int) { i.AddBinding(string(long), long, long) },
	} {
		var i Import
		n := 0
		for ; !i.Full(); n++ {
			add(&i, n)
		}
		if got, err := ImportFromProto(i.Proto()); err != nil || got.Records() != n {
			t.Errorf("%s: %d records of %d, %v", name, got.Records(), n, err)
		}
		i.Clear()
		if i.Records() != 0 || i.Full() || len(i.Proto().GetPlacements())+len(i.Proto().GetBindings()) != 0 {
			t.Errorf("%s: something is left: %+v", name, i)
		}
	}
}

// Checked imports are read to their end by Apply, and every record is accounted for.
func FuzzImport(f *testing.F) {
	f.Add([]byte("\x05alice\x01\x03bob\x02"), []byte("\x04card\x011\x05alice"))
	f.Fuzz(func(t *testing.T, placements, bindings []byte) {
		i, err := ImportFromProto(&fsmpb.Import{Placements: placements, Bindings: bindings})
		if err != nil {
			return
		}
		m := bootstrapped(t)
		r := applyImport(t, m, &i)
		if got := int(r.Added) + int(r.Present) + len(r.Conflicts); got != i.Records() {
			t.Fatalf("%d of %d records are accounted for", got, i.Records())
		}
		checkRestorable(t, m)
	})
}

func BenchmarkApplyImport(b *testing.B) {
	m := bootstrapped(b)
	var i Import
	n, index := 0, m.AppliedIndex()
	b.ReportAllocs()
	for b.Loop() {
		if !i.Full() {
			i.AddPlacement(fmt.Append(nil, 13_000_000_000+n*7919), LibraryID(1+n%2))
			n++
			continue
		}
		index++
		if _, err := m.Apply(index, encode(b, &i)); err != nil {
			b.Fatal(err)
		}
		i.Clear()
	}
}
