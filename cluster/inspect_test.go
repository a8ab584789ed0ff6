package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/cluster/storage"
	"github.com/mysqlda/mysqlda/fsm"
)

func checkState(_ string, state io.Reader) error {
	return fsm.ReadSnapshot(state, fsm.SnapshotVisitor{})
}

// aStoppedNode is the config of a stopped node that has two snapshots and a log
// after them, with what its log says of itself.
func aStoppedNode(t *testing.T) (Config, storage.StoredLog) {
	t.Helper()
	cfg := fastConfig(t, "n1")
	cfg.Raft.SnapshotMinBytes, cfg.Raft.SnapshotInterval = 1<<10, 5*time.Millisecond
	n := startOne(t, cfg)
	for i := 0; ; i++ {
		resolve1(t, n, fmt.Sprintf("customer-%d", i))
		if list, _, err := storage.StoredSnapshots(cfg.DataDir); err != nil {
			t.Fatal(err)
		} else if len(list) >= 2 {
			break
		}
	}
	closeNode(t, n)
	log, err := storage.DescribeLog(cfg.DataDir)
	if err != nil {
		t.Fatal(err)
	}
	return cfg, log
}

func TestADataDirectoryIsReportedAsItIs(t *testing.T) {
	t.Parallel()
	cfg, last := aStoppedNode(t)
	before := contentOf(t, cfg.DataDir)
	r, err := InspectDir(cfg.DataDir, checkState)
	if err != nil {
		t.Fatal(err)
	}
	if r.NodeID != "n1" || r.Phase != "member" || len(r.ClusterID) != 32 || r.Starts != 1 || len(r.Problems) != 0 {
		t.Errorf("report %+v", r)
	}
	if r.LastIndex != last.Last || r.LastTerm != last.LastTerm || r.LogLast != last.Last || r.LogFirst <= 1 || r.Term < last.LastTerm {
		t.Errorf("last %+v, report %+v", last, r)
	}
	if len(r.Snapshots) != 2 || r.Snapshots[0].Index <= r.Snapshots[1].Index || r.Snapshots[0].Problem != "" || fmt.Sprint(r.Snapshots[0].Voters) != "[n1]" {
		t.Errorf("snapshots %+v", r.Snapshots)
	}
	state, err := ReadState(cfg.DataDir)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := state.Locate("customer-0"); !ok {
		t.Error("the state lacks a core object")
	}
	if after := contentOf(t, cfg.DataDir); after != before {
		t.Errorf("the directory has changed from\n%s\nto\n%s", before, after)
	}
}

// contentOf names every file with its size.
func contentOf(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		fmt.Fprintln(&b, path, info.Size(), info.ModTime())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestDamageOfADataDirectoryIsNamed(t *testing.T) {
	t.Parallel()
	cfg, last := aStoppedNode(t)
	whole, err := InspectDir(cfg.DataDir, checkState)
	if err != nil {
		t.Fatal(err)
	}
	newest, older := whole.Snapshots[0], whole.Snapshots[1]
	flip := func(t *testing.T, path string) {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		raw[len(raw)/2] ^= 1
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// The log reaches back to the older snapshot.
	const gap = "no snapshot holds what was before"
	state := func(s SnapshotReport) string { return filepath.Join(storage.SnapshotsDir, s.ID, "state.bin") }
	for name, c := range map[string]struct {
		damage func(t *testing.T, dir string)
		want   []string // one for each problem
		last   uint64
	}{
		"a changed byte": {
			func(t *testing.T, dir string) { flip(t, filepath.Join(dir, state(newest))) },
			[]string{newest.ID + ": read snapshot: block "},
			last.Last,
		},
		"another snapshot's state": {
			func(t *testing.T, dir string) {
				raw, err := os.ReadFile(filepath.Join(dir, state(older)))
				if err == nil {
					err = os.WriteFile(filepath.Join(dir, state(newest)), raw, 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
			},
			[]string{newest.ID + ": the state is not the one that meta.json describes"},
			last.Last,
		},
		"no description": {
			func(t *testing.T, dir string) {
				if err := os.Remove(filepath.Join(dir, storage.SnapshotsDir, newest.ID, "meta.json")); err != nil {
					t.Fatal(err)
				}
			},
			[]string{newest.ID + ": its description cannot be read"},
			last.Last,
		},
		"no snapshots": {
			func(t *testing.T, dir string) {
				if err := os.RemoveAll(filepath.Join(dir, storage.SnapshotsDir)); err != nil {
					t.Fatal(err)
				}
			},
			[]string{gap},
			last.Last,
		},
		"no log": {
			func(t *testing.T, dir string) {
				if err := os.Remove(filepath.Join(dir, storage.LogFile)); err != nil {
					t.Fatal(err)
				}
			},
			[]string{"there is no raft.db"},
			newest.Index,
		},
		"no file of a log": {
			func(t *testing.T, dir string) {
				if err := os.WriteFile(filepath.Join(dir, storage.LogFile), bytes.Repeat([]byte("x"), 1<<16), 0o600); err != nil {
					t.Fatal(err)
				}
			},
			[]string{"raft.db: meta page 0 is not one: the file is damaged"},
			newest.Index,
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(cfg.DataDir)); err != nil {
				t.Fatal(err)
			}
			c.damage(t, dir)
			r, err := InspectDir(dir, checkState)
			if err != nil {
				t.Fatal(err)
			}
			if r.LastIndex != c.last {
				t.Errorf("last index %d, want %d", r.LastIndex, c.last)
			}
			if r.LogUnread != (name == "no file of a log") {
				t.Errorf("the log was not read: %v", r.LogUnread)
			}
			if len(r.Problems) != len(c.want) {
				t.Fatalf("problems %q, want %q", r.Problems, c.want)
			}
			for i, want := range c.want {
				if !strings.Contains(r.Problems[i], want) {
					t.Errorf("problem %q, want %q", r.Problems[i], want)
				}
			}
		})
	}
}

func TestInspectingWhatIsNoStoppedNodesDirectory(t *testing.T) {
	t.Parallel()
	if _, err := InspectDir(t.TempDir(), checkState); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an empty directory: %v", err)
	}
	cfg := fastConfig(t, "n1")
	startOne(t, cfg)
	if _, err := InspectDir(cfg.DataDir, checkState); !errors.Is(err, storage.ErrLocked) {
		t.Errorf("of a running node: %v", err)
	}
	if _, err := ReadState(cfg.DataDir); !errors.Is(err, storage.ErrLocked) {
		t.Errorf("the state of a running node: %v", err)
	}
}
