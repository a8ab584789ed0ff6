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
	logFile      = "raft.db"
	snapshotsDir = "snapshots" // as Raft names it

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
func openStores(dir string, cfg RaftConfig, fatal func(error), logger hclog.Logger) (*stores, error) {
	bolt, err := openLog(dir)
	if err != nil {
		return nil, err
	}
	snapshots, err := raft.NewFileSnapshotStoreWithLogger(dir, retainedSnapshots, logger)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the snapshots in %s: %w", dir, err), bolt.Close())
	}
	var disk raft.LogStore = bolt
	if cfg.logStore != nil {
		disk = cfg.logStore(bolt)
	}
	watched := &watchedStore{LogStore: disk, StableStore: bolt, maxStall: cfg.MaxWriteStall, fatal: fatal}
	cache, err := raft.NewLogCache(logCacheEntries, watched)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making the log cache: %w", err), bolt.Close())
	}
	s := &stores{bolt: bolt, log: cache, stable: watched, snapshots: snapshots}
	if err := s.checkWhole(); err != nil {
		return nil, errors.Join(fmt.Errorf("data directory %s: %w", dir, err), s.close())
	}
	return s, nil
}

func openLog(dir string) (*raftboltdb.BoltStore, error) {
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
	return bolt, nil
}

// discardEmptyLog removes a log without entries. A crash can leave one behind in
// the middle of Raft's own bootstrap: it has a term, so that Raft takes it for
// used, but no configuration, so that nobody could ever lead. While a cluster is
// being bootstrapped no other node knows of it, so no promise is lost.
func discardEmptyLog(dir string) error {
	if exists, err := logExists(dir); err != nil || !exists {
		return err
	}
	bolt, err := openLog(dir)
	if err != nil {
		return err
	}
	last, err := bolt.LastIndex()
	if err = errors.Join(err, bolt.Close()); err != nil {
		return fmt.Errorf("looking into the log in %s: %w", dir, err)
	}
	if last > 0 {
		return nil
	}
	if err := os.Remove(filepath.Join(dir, logFile)); err != nil {
		return fmt.Errorf("removing an empty log: %w", err)
	}
	return syncDir(dir)
}

// checkWhole reports whether log and snapshots together reach back to the
// beginning: Raft would panic when it missed an entry between them.
func (s *stores) checkWhole() error {
	first, err := s.bolt.FirstIndex()
	if err != nil || first <= 1 {
		return err
	}
	list, err := s.snapshots.List()
	if err != nil {
		return fmt.Errorf("listing the snapshots: %w", err)
	}
	for _, snapshot := range list {
		if snapshot.Index >= first-1 {
			return nil
		}
	}
	return fmt.Errorf("%w: it begins at entry %d, and no snapshot holds what was before; restore the directory snapshots, or remove this node from its cluster and let it join with an empty directory and another node id", ErrDataLost, first)
}

func (s *stores) close() error { return s.bolt.Close() }
