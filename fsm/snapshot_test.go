package fsm

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"google.golang.org/protobuf/proto"
)

func snapshotBytes(t testing.TB, s *Snapshot) []byte {
	t.Helper()
	var b bytes.Buffer
	n, err := s.WriteTo(&b)
	if err != nil || n != int64(b.Len()) {
		t.Fatalf("wrote %d of %d bytes: %v", n, b.Len(), err)
	}
	return b.Bytes()
}

// checkRestorable checks that a snapshot of m restores to the same state.
func checkRestorable(t testing.TB, m *Machine) {
	t.Helper()
	first := snapshotBytes(t, m.Snapshot())
	restored := New()
	if err := restored.Restore(bytes.NewReader(first)); err != nil {
		t.Fatalf("restore: %v", err)
	}
	checkSame(t, restored, m)
	if second := snapshotBytes(t, restored.Snapshot()); !bytes.Equal(first, second) {
		t.Errorf("the restored machine writes another snapshot: %d bytes, before %d", len(second), len(first))
	}
}

func restoredFrom(t testing.TB, m *Machine) *Machine {
	t.Helper()
	restored := New()
	if err := restored.Restore(bytes.NewReader(snapshotBytes(t, m.Snapshot()))); err != nil {
		t.Fatal(err)
	}
	return restored
}

// checkSame compares all that is small, and the counts.
func checkSame(t testing.TB, got, want *Machine) {
	t.Helper()
	gotIndex, gotHash, gotDigest := got.Fingerprint()
	wantIndex, wantHash, wantDigest := want.Fingerprint()
	if gotIndex != wantIndex || gotHash != wantHash || gotDigest != wantDigest {
		t.Errorf("entry %d hash %s digest %s, want entry %d hash %s digest %s",
			gotIndex, gotHash, gotDigest, wantIndex, wantHash, wantDigest)
	}
	if !sameLibraries(got.Libraries().All(), want.Libraries().All()) {
		t.Errorf("libraries %s\nwant %s", shown(got.Libraries().All()), shown(want.Libraries().All()))
	}
	for _, c := range []struct {
		what      string
		got, want any
	}{
		{"settings", got.Settings(), want.Settings()},
		{"users", fmt.Sprintf("%+v", got.Users()), fmt.Sprintf("%+v", want.Users())},
		{"libraries version", got.Libraries().Version(), want.Libraries().Version()},
		{"nodes", fmt.Sprint(got.Nodes()), fmt.Sprint(want.Nodes())},
		{"greetings", fmt.Sprint(got.Greetings()), fmt.Sprint(want.Greetings())},
		{"counts", got.Counts(), want.Counts()},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.what, c.got, c.want)
		}
	}
}

// sample is a small machine with something of everything.
func sample(t testing.TB) *Machine {
	m := bootstrapped(t)
	apply(t, m, SetNode{NodeInfo{ID: "n1", Cluster: "h:13307", Gossip: "h:13308", MySQL: "h:13306", HTTP: "h:13309", Version: "1.0.0"}})
	apply(t, m, SetNode{NodeInfo{ID: "n2"}})
	apply(t, m, RemoveNode{ID: "n2"})
	apply(t, m, ChangeLibraries{Changes: []LibraryChange{
		AddLibrary{Name: "three", Weight: 7, Servers: servers("h:3")},
		AddLibrary{Name: "four", Weight: 7, Servers: servers("h:5", "h:6", "h:7"), Failover: Failover{Policy: FailoverPromote}},
		SetServers{Library: "one", Servers: servers("10.0.0.1:3306", "10.0.0.9:3306")},
		SetFailover{Library: "one", Failover: Failover{Policy: FailoverOrdered, Failback: true}},
		SetMaintenance{Library: "one", Server: "10.0.0.9:3306", Maintenance: true},
		SetPinned{Library: "one", Pinned: true},
		SetState{Library: "two", State: LibraryClosed},
		SetTLS{Library: "two", TLS: TLSVerifyCA},
	}})
	for _, c := range []encoder{
		BeginSwitch{Library: 4, Epoch: 1, Cause: CauseFailed, Reason: "2 of 3 voters cannot reach h:5", Forced: true},
		AdvanceSwitch{Library: 4, Epoch: 2, At: SwitchRetired, Next: SwitchReleased},
		AdvanceSwitch{Library: 4, Epoch: 2, At: SwitchReleased, Next: SwitchFenced, Fence: FenceDue},
		NoteServer{Library: 4, Epoch: 2, Server: "h:7", Fence: FenceDone, Excluded: "it has more than the others"},
		AdvanceSwitch{Library: 4, Epoch: 2, At: SwitchFenced, Next: SwitchChosen, To: "h:6"},
	} {
		if r := apply(t, m, c); r.Err != nil {
			t.Fatalf("%+v: %v", c, r.Err)
		}
	}
	apply(t, m, ChangeSettings{MaxShareMille: new(uint32(300)), Balance: new(BalanceData), Failover: new(testFailover)})
	apply(t, m, RecordGreeting{Address: "h:3", Greeting: greetingOf1})
	applyItems(t, m,
		AssignItem("alice", 1), AssignItem("bob", 3), AssignItem("客户-1", 1),
		BindItem("card", "1", "alice"), BindItem("card", "2", "客户-1"), BindItem("phone", "1", "alice"))
	apply(t, m, ChangeLibraries{Changes: []LibraryChange{SetState{Library: "three", State: LibraryDraining}}})
	return m
}

