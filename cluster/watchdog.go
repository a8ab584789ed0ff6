package cluster

import (
	"fmt"
	"time"

	"github.com/hashicorp/raft"
)

// maxWriteStall is how long one write to the log may take. Raft does not notice
// a disk that hangs: a leader would go on sending heartbeats and keep the
// cluster from electing another one (hashicorp/raft#503, #614, #696).
const maxWriteStall = 5 * time.Second

// watchedStore reports writes that fail or take too long.
type watchedStore struct {
	raft.LogStore
	raft.StableStore
	fatal func(error)
}

func (s *watchedStore) watch(what string, write func() error) error {
	alarm := time.AfterFunc(maxWriteStall, func() {
		s.fatal(fmt.Errorf("%s has been under way for more than %s: the disk hangs", what, maxWriteStall))
	})
	defer alarm.Stop()
	err := write()
	if err != nil {
		s.fatal(fmt.Errorf("%s: %w", what, err))
	}
	return err
}

// StoreLog implements raft.LogStore.
func (s *watchedStore) StoreLog(log *raft.Log) error {
	return s.watch("writing to the log", func() error { return s.LogStore.StoreLog(log) })
}

// StoreLogs implements raft.LogStore.
func (s *watchedStore) StoreLogs(logs []*raft.Log) error {
	return s.watch("writing to the log", func() error { return s.LogStore.StoreLogs(logs) })
}

// DeleteRange implements raft.LogStore. Deleting many entries after a snapshot
// may take long, so only its failure is reported.
func (s *watchedStore) DeleteRange(first, last uint64) error {
	err := s.LogStore.DeleteRange(first, last)
	if err != nil {
		s.fatal(fmt.Errorf("deleting old entries of the log: %w", err))
	}
	return err
}

// Set implements raft.StableStore.
func (s *watchedStore) Set(key, value []byte) error {
	return s.watch("writing the vote", func() error { return s.StableStore.Set(key, value) })
}

// SetUint64 implements raft.StableStore.
func (s *watchedStore) SetUint64(key []byte, value uint64) error {
	return s.watch("writing the term", func() error { return s.StableStore.SetUint64(key, value) })
}
