package fsm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func digestOf(t testing.TB, items ...Item) Digest {
	t.Helper()
	m := bootstrapped(t)
	applyItems(t, m, items...)
	_, _, digest := m.Fingerprint()
	if of := m.Counts().Digest; of != digest {
		t.Errorf("the counts' digest is %s, the fingerprint's %s", of, digest)
	}
	return digest
}

func TestTheDigestIsOfWhatTheDirectoryHolds(t *testing.T) {
	alice, bob := AssignItem("alice", 1), AssignItem("bob", 2)
	card, phone := BindItem("card", "1", "alice"), BindItem("phone", "1", "bob")
	want := digestOf(t, alice, bob, card, phone)
	if got := digestOf(t, bob, LocateItem("x"), alice, alice, phone, card); got != want {
		t.Errorf("another order gives %s, not %s", got, want)
	}
	seen := map[Digest]int{0: -1, want: -2}
	for i, items := range [][]Item{
		{alice},
		{bob},
		{AssignItem("alice", 2)},
		{alice, bob},
		{alice, bob, card},
		{alice, bob, BindItem("card", "1", "bob")},
		{alice, bob, BindItem("1", "card", "alice")},
		{alice, bob, BindItem("car", "d1", "alice")},
		{AssignItem("alice", 2), AssignItem("bob", 1)},
	} {
		d := digestOf(t, items...)
		if other, ok := seen[d]; ok {
			t.Errorf("directories %d and %d have the same digest", i, other)
		}
		seen[d] = i
	}
	if digestOf(t) != 0 {
		t.Error("an empty directory has a digest")
	}
}

func TestTheDigestDoesNotDependOnTheCluster(t *testing.T) {
	m := New()
	b := testBootstrap()
	b.Settings.ClusterID = strings.Repeat("f", ClusterIDLen)
	apply(t, m, b)
	applyItems(t, m, AssignItem("alice", 1))
	_, _, got := m.Fingerprint()
	if want := digestOf(t, AssignItem("alice", 1)); got != want {
		t.Errorf("%s in one cluster, %s in another", got, want)
	}
	if m.state.Load().log.Load().indexKey == bootstrapped(t).state.Load().log.Load().indexKey {
		t.Error("two clusters have the same index key")
	}
}

// Whatever byte of whatever record changes in memory, writing a snapshot fails
// and says so.
func TestDamagedMemoryIsNotWrittenIntoASnapshot(t *testing.T) {
	t.Run("classes by number", func(t *testing.T) { checkDamageIsNoticed(t, bootstrapped(t)) })
	t.Run("classes by name", func(t *testing.T) {
		m := bootstrapped(t)
		for i := range maxClasses {
			m.state.Load().log.Load().classes.add(fmt.Sprint("class-", i))
		}
		checkDamageIsNoticed(t, m)
	})
}

func checkDamageIsNoticed(t *testing.T, m *Machine) {
	t.Helper()
	for i := range 25 {
		core := fmt.Sprint("core-", i)
		applyItems(t, m, AssignItem(core, 1), BindItem("card_no", fmt.Sprint(i), core))
	}
	snapshot := m.Snapshot()
	log := m.state.Load().log.Load()
	for what, a := range map[string]*arena{"placements": &log.placements.arena, "bindings": &log.bindings.arena} {
		for at := uint64(1); at < a.used; at++ {
			for bit := range 8 {
				a.at(at)[0] ^= 1 << bit
				if _, err := snapshot.WriteTo(io.Discard); !errors.Is(err, ErrDamaged) {
					t.Errorf("bit %d of byte %d of the %s: got %v", bit, at, what, err)
				}
				a.at(at)[0] ^= 1 << bit
			}
		}
	}
	if _, err := snapshot.WriteTo(io.Discard); err != nil {
		t.Error(err)
	}
}

func TestACheckpointStopsANodeOfAnotherDirectory(t *testing.T) {
	m := bootstrapped(t)
	index, hash, digest := m.Fingerprint()
	_, err := m.Apply(index+1, encode(t, Checkpoint{Index: index, Hash: hash, Digest: digest + 1}))
	var diverged *DivergedError
	if !errors.As(err, &diverged) || diverged.OwnDigest != digest || diverged.MajorityDigest != digest+1 || diverged.Own != diverged.Majority {
		t.Fatalf("got %v", err)
	}
	if text := err.Error(); !strings.Contains(text, digest.String()) || !strings.Contains(text, (digest+1).String()) || strings.Contains(text, hash.String()) {
		t.Errorf("the error does not name the digests: %v", err)
	}
}

func TestFingerprintsOfEarlierCommandsAreRemembered(t *testing.T) {
	m := bootstrapped(t)
	type print struct {
		hash   Hash
		digest Digest
	}
	want := map[uint64]print{}
	for i := range 10 {
		applyItems(t, m, AssignItem(fmt.Sprint(i), 1))
		index, hash, digest := m.Fingerprint()
		want[index] = print{hash, digest}
	}
	last := m.AppliedIndex()
	if _, err := m.Apply(last+2, encode(t, RemoveNode{ID: "x"})); err != nil {
		t.Fatal(err)
	}
	for index, w := range want {
		if hash, digest, ok := m.FingerprintAt(index); !ok || (print{hash, digest}) != w {
			t.Errorf("entry %d: %s %s %v, want %+v", index, hash, digest, ok, w)
		}
	}
	if hash, digest, ok := m.FingerprintAt(last + 1); !ok || (print{hash, digest}) != (print{}) {
		t.Errorf("an entry without a command: %s %s %v", hash, digest, ok)
	}
	for _, index := range []uint64{0, last + 3} {
		if _, _, ok := m.FingerprintAt(index); ok {
			t.Errorf("entry %d is remembered", index)
		}
	}
	restored := New()
	if err := restored.Restore(bytes.NewReader(snapshotBytes(t, m.Snapshot()))); err != nil {
		t.Fatal(err)
	}
	if _, _, ok := restored.FingerprintAt(last); ok {
		t.Error("a restored machine remembers an entry from before the snapshot")
	}
	_, hash, digest := m.Fingerprint()
	if h, d, ok := restored.FingerprintAt(last + 2); !ok || h != hash || d != digest {
		t.Errorf("the snapshot's own entry: %s %s %v", h, d, ok)
	}
}