func TestSnapshotsRestore(t *testing.T) {
	t.Run("nothing", func(t *testing.T) { checkRestorable(t, New()) })
	t.Run("bootstrapped", func(t *testing.T) { checkRestorable(t, bootstrapped(t)) })
	t.Run("something of everything", func(t *testing.T) { checkRestorable(t, sample(t)) })
	t.Run("several blocks", func(t *testing.T) {
		m := bootstrapped(t)
		for i := range 20 {
			var items []Item
			for j := range 1000 {
				core := fmt.Sprintf("core-%d-%d", i, j)
				items = append(items, AssignItem(core, LibraryID(1+j%2)), BindItem("card", core, core))
			}
			applyItems(t, m, items...)
		}
		checkRestorable(t, m)
	})
}

func TestARestoredMachineGoesOnLikeTheOther(t *testing.T) {
	m := sample(t)
	restored := New()
	applyItems(t, restored, LocateItem("of the old state"))
	if err := restored.Restore(iotest.OneByteReader(bytes.NewReader(snapshotBytes(t, m.Snapshot())))); err != nil {
		t.Fatal(err)
	}
	for _, m := range []*Machine{m, restored} {
		r := applyItems(t, m,
			AssignItem("bob", 1), FindItem("card", "2"), BindItem("card", "1", "bob"), BindItem("card", "9", "alice"))
		if r[0].Placement.Library != 3 || r[1].Placement.Core != "客户-1" || !errors.Is(r[2].Err, ErrBound) || r[3].Err != nil {
			t.Errorf("got %+v", r)
		}
		if r := apply(t, m, SetNode{NodeInfo{ID: "n2"}}); !errors.Is(r.Err, ErrRemoved) {
			t.Errorf("the removed node: %+v", r)
		}
		apply(t, m, ChangeLibraries{Changes: []LibraryChange{AddLibrary{Name: "five", Servers: servers("h:4")}}})
		if l := m.Libraries().ByName("five"); l.ID != 5 {
			t.Errorf("the next library got the id %d, want 5", l.ID)
		}
	}
	checkSame(t, restored, m)
}

func TestASnapshotIsTheStateAtItsIndexWhateverComesLater(t *testing.T) {
	m := sample(t)
	snapshot := m.Snapshot()
	before := snapshotBytes(t, snapshot)
	for i := range 3000 {
		core := fmt.Sprint("later-", i)
		applyItems(t, m, AssignItem(core, 1), BindItem("later", core, core))
	}
	apply(t, m, SetNode{NodeInfo{ID: "later"}})
	apply(t, m, ChangeLibraries{Changes: []LibraryChange{SetWeight{Library: "one", Weight: 1}}})
	if after := snapshotBytes(t, snapshot); !bytes.Equal(before, after) {
		t.Error("the snapshot changed")
	}
}

