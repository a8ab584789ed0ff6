package fsm

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestACheckpointStopsANodeThatDiffers(t *testing.T) {
	leader, follower := bootstrapped(t), bootstrapped(t)
	applyItems(t, leader, AssignItem("alice", 1))
	applyItems(t, follower, AssignItem("alice", 2))
	index, hash, digest := leader.Fingerprint()
	_, own, ownDigest := follower.Fingerprint()
	checkpoint := Checkpoint{Index: index, Hash: hash, Digest: digest}

	if r := apply(t, leader, checkpoint); r.Err != nil {
		t.Errorf("on the leader: %+v", r)
	}
	_, err := follower.Apply(index+1, encode(t, checkpoint))
	var diverged *DivergedError
	if !errors.As(err, &diverged) || *diverged != (DivergedError{Index: index, Majority: hash, Own: own, MajorityDigest: digest, OwnDigest: ownDigest}) {
		t.Fatalf("on the follower: %v", err)
	}
	if text := err.Error(); !strings.Contains(text, hash.String()) || !strings.Contains(text, own.String()) {
		t.Errorf("the error does not name both hashes: %v", err)
	}
}

func TestACheckpointStopsANodeThatMissedACommand(t *testing.T) {
	leader, follower := bootstrapped(t), bootstrapped(t)
	applyItems(t, leader, AssignItem("alice", 1))
	index, hash, digest := leader.Fingerprint()
	_, err := follower.Apply(index+1, encode(t, Checkpoint{Index: index, Hash: hash, Digest: digest}))
	if diverged := new(DivergedError); !errors.As(err, &diverged) || diverged.Own != (Hash{}) {
		t.Errorf("got error %v", err)
	}
}

func TestACheckpointOfWhatIsForgottenIsPassedOver(t *testing.T) {
	m := bootstrapped(t)
	first, _, _ := m.Fingerprint()
	other := Checkpoint{Index: first, Hash: Hash{1}}
	for range historyLen - 1 {
		applyItems(t, m)
	}
	if _, err := m.Apply(5000, encode(t, other)); err == nil {
		t.Fatal("the oldest remembered command was not compared")
	}
	applyItems(t, m)
	if r := apply(t, m, other); r.Err != nil {
		t.Errorf("the one before: %+v", r)
	}
}

func TestTheHistoryRemembersTheLastCommands(t *testing.T) {
	var h history
	hashOf := func(index uint64) Hash { return Hash{byte(index), byte(index >> 8)} }
	const last = 2*historyLen + 700
	for index := uint64(1); index <= last; index++ {
		h.add(fingerprint{index: index, hash: hashOf(index), digest: Digest(index)})
	}
	for index := uint64(1); index <= last; index++ {
		f, remembered := h.at(index)
		if want := index > last-historyLen; remembered != want || want && (f.hash != hashOf(index) || f.digest != Digest(index)) {
			t.Fatalf("entry %d: %+v, remembered %v", index, f, remembered)
		}
	}
	if f, remembered := h.at(last + 1); remembered {
		t.Errorf("the next entry: %+v", f)
	}
}

func TestCheckpointsAfterARestore(t *testing.T) {
	m := bootstrapped(t)
	applyItems(t, m, AssignItem("alice", 1))
	index, hash, digest := m.Fingerprint()
	restored := New()
	if err := restored.Restore(bytes.NewReader(snapshotBytes(t, m.Snapshot()))); err != nil {
		t.Fatal(err)
	}
	apply(t, restored, Checkpoint{Index: index - 1, Hash: Hash{1}}) // from before the snapshot: not known
	apply(t, restored, Checkpoint{Index: index, Hash: hash, Digest: digest})
	if _, err := restored.Apply(index+3, encode(t, Checkpoint{Index: index, Hash: Hash{1}})); err == nil {
		t.Error("the snapshot's own index was not compared")
	}
}

func TestACheckpointOfTheFutureIsRefused(t *testing.T) {
	m := bootstrapped(t)
	if r := apply(t, m, Checkpoint{Index: 2}); !errors.Is(r.Err, ErrBadChange) {
		t.Errorf("got %+v", r)
	}
}

func TestTheHashDependsOnIndexAndCommand(t *testing.T) {
	hash := func(index uint64, c encoder) Hash {
		m := bootstrapped(t)
		if _, err := m.Apply(index, encode(t, c)); err != nil {
			t.Fatal(err)
		}
		_, h, _ := m.Fingerprint()
		return h
	}
	a := hash(2, RemoveNode{ID: "a"})
	if a != hash(2, RemoveNode{ID: "a"}) {
		t.Error("the same log gives two hashes")
	}
	if a == hash(3, RemoveNode{ID: "a"}) || a == hash(2, RemoveNode{ID: "b"}) {
		t.Error("two logs give the same hash")
	}
}
