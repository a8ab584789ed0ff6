package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	"go.etcd.io/bbolt"
	"go.uber.org/zap"
)

const (
	logFile = "raft.db"

	// logCacheEntries is how many recent log entries stay in memory for followers.
	logCacheEntries = 512
	// fileLockTimeout bounds the wait for the log file's own lock.
	fileLockTimeout = time.Second
)

// stores are where Raft keeps its log, its vote and its snapshots. From the disk
// up: bbolt, sealedStore, watchedStore, Raft's cache of entries.
type stores struct {
	bolt      *raftboltdb.BoltStore
	sealed    *sealedStore
	watched   *watchedStore
	log       raft.LogStore
	stable    raft.StableStore
	snapshots *snapshotStore
	meter     *logMeter
}

// logExists reports whether dir has a log.
func logExists(dir string) (bool, error) {
	_, err := os.Stat(filepath.Join(dir, logFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// openStores opens what lies in dir or makes it. It refuses what is damaged, see
// ErrDamaged, unless all of it is there in another place too. fatal is called when
// a read fails later on, or a write fails or stalls.
func openStores(dir string, cfg RaftConfig, fatal func(error), logger *zap.Logger) (*stores, error) {
	meter := newLogMeter(cfg.SnapshotMinBytes)
	snapshots, lost, err := openSnapshots(dir, meter, logger)
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
	if cfg.logStore != nil {
		disk = cfg.logStore(bolt)
	}
	sealed := &sealedStore{log: disk, stable: bolt, path: filepath.Join(dir, logFile), meter: meter}
	watched := &watchedStore{
		LogStore: sealed, StableStore: sealed, dir: dir, maxStall: cfg.MaxWriteStall, snapshots: snapshots, fatal: fatal,
	}
	cache, err := raft.NewLogCache(logCacheEntries, watched)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making the log cache: %w", err), bolt.Close())
	}
	return &stores{bolt: bolt, sealed: sealed, watched: watched, log: cache, stable: watched, snapshots: snapshots, meter: meter}, nil
}

// openLog opens the log's file, which surveyLog has found whole.
func openLog(dir string) (*raftboltdb.BoltStore, error) {
	path := filepath.Join(dir, logFile)
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
		return nil, diskFailure("opening the log", dir, err)
	}
	return bolt, nil
}

// discardUnusedLog removes a log that no other node has heard of. A crash can leave
// one behind in the middle of Raft's own bootstrap: it has a term, so that Raft
// takes it for used, but no configuration, so that nobody could ever lead. And one
// whose file was made but never filled. While a cluster is being bootstrapped or
// joined no other node knows of either, so no promise is lost.
func discardUnusedLog(dir string, p phase) error {
	path := filepath.Join(dir, logFile)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking for a log: %w", err)
	}
	unused := info.Size() == 0
	if !unused && p == phaseBootstrapping {
		s, err := surveyLog(dir)
		if err != nil {
			return err
		}
		unused = s.last == 0
	}
	if !unused {
		return nil
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("removing an empty log: %w", err)
	}
	return syncDir(dir)
}

// close closes the log's file, unless bbolt has panicked: then the end of the
// process does.
func (s *stores) close() error {
	if s.sealed.broken.Load() {
		return nil
	}
	return s.bolt.Close()
}
