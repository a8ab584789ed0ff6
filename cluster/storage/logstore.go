package storage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
)

// sealedStore is the log and the vote on disk, each entry and each value with a
// checksum: bbolt has one for its meta pages only. Panics of bbolt become errors.
type sealedStore struct {
	log    raft.LogStore
	stable raft.StableStore
	path   string // of the file, for errors
	meter  *logMeter
	broken atomic.Bool // bbolt has panicked: it must not be called again
}

var (
	_ raft.LogStore    = (*sealedStore)(nil)
	_ raft.StableStore = (*sealedStore)(nil)
)

func (s *sealedStore) call(do func() error) error {
	if s.broken.Load() {
		return Damaged(s.path, errors.New("it could not be read before"))
	}
	err := guarded(s.path, do)
	if errors.Is(err, ErrDamaged) {
		s.broken.Store(true)
	}
	return err
}

// FirstIndex implements raft.LogStore.
func (s *sealedStore) FirstIndex() (index uint64, err error) {
	err = s.call(func() (err error) { index, err = s.log.FirstIndex(); return err })
	return index, err
}

// LastIndex implements raft.LogStore.
func (s *sealedStore) LastIndex() (index uint64, err error) {
	err = s.call(func() (err error) { index, err = s.log.LastIndex(); return err })
	return index, err
}

// GetLog implements raft.LogStore. An entry that is not what was stored is
// ErrDamaged.
func (s *sealedStore) GetLog(index uint64, entry *raft.Log) error {
	err := s.call(func() error { return s.log.GetLog(index, entry) })
	if err != nil {
		if errors.Is(err, raft.ErrLogNotFound) || errors.Is(err, ErrDamaged) {
			return err
		}
		return Damaged(s.path, fmt.Errorf("entry %d cannot be read: %w", index, err))
	}
	if entry.Index != index {
		return Damaged(s.path, fmt.Errorf("entry %d says that it is entry %d", index, entry.Index))
	}
	if err := checkEntry(entry); err != nil {
		return Damaged(s.path, err)
	}
	return nil
}

// StoreLog implements raft.LogStore.
func (s *sealedStore) StoreLog(entry *raft.Log) error { return s.StoreLogs([]*raft.Log{entry}) }

// StoreLogs implements raft.LogStore. Entries that this node makes as leader get
// their checksum here and carry it to the followers, where it is compared: an
// entry that was changed in memory or on the way is refused with errChanged, and
// sent again.
func (s *sealedStore) StoreLogs(entries []*raft.Log) error {
	for _, e := range entries {
		if len(e.Extensions) == 0 {
			e.Extensions = sealOfEntry(e)
		} else if err := checkEntry(e); err != nil {
			return fmt.Errorf("%w: %w", errChanged, err)
		}
	}
	if err := s.call(func() error { return s.log.StoreLogs(entries) }); err != nil {
		return err
	}
	s.meter.appended(entries)
	return nil
}

// errChanged says that an entry came with a checksum that is not its own.
var errChanged = errors.New("the entry was changed on its way from the leader, or in memory")

// DeleteRange implements raft.LogStore.
func (s *sealedStore) DeleteRange(first, last uint64) error {
	return s.call(func() error { return s.log.DeleteRange(first, last) })
}

// Set implements raft.StableStore.
func (s *sealedStore) Set(key, value []byte) error {
	return s.call(func() error { return s.stable.Set(key, seal(key, value)) })
}

// Get implements raft.StableStore. A key that was never set is
// raftboltdb.ErrKeyNotFound, whose text Raft looks at.
func (s *sealedStore) Get(key []byte) (value []byte, err error) {
	err = s.call(func() (err error) { value, err = s.stable.Get(key); return err })
	if err != nil {
		return nil, err
	}
	if value, err = unseal(key, value); err != nil {
		return nil, Damaged(s.path, err)
	}
	return value, nil
}

// SetUint64 implements raft.StableStore.
func (s *sealedStore) SetUint64(key []byte, value uint64) error {
	return s.Set(key, binary.BigEndian.AppendUint64(nil, value))
}

// GetUint64 implements raft.StableStore.
func (s *sealedStore) GetUint64(key []byte) (uint64, error) {
	value, err := s.Get(key)
	if err != nil {
		return 0, err
	}
	if len(value) != 8 {
		return 0, Damaged(s.path, fmt.Errorf("%s has %d bytes", key, len(value)))
	}
	return binary.BigEndian.Uint64(value), nil
}

// isAbsent reports whether a read failed only because nothing is there.
func isAbsent(err error) bool {
	return errors.Is(err, raft.ErrLogNotFound) || errors.Is(err, raftboltdb.ErrKeyNotFound)
}
