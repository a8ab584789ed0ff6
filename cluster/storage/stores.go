package storage

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	"go.etcd.io/bbolt"
	"go.uber.org/zap"
)

const (
	// LogFile has the log of a data directory, and the vote.
	LogFile = "raft.db"

	// logCacheEntries is how many recent log entries stay in memory for followers.
	logCacheEntries = 512
	// fileLockTimeout bounds the wait for the log file's own lock.
	fileLockTimeout = time.Second
)

// Config says how the stores of a running node behave. All fields but Disk are
// needed.
type Config struct {
	SnapshotMinBytes uint64        // so much log makes a snapshot due, unless the last one was large; see snapshotDue
	MaxWriteStall    time.Duration // a write to the log that takes longer is a failure
	// Fatal is called when a read fails, or a write fails or stalls. The node must
	// end then. It must not block.
	Fatal  func(error)
	Logger *zap.Logger
	// Disk, in tests, puts a disk with faults in front of the log's file.
	Disk func(raft.LogStore) raft.LogStore
}

// Stores are where Raft keeps its log, its vote and its snapshots. From the disk
// up: bbolt, sealedStore, watchedStore, Raft's cache of entries. The methods may be
// called from any goroutine.
//
// What is written has reached the disk when a call returns without an error.
// Where Raft would panic of an error its goroutine is ended instead, after Fatal
// was called: of an entry that cannot be read, and a term that cannot be written.
type Stores struct {
	Log       raft.LogStore
	Stable    raft.StableStore
	Snapshots raft.SnapshotStore

	bolt      *raftboltdb.BoltStore
	sealed    *sealedStore
	watched   *watchedStore
	snapshots *snapshotStore
	meter     *logMeter
}

// OpenStores opens what lies in dir or makes it. It refuses what is damaged, see
// ErrDamaged, unless all of it is there in another place too; and with
// ErrDataLost what lacks a part.
func OpenStores(dir string, cfg Config) (*Stores, error) {
	meter := newLogMeter(cfg.SnapshotMinBytes)
	snapshots, lost, err := openSnapshots(dir, meter, cfg.Logger)
	if err != nil {
		return nil, err
	}
	survey, err := surveyLog(dir)
	if err != nil {
		return nil, err
	}
	if err := snapshots.reconcile(survey, lost); err != nil {
		return nil, err
	}
	bolt, err := openLog(dir)
	if err != nil {
		return nil, err
	}
	var disk raft.LogStore = bolt
	if cfg.Disk != nil {
		disk = cfg.Disk(bolt)
	}
	sealed := &sealedStore{log: disk, stable: bolt, path: filepath.Join(dir, LogFile), meter: meter}
	watched := &watchedStore{
		LogStore: sealed, StableStore: sealed, dir: dir, maxStall: cfg.MaxWriteStall, snapshots: snapshots, fatal: cfg.Fatal,
	}
	cache, err := raft.NewLogCache(logCacheEntries, watched)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making the log cache: %w", err), bolt.Close())
	}
	return &Stores{
		Log: cache, Stable: watched, Snapshots: snapshots,
		bolt: bolt, sealed: sealed, watched: watched, snapshots: snapshots, meter: meter,
	}, nil
}

// Failure is the first error that Fatal was called with, or nil.
func (s *Stores) Failure() error { return s.watched.failure() }

// CheckOlderSnapshots reads the snapshots behind the newest, which OpenStores has
// read already. It may take long. If one is damaged, another one becomes due.
func (s *Stores) CheckOlderSnapshots() { s.snapshots.checkOlder() }

// SnapshotDue reports whether a snapshot should be taken now.
func (s *Stores) SnapshotDue() bool { return s.meter.due() }

// Written returns how many bytes this process appended to the log and wrote to
// snapshots, failed ones included.
func (s *Stores) Written() (log, snapshots uint64) {
	return s.meter.logBytes.Load(), s.meter.snapshotBytes.Load()
}

// LastSnapshot returns the size of the last snapshot, and the bytes that were
// appended to the log since.
func (s *Stores) LastSnapshot() (size, since uint64) {
	since, size = s.meter.reading()
	return size, since
}

// Close closes the log's file, unless bbolt has panicked: then the end of the
// process does.
func (s *Stores) Close() error {
	if s.sealed.broken.Load() {
		return nil
	}
	return s.bolt.Close()
}

// openLog opens the log's file, which surveyLog has found whole.
func openLog(dir string) (*raftboltdb.BoltStore, error) {
	path := filepath.Join(dir, LogFile)
	var bolt *raftboltdb.BoltStore
	err := guarded(path, func() (err error) {
		bolt, err = raftboltdb.New(raftboltdb.Options{
			Path: path,
			BoltOptions: &bbolt.Options{
				Timeout:        fileLockTimeout,
				NoFreelistSync: true,
				FreelistType:   bbolt.FreelistMapType,
			},
			MsgpackUseNewTimeFormat: true,
		})
		return err
	})
	if err != nil {
		return nil, DiskFailure("opening the log", dir, err)
	}
	return bolt, nil
}
