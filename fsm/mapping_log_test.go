package fsm

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func addPlacement(t testing.TB, l *mappingLog, p Placement) {
	t.Helper()
	if err := l.addPlacement(p); err != nil {
		t.Fatal(err)
	}
}

func TestTheMappingLogHoldsWhatWasAdded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-c]{1,64}`)
		cores := rapid.SliceOfDistinct(name, rapid.ID).Draw(t, "cores")
		l := newMappingLog()
		var placements []Placement
		for _, core := range cores {
			p := Placement{Core: core, Library: LibraryID(rapid.Uint32().Draw(t, "library")), Epoch: rapid.Uint64().Draw(t, "epoch")}
			placements = append(placements, p)
			if err := l.addPlacement(p); err != nil {
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
			if err := l.addBinding(key[0], key[1], core); err != nil {
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
		view := l.view()
		seen := slices.Collect(view.eachPlacement())
		byCore := func(a, b Placement) int { return strings.Compare(a.Core, b.Core) }
		slices.SortFunc(seen, byCore)
		slices.SortFunc(placements, byCore)
		if !slices.Equal(seen, placements) {
			t.Fatalf("the view has %+v, want %+v", seen, placements)
		}
		for b := range view.eachBinding() {
			key := [2]string{b.Class, b.Object}
			if bindings[key] != b.Core {
				t.Fatalf("the view has %+v, want %q", b, bindings[key])
			}
			delete(bindings, key)
		}
		if len(bindings) > 0 {
			t.Fatalf("the view lacks %v", bindings)
		}
	})
}

// With all records under one hash, or under hashes that begin at the last slot,
// every search walks and wraps around.
func TestAShardTellsRecordsOfOneHashApart(t *testing.T) {
	for _, hash := range []uint64{0, 1, 1<<32 - 1, 1<<64 - 1} {
		var s shard
		for i := range byte(100) {
			if err := s.add(hash, []byte{1, i}); err != nil {
				t.Fatal(err)
			}
			var seen []byte
			for p := s.probe(hash); p.next(); {
				seen = append(seen, s.arena.at(p.offset())[1])
			}
			slices.Sort(seen)
			if len(seen) != int(i)+1 || seen[0] != 0 || seen[i] != i {
				t.Fatalf("hash %x: after %d records a search gives %v", hash, i+1, seen)
			}
			if p := s.probe(hash ^ 2); p.next() {
				t.Fatalf("hash %x: a search for another hash finds something", hash)
			}
		}
	}
}

func TestAnArenasRecordsFillChunksExactlyOrLeaveARest(t *testing.T) {
	for _, length := range []int{1, 2, 3, 127, 128, maxRecordLen} {
		var a arena
		record := slices.Repeat([]byte{'r'}, length)
		var offsets []uint32
		for range 3 * chunkLen / length {
			offset, err := a.append(record)
			if err != nil {
				t.Fatal(err)
			}
			offsets = append(offsets, offset)
		}
		at := 0
		for r := range a.view().records(func([]byte) int { return length }) {
			if string(r[:length]) != string(record) || &r[0] != &a.at(offsets[at])[0] {
				t.Fatalf("length %d: record %d is not where it was put", length, at)
			}
			at++
		}
		if at != len(offsets) {
			t.Fatalf("length %d: %d records, want %d", length, at, len(offsets))
		}
	}
}

func TestAFullMappingLogStopsTheNode(t *testing.T) {
	for name, c := range map[string]struct {
		fill func(*mappingLog, int)
		item Item
	}{
		"placements": {func(l *mappingLog, i int) { l.placements[i].arena.used = maxOffset + 1 }, AssignItem("bob", 1)},
		"bindings":   {func(l *mappingLog, i int) { l.bindings[i].arena.used = maxOffset + 1 }, BindItem("card", "1", "alice")},
	} {
		t.Run(name, func(t *testing.T) {
			m := bootstrapped(t)
			applyItems(t, m, AssignItem("alice", 1))
			for i := range shardCount {
				c.fill(m.state.Load().log, i)
			}
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

// Published test values of 64-bit FNV-1a, before the finaliser.
func TestTheHashIsFNV1a(t *testing.T) {
	for s, want := range map[string]uint64{
		"":       0xcbf29ce484222325,
		"a":      0xaf63dc4c8601ec8c,
		"foobar": 0x85944171f73967e8,
	} {
		if got := fnv(fnvOffset, s); got != want {
			t.Errorf("FNV-1a of %q is %x, want %x", s, got, want)
		}
	}
	if hashCorrelated("ab", "c") == hashCorrelated("a", "bc") {
		t.Error("the border between class and object does not count")
	}
}

func TestHashesSpreadOverShards(t *testing.T) {
	const objects = 100 * shardCount
	var perShard [shardCount]int
	for i := range objects {
		perShard[shardOf(hashCore(fmt.Sprint(13_000_000_000+i)))]++
	}
	if least, most := slices.Min(perShard[:]), slices.Max(perShard[:]); least < 50 || most > 150 {
		t.Errorf("shards have %d to %d objects, 100 on average", least, most)
	}
}
