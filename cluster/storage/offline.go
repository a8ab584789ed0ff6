package storage

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
)

// StoredSnapshot is a snapshot in a data directory.
type StoredSnapshot struct {
	raft.SnapshotMeta
	meta *snapshotMeta
	dir  string
}

// StoredSnapshots lists the snapshots of a data directory, the newest first. One
// whose description cannot be read is named among the damaged. What was still being
// written is passed over.
func StoredSnapshots(dataDir string) (list []StoredSnapshot, damaged []error, err error) {
	entries, err := os.ReadDir(filepath.Join(dataDir, SnapshotsDir))
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
		dir := filepath.Join(dataDir, SnapshotsDir, e.Name())
		meta, err := readSnapshotMeta(dir)
		if err != nil {
			damaged = append(damaged, fmt.Errorf("snapshot %s: its description cannot be read: %w", e.Name(), err))
			continue
		}
		list = append(list, StoredSnapshot{SnapshotMeta: *meta.forRaft(), meta: meta, dir: dir})
	}
	slices.SortFunc(list, func(a, b StoredSnapshot) int { return newestFirst(a.meta, b.meta) })
	return list, damaged, nil
}

// Path is the file that holds the state.
func (s *StoredSnapshot) Path() string { return filepath.Join(s.dir, stateFile) }

// Read passes the state's file to use, which reads it to its end, and checks it
// meanwhile: what was read counts only if the error is nil.
func (s *StoredSnapshot) Read(use func(io.Reader) error) error {
	file, err := os.Open(s.Path())
	if err != nil {
		return err
	}
	err = s.readFile(file, use)
	return errors.Join(err, file.Close())
}

func (s *StoredSnapshot) readFile(file *os.File, use func(io.Reader) error) error {
	total := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	if err := use(io.TeeReader(file, total)); err != nil {
		return err
	}
	if total.Sum32() != s.meta.StateSum {
		return fmt.Errorf("the state is not the one that %s describes: its checksum is %08x, not %08x", metaFile, total.Sum32(), s.meta.StateSum)
	}
	return nil
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
		return logToRead{}, fmt.Errorf("%w: %s has no %s", ErrDataLost, dir, LogFile)
	}
	bolt, err := raftboltdb.New(raftboltdb.Options{
		Path:        filepath.Join(dir, LogFile),
		BoltOptions: &bbolt.Options{Timeout: fileLockTimeout, ReadOnly: true},
	})
	if err != nil {
		return logToRead{}, fmt.Errorf("opening the log in %s: %w", dir, err)
	}
	return logToRead{&sealedStore{log: bolt, stable: bolt, path: filepath.Join(dir, LogFile)}, bolt}, nil
}

// StoredLog is what the log of a stopped node says of itself.
type StoredLog struct {
	First, Last uint64 // indices; 0 without entries
	LastTerm    uint64
	Term        uint64 // the newest that the node has heard of
}

// DescribeLog reads the log of a stopped node as far as its description needs.
func DescribeLog(dir string) (StoredLog, error) {
	bolt, err := openLogToRead(dir)
	if err != nil {
		return StoredLog{}, err
	}
	log, err := describeLog(bolt)
	if err := errors.Join(err, bolt.close()); err != nil {
		return StoredLog{}, fmt.Errorf("the log cannot be read: %w", err)
	}
	return log, nil
}

func describeLog(bolt logToRead) (l StoredLog, err error) {
	if l.First, err = bolt.FirstIndex(); err != nil {
		return l, err
	}
	if l.Last, err = bolt.LastIndex(); err != nil {
		return l, err
	}
	if l.Term, err = bolt.GetUint64([]byte(termKey)); err != nil && !errors.Is(err, raftboltdb.ErrKeyNotFound) {
		return l, err
	}
	if l.Last == 0 {
		return l, nil
	}
	entry := new(raft.Log)
	if err := bolt.GetLog(l.Last, entry); err != nil {
		return l, fmt.Errorf("entry %d: %w", l.Last, err)
	}
	l.LastTerm = entry.Term
	return l, nil
}