func TestDamagedSnapshotsAreRefusedAndChangeNothing(t *testing.T) {
	good := snapshotBytes(t, sample(t).Snapshot())
	m := bootstrapped(t)
	want := snapshotBytes(t, m.Snapshot())
	refused := func(what string, damaged []byte) {
		t.Helper()
		if err := m.Restore(bytes.NewReader(damaged)); err == nil {
			t.Errorf("%s: restored", what)
		}
	}
	for i := range good {
		refused(fmt.Sprintf("cut off at byte %d", i), good[:i])
		damaged := bytes.Clone(good)
		damaged[i] ^= 0x10
		refused(fmt.Sprintf("a bit of byte %d changed", i), damaged)
	}
	refused("followed by a byte", append(bytes.Clone(good), 0))
	refused("twice", append(bytes.Clone(good), good...))
	refused("of another program", []byte("REDIS0011 and so on, and so on"))
	if got := snapshotBytes(t, m.Snapshot()); !bytes.Equal(got, want) {
		t.Error("a refused snapshot changed the state")
	}
}

// A snapshot whose checksums are right but whose content Apply could never have
// made can only come from a faulty release; it is refused all the same.
func TestSnapshotsWithImpossibleContentAreRefused(t *testing.T) {
	d := newDigester()
	aliceDigest := d.placement("alice", 1, 1)
	cardDigest := aliceDigest + d.binding("c", "o", "alice")
	header := func(placements, bindings uint64, digest Digest) []byte {
		h := bootstrapped(t).Snapshot().header()
		h.Placements, h.Bindings, h.Digest = placements, bindings, uint64(digest)
		b, err := proto.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	h := header(1, 1, cardDigest)
	alice := []byte("\x05alice\x01\x01")
	card := []byte("\x01c\x01o\x05alice")
	type block struct {
		kind    byte
		payload []byte
	}
	build := func(blocks ...block) []byte {
		var b bytes.Buffer
		w := newBlockWriter(&b)
		if err := w.start(); err != nil {
			t.Fatal(err)
		}
		for _, block := range blocks {
			if err := w.block(block.kind, block.payload); err != nil {
				t.Fatal(err)
			}
		}
		return b.Bytes()
	}
	if err := New().Restore(bytes.NewReader(build(block{1, h}, block{2, alice}, block{3, card}, block{4, nil}))); err != nil {
		t.Fatalf("the good one: %v", err)
	}
	for name, c := range map[string]struct {
		blocks []block
		want   string
	}{
		"no header":              {[]block{{2, alice}, {4, nil}}, "begins with"},
		"two headers":            {[]block{{1, h}, {1, h}, {4, nil}}, "follows"},
		"placements after":       {[]block{{1, h}, {3, nil}, {2, alice}, {4, nil}}, "follows"},
		"an unknown block":       {[]block{{1, h}, {5, nil}}, "does not know"},
		"a garbled header":       {[]block{{1, []byte("garbled")}}, "header"},
		"two placements":         {[]block{{1, h}, {2, alice}, {2, alice}}, "two placements"},
		"an unknown library":     {[]block{{1, h}, {2, []byte("\x05alice\x09\x01")}}, "unknown"},
		"no epoch":               {[]block{{1, h}, {2, []byte("\x05alice\x01\x00")}}, "cannot be read"},
		"an empty name":          {[]block{{1, h}, {2, []byte("\x00\x01\x01")}}, "cannot be read"},
		"half a placement":       {[]block{{1, h}, {2, []byte("\x05ali")}}, "cannot be read"},
		"a name that is long":    {[]block{{1, h}, {2, append([]byte{65}, make([]byte, 100)...)}}, "cannot be read"},
		"two bindings":           {[]block{{1, h}, {2, alice}, {3, card}, {3, card}}, "two bindings"},
		"half a binding":         {[]block{{1, h}, {2, alice}, {3, card[:5]}}, "cannot be read"},
		"a binding to no one":    {[]block{{1, h}, {3, card}}, "no placement"},
		"placements are missing": {[]block{{1, h}, {4, nil}}, "holds"},
		"bindings are missing":   {[]block{{1, h}, {2, alice}, {4, nil}}, "holds"},
		"more than promised":     {[]block{{1, header(0, 0, aliceDigest)}, {2, alice}, {4, nil}}, "holds"},
		"another digest":         {[]block{{1, header(1, 1, aliceDigest)}, {2, alice}, {3, card}, {4, nil}}, "digest"},
		"a long end":             {[]block{{1, h}, {2, alice}, {3, card}, {4, []byte("x")}}, "end"},
		"a large block":          {[]block{{1, h}, {2, make([]byte, maxRecordBlock+1)}}, "at most"},
		"no end":                 {[]block{{1, h}, {2, alice}}, "truncated"},
	} {
		t.Run(name, func(t *testing.T) {
			err := New().Restore(bytes.NewReader(build(c.blocks...)))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

// What cannot be added is noticed while much more is still to be read.
func TestALongSnapshotWithADuplicateIsRefused(t *testing.T) {
	var file bytes.Buffer
	w := newBlockWriter(&file)
	header, err := proto.Marshal(bootstrapped(t).Snapshot().header())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.start(), w.block(blockHeader, header)); err != nil {
		t.Fatal(err)
	}
	for range 10 * pendingLists {
		if err := w.block(blockPlacements, []byte("\x05alice\x01\x01")); err != nil {
			t.Fatal(err)
		}
	}
	if err := New().Restore(&file); err == nil || !strings.Contains(err.Error(), "two placements") {
		t.Errorf("got %v", err)
	}
}

// What a damaged or hostile header promises must not cost memory.
func TestPromisedRecordsCostNothing(t *testing.T) {
	h := bootstrapped(t).Snapshot().header()
	h.Placements, h.Bindings = 1<<60, 1<<60
	payload, err := proto.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	w := newBlockWriter(&file)
	placements := newRecordWriter(w, blockPlacements)
	if err := errors.Join(w.start(), w.block(blockHeader, payload)); err != nil {
		t.Fatal(err)
	}
	const records = 20 * shardCount
	for i := range records {
		p := Placement{Core: fmt.Sprint(13_000_000_000 + i), Library: 1, Epoch: 1}
		if err := placements.add(appendSnapshotPlacement(placements.payload, p)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(placements.flush(), w.block(blockEnd, nil)); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err = New().Restore(bytes.NewReader(file.Bytes()))
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "holds") {
		t.Errorf("got %v", err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 16<<20 {
		t.Errorf("a file of %d bytes took %d", file.Len(), took)
	}
}

func TestASnapshotOfAnotherFormatVersionIsNamed(t *testing.T) {
	b := snapshotBytes(t, New().Snapshot())
	b[len(snapshotMagic)+3]++
	if err := New().Restore(bytes.NewReader(b)); err == nil || !strings.Contains(err.Error(), "format version 3") {
		t.Errorf("got %v", err)
	}
}

func TestReadAndWriteErrorsComeBack(t *testing.T) {
	broken := errors.New("the disk is broken")
	m := sample(t)
	good := snapshotBytes(t, m.Snapshot())
	if err := m.Restore(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("restore: %v", err)
	}
	for room := range len(good) {
		if n, err := m.Snapshot().WriteTo(&fullDisk{room, broken}); !errors.Is(err, broken) || n != int64(room) {
			t.Fatalf("a disk with room for %d bytes: wrote %d, %v", room, n, err)
		}
	}
}

// fullDisk fails after room bytes.
type fullDisk struct {
	room int
	err  error
}

func (d *fullDisk) Write(p []byte) (int, error) {
	if len(p) > d.room {
		n := d.room
		d.room = 0
		return n, d.err
	}
	d.room -= len(p)
	return len(p), nil
}

func FuzzRestore(f *testing.F) {
	f.Add(snapshotBytes(f, New().Snapshot()))
	f.Add(snapshotBytes(f, sample(f).Snapshot()))
	f.Fuzz(func(t *testing.T, b []byte) {
		m := New()
		if err := m.Restore(bytes.NewReader(b)); err == nil {
			checkRestorable(t, m)
		}
		// With the checksums made right, so that the decoder behind them is
		// reached too.
		if m.Restore(bytes.NewReader(resum(b))) == nil {
			checkRestorable(t, m)
		}
	})
}

// resum splits b into blocks by their lengths and writes them anew.
func resum(b []byte) []byte {
	var out bytes.Buffer
	w := newBlockWriter(&out)
	_ = w.start() // a bytes.Buffer takes everything
	for b = b[min(len(b), len(snapshotMagic)+4):]; len(b) >= blockHeadLen; {
		length := int(b[1])<<24 | int(b[2])<<16 | int(b[3])<<8 | int(b[4])
		kind, rest := b[0], b[blockHeadLen:]
		payload := rest[:min(len(rest), length)]
		_ = w.block(kind, payload)
		b = rest[min(len(rest), length+checksumLen):]
	}
	return out.Bytes()
}
