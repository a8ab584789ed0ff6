package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/mysqlda/mysqlda/cluster/storage"
	"github.com/mysqlda/mysqlda/fsm"
)

// usedDirectory is the data directory of a node that has assigned some objects,
// taken snapshots and been closed.
func usedDirectory(t *testing.T) string {
	t.Helper()
	cfg := fastConfig(t, "n1")
	cfg.Raft.SnapshotMinBytes, cfg.Raft.SnapshotInterval = 4<<10, 10*time.Millisecond
	n := startOne(t, cfg)
	eventually(t, "two snapshots and a log after them", func() error {
		var wg sync.WaitGroup
		at := n.machine.AppliedIndex()
		for i := range 20 {
			wg.Go(func() {
				if _, err := n.Resolve(within(t, patience), fmt.Sprintf("object-%d-%d", at, i)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		s := n.member.Load().stores
		_, since := s.LastSnapshot()
		first, err := s.Log.FirstIndex()
		if list, _ := s.Snapshots.List(); err == nil && (len(list) < 2 || since < 500 || first <= 1) {
			err = fmt.Errorf("%d snapshots, %d bytes after the last one, the log begins at %d", len(list), since, first)
		}
		return err
	})
	closeNode(t, n)
	return cfg.DataDir
}

// TestDamagedNoteIsNotBelieved cuts the files that say who this node is, and where
// the others were, off at each byte, and changes each bit. Neither is guessed.
func TestDamagedNoteIsNotBelieved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	id := identity{Format: identityFormat, NodeID: "n1", ClusterID: strings.Repeat("0f", 16), Phase: phaseMember, Starts: 3}
	book := newAddressBook(fsm.New())
	book.hear(record{info: fsm.NodeInfo{ID: "n2", Cluster: "127.0.0.1:7001"}, starts: 4})
	if err := errors.Join(id.save(dir), book.save(dir)); err != nil {
		t.Fatal(err)
	}
	for name, load := range map[string]func() (string, error){
		identityFile: func() (string, error) {
			id, err := loadIdentity(dir, "")
			if err != nil && !errors.Is(err, storage.ErrDamaged) {
				t.Errorf("refused with %v", err)
			}
			return fmt.Sprintf("%+v", id), err
		},
		bookFile: func() (string, error) {
			book := newAddressBook(fsm.New())
			err := book.load(dir)
			if err != nil && len(book.heard) > 0 {
				t.Errorf("it believes %+v", book.heard)
			}
			return fmt.Sprintf("%+v", book.heard), err
		},
	} {
		path := filepath.Join(dir, name)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want, err := load()
		if err != nil || !strings.Contains(want, "ID:n") {
			t.Fatalf("%s, %v", want, err)
		}
		tear := func(what string, content []byte) {
			t.Helper()
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := load()
			if err == nil && got != want {
				t.Errorf("%s, %s: it goes on with %s", name, what, got)
			}
			if err != nil && !strings.Contains(err.Error(), path) {
				t.Errorf("%s, %s: refused with %v", name, what, err)
			}
		}
		for at := range whole {
			tear(fmt.Sprintf("cut off at %d", at), whole[:at])
			for bit := range 8 {
				torn := bytes.Clone(whole)
				torn[at] ^= 1 << bit
				tear(fmt.Sprintf("bit %d of byte %d changed", bit, at), torn)
			}
		}
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDamagedOlderSnapshotIsReplacedWhileTheNodeServes(t *testing.T) {
	t.Parallel()
	dir := usedDirectory(t)
	stored, _, err := storage.StoredSnapshots(dir)
	if err != nil || len(stored) != 2 {
		t.Fatalf("%d snapshots, %v", len(stored), err)
	}
	older := stored[1]
	if err := os.Truncate(older.Path(), 50); err != nil {
		t.Fatal(err)
	}
	cfg := fastConfig(t, "n1")
	cfg.DataDir, cfg.Raft.SnapshotInterval = dir, 10*time.Millisecond
	n := openNode(t, cfg)
	waitReady(t, n)
	resolve1(t, n, "somebody-new")
	snapshots := n.member.Load().stores.Snapshots
	eventually(t, "another snapshot in place of it", func() error {
		list, err := snapshots.List()
		if err == nil && (len(list) != 2 || slices.ContainsFunc(list, func(s *raft.SnapshotMeta) bool { return s.ID == older.ID })) {
			err = fmt.Errorf("there are %d, it may be one of them", len(list))
		}
		if _, gone := os.Stat(older.Path()); err == nil && !errors.Is(gone, os.ErrNotExist) {
			err = fmt.Errorf("its file is there: %w", gone)
		}
		return err
	})
}

// TestSnapshotsWithoutAStateAreDamageToo: their checksums are right, and what they
// hold is no state.
func TestSnapshotsWithoutAStateAreDamageToo(t *testing.T) {
	t.Parallel()
	dir := usedDirectory(t)
	stores := openStores(t, dir)
	list, err := stores.Snapshots.List()
	if err != nil {
		t.Fatal(err)
	}
	for i := range uint64(2) {
		sink, err := stores.Snapshots.Create(raft.SnapshotVersionMax, list[0].Index+1+i, 99, raft.Configuration{}, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sink.Write([]byte("nonsense")); err != nil {
			t.Fatal(err)
		}
		if err := sink.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := stores.Close(); err != nil {
		t.Fatal(err)
	}
	cfg := fastConfig(t, "n1")
	cfg.DataDir = dir
	n, err := Open(within(t, patience), cfg)
	if err == nil {
		closeNode(t, n)
	}
	if !errors.Is(err, storage.ErrDamaged) || !strings.Contains(err.Error(), filepath.Join(dir, storage.SnapshotsDir)) {
		t.Errorf("opened with %v", err)
	}
}
