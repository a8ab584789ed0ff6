package cluster

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	"go.etcd.io/bbolt"

	"github.com/mysqlda/mysqlda/fsm"
)

// What follows reads the data directory of a stopped node and changes nothing in
// it, so that a disk can be mounted read-only and a doubtful copy stays as it is.

// storedSnapshot is a snapshot in a data directory.
type storedSnapshot struct {
	*snapshotMeta
	dir string
}

// storedSnapshots lists the snapshots of a data directory, the newest first. One
// whose description cannot be read is named among the damaged. What was still being
// written is passed over.
func storedSnapshots(dataDir string) (list []storedSnapshot, damaged []error, err error) {
	entries, err := os.ReadDir(filepath.Join(dataDir, snapshotsDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("listing the snapshots: %w", err)
	}
	for _, e := range entries {
		if _, ours := indexOfName(e.Name()); !ours || !e.IsDir() {
			continue
		}
		dir := filepath.Join(dataDir, snapshotsDir, e.Name())
		meta, err := readSnapshotMeta(dir)
		if err != nil {
			damaged = append(damaged, fmt.Errorf("snapshot %s: its description cannot be read: %w", e.Name(), err))
			continue
		}
		list = append(list, storedSnapshot{meta, dir})
	}
	slices.SortFunc(list, func(a, b storedSnapshot) int { return newestFirst(a.snapshotMeta, b.snapshotMeta) })
	return list, damaged, nil
}

// path is the file that holds the state.
func (s *storedSnapshot) path() string { return filepath.Join(s.dir, stateFile) }

// read checks the state's file and passes it to use.
func (s *storedSnapshot) read(use func(io.Reader) error) error {
	file, err := os.Open(s.path())
	if err != nil {
		return err
	}
	err = s.readFile(file, use)
	return errors.Join(err, file.Close())
}

func (s *storedSnapshot) readFile(file *os.File, use func(io.Reader) error) error {
	total := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	if err := use(io.TeeReader(file, total)); err != nil {
		return err
	}
	if total.Sum32() != s.StateSum {
		return fmt.Errorf("the state is not the one that %s describes: its checksum is %08x, not %08x", metaFile, total.Sum32(), s.StateSum)
	}
	return nil
}

func votersOf(servers raft.Configuration) []string {
	ids := []string{}
	for _, s := range servers.Servers {
		if s.Suffrage == raft.Voter {
			ids = append(ids, string(s.ID))
		}
	}
	return ids
}

// logToRead is the log of a stopped node, which is not changed.
type logToRead struct {
	*sealedStore
	bolt *raftboltdb.BoltStore
}

func (l logToRead) close() error {
	if l.broken.Load() {
		return nil // the end of the process does it
	}
	return l.bolt.Close()
}

// openLogToRead opens the log of a stopped node without changing it.
func openLogToRead(dir string) (logToRead, error) {
	survey, err := surveyLog(dir)
	if err != nil {
		return logToRead{}, err
	}
	if !survey.exists {
		return logToRead{}, fmt.Errorf("%w: %s has no %s", ErrDataLost, dir, logFile)
	}
	bolt, err := raftboltdb.New(raftboltdb.Options{
		Path:        filepath.Join(dir, logFile),
		BoltOptions: &bbolt.Options{Timeout: fileLockTimeout, ReadOnly: true},
	})
	if err != nil {
		return logToRead{}, fmt.Errorf("opening the log in %s: %w", dir, err)
	}
	return logToRead{&sealedStore{log: bolt, stable: bolt, path: filepath.Join(dir, logFile)}, bolt}, nil
}

// storedLog is what a log says of itself.
type storedLog struct {
	first, last uint64 // indices; 0 without entries
	lastTerm    uint64
	term        uint64 // the newest that the node has heard of
}

func describeLog(bolt logToRead) (l storedLog, err error) {
	if l.first, err = bolt.FirstIndex(); err != nil {
		return l, err
	}
	if l.last, err = bolt.LastIndex(); err != nil {
		return l, err
	}
	if l.term, err = bolt.GetUint64([]byte(raftTerm)); err != nil && !errors.Is(err, raftboltdb.ErrKeyNotFound) {
		return l, err
	}
	if l.last == 0 {
		return l, nil
	}
	entry := new(raft.Log)
	if err := bolt.GetLog(l.last, entry); err != nil {
		return l, fmt.Errorf("entry %d: %w", l.last, err)
	}
	l.lastTerm = entry.Term
	return l, nil
}

// storedState is everything that a stopped node remembers.
type storedState struct {
	machine *fsm.Machine
	last    position
	servers raft.Configuration // the latest, decided or not
	damaged []error            // snapshots that were passed over
}

// readState puts together the newest snapshot that can be read and the log after
// it, entries that may not have been decided included. It needs the memory of a
// node.
func readState(dir string) (_ storedState, err error) {
	snapshots, damaged, err := storedSnapshots(dir)
	if err != nil {
		return storedState{}, err
	}
	s := storedState{machine: fsm.New(), damaged: damaged}
	for i := range snapshots {
		meta := &snapshots[i]
		if err := meta.read(s.machine.Restore); err != nil {
			s.machine = fsm.New() // it may have been read before its sum was wrong
			s.damaged = append(s.damaged, fmt.Errorf("snapshot %s: %w", meta.ID, err))
			continue
		}
		s.last = position{index: meta.Index, term: meta.Term}
		s.servers = meta.Configuration
		break
	}
	bolt, err := openLogToRead(dir)
	if err != nil {
		return storedState{}, err
	}
	err = errors.Join(s.readLog(bolt), bolt.close())
	if err != nil {
		return storedState{}, fmt.Errorf("data directory %s: %w", dir, err)
	}
	return s, nil
}

// readLog carries out the log's commands after the snapshot.
func (s *storedState) readLog(bolt logToRead) error {
	log, err := describeLog(bolt)
	if err != nil {
		return err
	}
	if from := s.last.index + 1; log.last >= from && log.first > from || log.last == 0 && s.last.index == 0 {
		return errors.Join(append([]error{fmt.Errorf("%w: there is no entry %d", ErrDataLost, from)}, s.damaged...)...)
	}
	for index := s.last.index + 1; index <= log.last; index++ {
		entry := new(raft.Log)
		if err := bolt.GetLog(index, entry); err != nil {
			return fmt.Errorf("%w: entry %d: %w", ErrDataLost, index, err)
		}
		switch entry.Type {
		case raft.LogCommand:
			if _, err := s.machine.Apply(entry.Index, entry.Data); err != nil {
				return err
			}
		case raft.LogConfiguration:
			s.servers = raft.DecodeConfiguration(entry.Data)
		}
		s.last = position{index: entry.Index, term: entry.Term}
	}
	return nil
}
