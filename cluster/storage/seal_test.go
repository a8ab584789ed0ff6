package storage

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

func openSealed(t *testing.T) *sealedStore {
	t.Helper()
	dir := t.TempDir()
	bolt, err := openLog(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := bolt.Close(); err != nil {
			t.Error(err)
		}
	})
	return &sealedStore{log: bolt, stable: bolt, path: filepath.Join(dir, LogFile), meter: newLogMeter(0)}
}

func TestEveryPartOfAnEntryIsSealed(t *testing.T) {
	t.Parallel()
	leader := openSealed(t)
	entry := func() *raft.Log {
		return &raft.Log{Index: 7, Term: 3, Type: raft.LogCommand, Data: []byte("command"), AppendedAt: time.Now()}
	}
	sent := entry()
	if err := leader.StoreLog(sent); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*raft.Log){
		"nothing":  func(*raft.Log) {},
		"index":    func(e *raft.Log) { e.Index++ },
		"term":     func(e *raft.Log) { e.Term++ },
		"type":     func(e *raft.Log) { e.Type = raft.LogNoop },
		"data":     func(e *raft.Log) { e.Data[3] ^= 4 },
		"checksum": func(e *raft.Log) { e.Extensions[0] ^= 1 },
	} {
		t.Run(name, func(t *testing.T) {
			got := entry()
			got.Extensions = append([]byte(nil), sent.Extensions...)
			change(got)
			follower := openSealed(t)
			var reported error
			watched := &watchedStore{LogStore: follower, maxStall: time.Minute, fatal: func(err error) { reported = err }}
			err := watched.StoreLogs([]*raft.Log{got})
			if name == "nothing" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, errChanged) {
				t.Errorf("stored with %v", err)
			}
			if last, err := follower.LastIndex(); last != 0 || err != nil {
				t.Errorf("the log ends at %d, %v", last, err)
			}
			if reported != nil {
				t.Errorf("the follower ends, though it may be the network: %v", reported)
			}

			// The same change on the disk.
			if err := follower.log.StoreLog(got); err != nil {
				t.Fatal(err)
			}
			err = follower.GetLog(got.Index, new(raft.Log))
			if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "entry ") || !strings.Contains(err.Error(), LogFile) {
				t.Errorf("read with %v", err)
			}
		})
	}
}

func TestChangedVoteIsDamage(t *testing.T) {
	t.Parallel()
	s := openSealed(t)
	key := []byte("LastVoteTerm")
	if _, err := s.GetUint64(key); err == nil || err.Error() != "not found" { // Raft compares the text
		t.Errorf("a vote that was never given: %v", err)
	}
	if err := s.SetUint64(key, 5); err != nil {
		t.Fatal(err)
	}
	if term, err := s.GetUint64(key); term != 5 || err != nil {
		t.Fatalf("%d, %v", term, err)
	}
	raw, err := s.stable.Get(key)
	if err != nil {
		t.Fatal(err)
	}
	raw[7] ^= 2
	if err := s.stable.Set(key, raw); err != nil {
		t.Fatal(err)
	}
	if term, err := s.GetUint64(key); !errors.Is(err, ErrDamaged) {
		t.Errorf("%d, %v", term, err)
	}
}

// TestFileThatEndsUnderOpenLogIsDamage: bbolt reads through memory, and a read
// behind the end of the file, or one that the disk fails, is a fault.
func TestFileThatEndsUnderOpenLogIsDamage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	filledLog(t, dir, 300)
	bolt, err := openLog(dir)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, LogFile)
	s := &sealedStore{log: bolt, stable: bolt, path: path, meter: newLogMeter(0)}
	if err := os.Truncate(path, 8192); err != nil {
		t.Fatal(err)
	}
	if err := s.GetLog(200, new(raft.Log)); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path) {
		t.Errorf("read with %v", err)
	}
}

// panickyLog is a log whose pages are damaged.
type panickyLog struct{ raft.LogStore }

func (panickyLog) GetLog(uint64, *raft.Log) error {
	panic("assertion failed: page 7: has unexpected type/flags: 0")
}

func TestPanicOfTheLibraryIsDamageAndTheLibraryIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := openSealed(t)
	s.log = panickyLog{s.log}
	for range 2 {
		if err := s.GetLog(1, new(raft.Log)); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), LogFile) {
			t.Errorf("read with %v", err)
		}
	}
	if _, err := s.LastIndex(); !errors.Is(err, ErrDamaged) {
		t.Errorf("it is called again: %v", err)
	}
}
