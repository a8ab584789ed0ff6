package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	"go.etcd.io/bbolt"
)

const (
	logFile = "raft.db"

	// retainedSnapshots is how many snapshots are kept; the older one is for the
	// case that the newest cannot be read.
	retainedSnapshots = 2
	// logCacheEntries is how many recent log entries stay in memory for followers.
	logCacheEntries = 512
	// fileLockTimeout bounds the wait for the log file's own lock.
	fileLockTimeout = time.Second
)

// stores are where Raft keeps its log, its vote and its snapshots.
type stores struct {
	bolt      *raftboltdb.BoltStore
	log       raft.LogStore
	stable    raft.StableStore
	snapshots raft.SnapshotStore
}

// logExists reports whether dir has a log.
func logExists(dir string) (bool, error) {
	_, err := os.Stat(filepath.Join(dir, logFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// openStores opens what lies in dir or makes it. fatal is called when a write
// fails or stalls.
func openStores(dir string, fatal func(error), logger hclog.Logger) (*stores, error) {
	bolt, err := raftboltdb.New(raftboltdb.Options{
		Path: filepath.Join(dir, logFile),
		BoltOptions: &bbolt.Options{
			Timeout:        fileLockTimeout,
			NoFreelistSync: true,
			FreelistType:   bbolt.FreelistMapType,
		},
		MsgpackUseNewTimeFormat: true,
	})
	if err != nil {
		return nil, fmt.Errorf("opening the log in %s: %w", dir, err)
	}
	snapshots, err := raft.NewFileSnapshotStoreWithLogger(dir, retainedSnapshots, logger)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the snapshots in %s: %w", dir, err), bolt.Close())
	}
	watched := &watchedStore{LogStore: bolt, StableStore: bolt, fatal: fatal}
	cache, err := raft.NewLogCache(logCacheEntries, watched)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making the log cache: %w", err), bolt.Close())
	}
	return &stores{bolt: bolt, log: cache, stable: watched, snapshots: snapshots}, nil
}

func (s *stores) close() error { return s.bolt.Close() }
