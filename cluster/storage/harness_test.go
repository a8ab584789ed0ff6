package storage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/raft"
	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// patience bounds every wait of the tests.
const patience = 30 * time.Second

func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := wait.For(ctx, what, func(context.Context) error { return check() }); err != nil {
		t.Fatal(err)
	}
}

func fastConfig() Config {
	return Config{SnapshotMinBytes: 4 << 10, MaxWriteStall: patience, Fatal: func(error) {}, Logger: zap.NewNop()}
}

// usedDirectory is a data directory whose stores were used as Raft uses them, and
// closed: with two snapshots, a log that begins at the older one and goes on after
// the newer one, a term and a vote.
func usedDirectory(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	s, err := OpenStores(dir, fastConfig())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Stable.SetUint64([]byte(promiseKeys[0]), 2), s.Stable.SetUint64([]byte(promiseKeys[1]), 2), s.Stable.Set([]byte(promiseKeys[2]), []byte("n1"))); err != nil {
		t.Fatal(err)
	}
	machine := fsm.New()
	servers := raft.Configuration{Servers: []raft.Server{{ID: "n1", Address: "127.0.0.1:13307"}}}
	appendTo(t, s, machine, &raft.Log{Index: 1, Term: 1, Type: raft.LogConfiguration, Data: raft.EncodeConfiguration(servers)})
	appendTo(t, s, machine, command(t, 2, fsm.Bootstrap{
		Settings:  fsm.Settings{ClusterID: "0123456789abcdef0123456789abcdef", User: "calvin", Password: "calvin", Database: "calvindb"},
		Libraries: []fsm.AddLibrary{{Name: "one", Weight: fsm.DefaultWeight, Servers: []fsm.Server{{Address: "127.0.0.1:3306"}}}},
	}))
	for snapshots, index := 0, uint64(3); ; index++ {
		appendTo(t, s, machine, command(t, index, fsm.Batch{Items: []fsm.Item{fsm.AssignItem(fmt.Sprintf("object-%d", index), 1)}}))
		if s.SnapshotDue() {
			sink, err := s.Snapshots.Create(raft.SnapshotVersionMax, index, 2, servers, 1, nil)
			if err == nil {
				err = WriteSnapshot(machine.Snapshot(), sink)
			}
			if err == nil {
				err = s.Log.DeleteRange(1, index)
			}
			if err != nil {
				t.Fatal(err)
			}
			snapshots++
		}
		if _, since := s.LastSnapshot(); snapshots > retainedSnapshots && since > 500 {
			break
		}
	}
	if first, err := s.Log.FirstIndex(); err != nil || first <= 1 {
		t.Fatalf("the log begins at %d, %v", first, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func command(t *testing.T, index uint64, c interface{ Encode() ([]byte, error) }) *raft.Log {
	t.Helper()
	data, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return &raft.Log{Index: index, Term: 2, Type: raft.LogCommand, Data: data}
}

func appendTo(t *testing.T, s *Stores, machine *fsm.Machine, entry *raft.Log) {
	t.Helper()
	err := s.Log.StoreLog(entry)
	if err == nil && entry.Type == raft.LogCommand {
		var result fsm.Result
		result, err = machine.Apply(entry.Index, entry.Data)
		err = errors.Join(err, result.Err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// recovered is what a node would go on from: its state after every entry, and its
// promises.
func recovered(dir string) (state string, err error) {
	s, err := OpenStores(dir, fastConfig())
	if err != nil {
		return "", err
	}
	done := make(chan struct{})
	go func() { // as Raft's goroutines, this one may be ended
		defer close(done)
		state, err = replay(s)
	}()
	<-done
	return state, errors.Join(cmp.Or(s.Failure(), err), s.Close())
}

func replay(s *Stores) (string, error) {
	machine := fsm.New()
	list, err := s.Snapshots.List()
	if err != nil {
		return "", err
	}
	var from uint64
	if len(list) > 0 { // the newest is whole, or OpenStores would have taken the next
		from = list[0].Index
		_, source, err := s.Snapshots.Open(list[0].ID)
		if err == nil {
			err = errors.Join(machine.Restore(source), source.Close())
		}
		if err != nil {
			return "", err
		}
	}
	first, err := s.Log.FirstIndex()
	if err != nil {
		return "", err
	}
	last, err := s.Log.LastIndex()
	if err != nil {
		return "", err
	}
	for i := max(first, from+1); i <= last; i++ {
		entry := new(raft.Log)
		if err := s.Log.GetLog(i, entry); err != nil {
			return "", err
		}
		if entry.Type != raft.LogCommand {
			continue
		}
		if _, err := machine.Apply(i, entry.Data); err != nil {
			return "", err
		}
	}
	var promises []string
	for _, key := range promiseKeys {
		value, err := s.Stable.Get([]byte(key))
		if err != nil {
			return "", err
		}
		promises = append(promises, fmt.Sprintf("%s=%q", key, value))
	}
	index, hash, digest := machine.Fingerprint()
	return fmt.Sprintf("entry %d hash %s digest %v %+v %v", max(index, from), hash, digest, machine.Counts(), promises), nil
}

func copyDirectory(t *testing.T, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

func filesOf(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && e.Name() != LockFile {
			files = append(files, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
