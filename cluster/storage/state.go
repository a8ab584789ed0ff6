package storage

import (
	"errors"
	"fmt"

	"github.com/hashicorp/raft"

	"github.com/mysqlda/mysqlda/fsm"
)

// State is everything that a stopped node remembers.
type State struct {
	Machine *fsm.Machine
	Last    Position           // of the last entry
	Servers raft.Configuration // the latest, decided or not
	Damaged []error            // snapshots that were passed over
}

// ReadState puts together the newest snapshot that can be read and the log after
// it, entries that may not have been decided included. It needs the memory of a
// node. It does not look at the lock.
func ReadState(dir string) (_ State, err error) {
	snapshots, damaged, err := StoredSnapshots(dir)
	if err != nil {
		return State{}, err
	}
	s := State{Machine: fsm.New(), Damaged: damaged}
	for i := range snapshots {
		meta := &snapshots[i]
		if err := meta.Read(s.Machine.Restore); err != nil {
			s.Machine = fsm.New() // it may have been read before its sum was wrong
			s.Damaged = append(s.Damaged, fmt.Errorf("snapshot %s: %w", meta.ID, err))
			continue
		}
		s.Last = Position{Index: meta.Index, Term: meta.Term}
		s.Servers = meta.Configuration
		break
	}
	bolt, err := openLogToRead(dir)
	if err != nil {
		return State{}, err
	}
	err = errors.Join(s.readLog(bolt), bolt.close())
	if err != nil {
		return State{}, fmt.Errorf("data directory %s: %w", dir, err)
	}
	return s, nil
}

// readLog carries out the log's commands after the snapshot.
func (s *State) readLog(bolt logToRead) error {
	log, err := describeLog(bolt)
	if err != nil {
		return err
	}
	if from := s.Last.Index + 1; log.Last >= from && log.First > from || log.Last == 0 && s.Last.Index == 0 {
		return errors.Join(append([]error{fmt.Errorf("%w: there is no entry %d", ErrDataLost, from)}, s.Damaged...)...)
	}
	for index := s.Last.Index + 1; index <= log.Last; index++ {
		entry := new(raft.Log)
		if err := bolt.GetLog(index, entry); err != nil {
			return fmt.Errorf("%w: entry %d: %w", ErrDataLost, index, err)
		}
		switch entry.Type {
		case raft.LogCommand:
			if _, err := s.Machine.Apply(entry.Index, entry.Data); err != nil {
				return err
			}
		case raft.LogConfiguration:
			s.Servers = raft.DecodeConfiguration(entry.Data)
		}
		s.Last = Position{Index: entry.Index, Term: entry.Term}
	}
	return nil
}
