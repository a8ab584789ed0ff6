package fsm

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func addPlacement(t testing.TB, l *mappingLog, p Placement) {
	t.Helper()
	if err := l.addPlacement(l.seekPlacement(p.Core), p); err != nil {
		t.Fatal(err)
	}
}

func addBinding(t testing.TB, l *mappingLog, b Binding) {
	t.Helper()
	if err := l.addBinding(l.seekBinding(b.Class, b.Object), l.seekPlacement(b.Core), b); err != nil {
		t.Fatal(err)
	}
}

func TestTheMappingLogHoldsWhatWasAdded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-c]{1,64}`)
		cores := rapid.SliceOfDistinct(name, rapid.ID).Draw(t, "cores")
		l := newMappingLog(1)
		var placements []Placement
		for _, core := range cores {
			p := Placement{Core: core, Library: LibraryID(rapid.Uint32().Draw(t, "library")), Epoch: rapid.Uint64().Draw(t, "epoch")}
			placements = append(placements, p)
			if err := l.addPlacement(l.seekPlacement(core), p); err != nil {
				t.Fatal(err)
			}
		}
		bindings := map[[2]string]string{}
		for _, core := range cores {
			key := [2]string{name.Draw(t, "class"), name.Draw(t, "object")}
			if _, ok := bindings[key]; ok {
				continue
			}
			bindings[key] = core
			b := Binding{key[0], key[1], core}
			if err := l.addBinding(l.seekBinding(b.Class, b.Object), l.seekPlacement(core), b); err != nil {
				t.Fatal(err)
			}
		}

		for _, p := range placements {
			if got, ok := l.locate(p.Core); !ok || got != p {
				t.Fatalf("located %+v, %v, want %+v", got, ok, p)
			}
		}
		for key, core := range bindings {
			if got, ok := l.find(key[0], key[1]); !ok || got != core {
				t.Fatalf("%q is bound to %q, %v, want %q", key, got, ok, core)
			}
		}
		for range 20 {
			other := name.Draw(t, "other")
			if _, ok := l.locate(other); ok != slices.Contains(cores, other) {
				t.Fatalf("located %q: %v", other, ok)
			}
			key := [2]string{name.Draw(t, "class"), other}
			if _, ok := l.find(key[0], key[1]); ok != (bindings[key] != "") {
				t.Fatalf("found %q: %v", key, ok)
			}
		}
		var seen []Placement
		err := l.view().walk(
			func(p Placement) error {
				seen = append(seen, p)
				return nil
			},
			func(b Binding) error {
				key := [2]string{b.Class, b.Object}
				if bindings[key] != b.Core {
					t.Fatalf("the view has %+v, want %q", b, bindings[key])
				}
				delete(bindings, key)
				return nil
			})
		if err != nil || !slices.Equal(seen, placements) {
			t.Fatalf("the view has %+v, %v, want %+v", seen, err, placements)
		}
		if len(bindings) > 0 {
			t.Fatalf("the view lacks %v", bindings)
		}
	})
}

func TestBindingsHaveMoreClassesThanThereAreNumbers(t *testing.T) {
	m := bootstrapped(t)
	applyItems(t, m, AssignItem("alice", 1), AssignItem("bob", 1))
	class := func(i int) string { return fmt.Sprint("class-", i) }
	const classes = maxClasses + 50
	for i := range classes {
		applyItems(t, m, BindItem(class(i), "1", "alice"), BindItem(class(i), "2", "bob"))
	}
	for _, m := range []*Machine{m, restoredFrom(t, m)} {
		if n := len(m.state.Load().log.Load().classes.names()); n != maxClasses {
			t.Errorf("%d classes have numbers", n)
		}
		for i := range classes {
			for object, want := range map[string]string{"1": "alice", "2": "bob", "3": ""} {
				if core, _ := m.FindBinding(class(i), object); core != want {
					t.Errorf("class %d object %s: bound to %q, want %q", i, object, core, want)
				}
			}
		}
		if _, ok := m.FindBinding(class(classes), "1"); ok {
			t.Error("an object of an unknown class is bound")
		}
	}
	checkRestorable(t, m)
}

// With all records under one hash, or under hashes that begin at the last slot,
// every search walks and wraps around.
func TestAShardTellsRecordsOfOneHashApart(t *testing.T) {
	for _, hash := range []uint64{0, 1, 1<<tagBits - 1, 1<<64 - 1} {
		var x index
		offsets := func() (seen []uint64, end probe) {
			p := x.probe(hash)
			for p.next() {
				seen = append(seen, p.offset())
			}
			slices.Sort(seen)
			return seen, p
		}
		for i := range uint64(100) {
			_, end := offsets()
			x.put(end, maxOffset-99+i)
			seen, _ := offsets()
			if len(seen) != int(i)+1 || seen[0] != maxOffset-99 || seen[i] != maxOffset-99+i {
				t.Fatalf("hash %x: after %d records a search gives %x", hash, i+1, seen)
			}
			if p := x.probe(hash ^ 2); p.next() {
				t.Fatalf("hash %x: a search for another hash finds something", hash)
			}
		}
	}
}

func TestAnArenasRecordsFillChunksExactlyOrLeaveARest(t *testing.T) {
	for _, length := range []int{1, 2, 3, 127, 128, maxRecordLen} {
		var a arena
		var offsets []uint64
		for i := range 3 * chunkLen / length {
			record, offset, err := a.reserve(length)
			if err != nil {
				t.Fatal(err)
			}
			for range length {
				record = append(record, byte(1+i%255))
			}
			offsets = append(offsets, offset)
		}
		at := 0
		err := a.view().walk(func(r []byte) (int, error) {
			if !bytes.Equal(r[:length], bytes.Repeat([]byte{byte(1 + at%255)}, length)) || &r[0] != &a.at(offsets[at])[0] {
				t.Fatalf("length %d: record %d is not where it was put", length, at)
			}
			at++
			return length, nil
		})
		if err != nil || at != len(offsets) {
			t.Fatalf("length %d: %d records, %v, want %d", length, at, err, len(offsets))
		}
	}
}

func TestAFullMappingLogStopsTheNode(t *testing.T) {
	for name, c := range map[string]struct {
		fill func(*mappingLog)
		item Item
	}{
		"placements": {func(l *mappingLog) { l.placements.arena.used = maxOffset + 1 }, AssignItem("bob", 1)},
		"bindings":   {func(l *mappingLog) { l.bindings.arena.used = maxOffset + 1 }, BindItem("card", "1", "alice")},
	} {
		t.Run(name, func(t *testing.T) {
			m := bootstrapped(t)
			applyItems(t, m, AssignItem("alice", 1))
			c.fill(m.state.Load().log.Load())
			_, err := m.Apply(m.AppliedIndex()+1, encode(t, Batch{Items: []Item{c.item}}))
			if !errors.Is(err, errArenaFull) {
				t.Errorf("got error %v", err)
			}
		})
	}
}

func TestHitsAndMissesDoNotAllocate(t *testing.T) {
	m := bootstrapped(t)
	applyItems(t, m, AssignItem("13812345678", 1), BindItem("card_no", "330001", "13812345678"))
	for name, read := range map[string]func(){
		"locate": func() { m.Locate("13812345678") },
		"miss":   func() { m.Locate("13812345679") },
		"find":   func() { m.FindBinding("card_no", "330001") },
	} {
		if n := testing.AllocsPerRun(100, read); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
