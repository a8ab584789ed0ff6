package storage

import (
	"bufio"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/raft"
	"go.uber.org/zap"
)

const (
	snapshotBuffer = 256 << 10

	// retainedSnapshots is how many snapshots are kept. The log reaches back to the
	// older one, so that nothing is lost with the newer one.
	retainedSnapshots = 2
)

// snapshotStore keeps snapshots. Unlike Raft's own store it knows damage of
// meta.json, leaves nothing behind when a disk is full, and says which file is
// damaged. Its methods may be called from any goroutine.
type snapshotStore struct {
	dir    string
	logger *zap.Logger
	meter  *logMeter

	mu   sync.Mutex
	kept []*snapshotMeta // newest first
}

var _ raft.SnapshotStore = (*snapshotStore)(nil)

// openSnapshots opens the snapshots of a data directory. Those whose meta.json is
// damaged are only in lost.
func openSnapshots(base string, meter *logMeter, logger *zap.Logger) (s *snapshotStore, lost []lostSnapshot, err error) {
	s = &snapshotStore{dir: filepath.Join(base, SnapshotsDir), meter: meter, logger: logger}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, nil, DiskFailure("making the directory of snapshots", base, err)
	}
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, nil, fmt.Errorf("listing the snapshots: %w", err)
	}
	for _, e := range entries {
		path := filepath.Join(s.dir, e.Name())
		index, ok := indexOfName(strings.TrimSuffix(e.Name(), unfinished))
		if !ok || !e.IsDir() {
			continue // not ours, a lost+found perhaps
		}
		if strings.HasSuffix(e.Name(), unfinished) { // of a process that ended meanwhile
			if err := os.RemoveAll(path); err != nil {
				return nil, nil, fmt.Errorf("removing an unfinished snapshot: %w", err)
			}
			continue
		}
		meta, err := readSnapshotMeta(path)
		if err != nil {
			lost = append(lost, lostSnapshot{path: path, index: index, why: err})
			continue
		}
		s.kept = append(s.kept, meta)
	}
	slices.SortFunc(s.kept, newestFirst)
	return s, lost, nil
}

// lostSnapshot is a snapshot that cannot be used.
type lostSnapshot struct {
	path  string
	index uint64 // of the last entry that it held
	why   error
}

// List implements raft.SnapshotStore.
func (s *snapshotStore) List() ([]*raft.SnapshotMeta, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*raft.SnapshotMeta, len(s.kept))
	for i, meta := range s.kept {
		list[i] = meta.forRaft()
	}
	return list, nil
}

// bounds returns the indexes of the newest snapshot and of the oldest one that is
// kept for the case that the newest is damaged. Either is 0 if there is none.
func (s *snapshotStore) bounds() (newest, oldest uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.kept) > 0 {
		newest = s.kept[0].Index
	}
	if len(s.kept) >= retainedSnapshots {
		oldest = s.kept[retainedSnapshots-1].Index
	}
	return newest, oldest
}

// Open implements raft.SnapshotStore: it reads all of a snapshot before it gives
// any of it away. One that turns out to be damaged is given to nobody any more,
// and a new one becomes due.
func (s *snapshotStore) Open(id string) (*raft.SnapshotMeta, io.ReadCloser, error) {
	s.mu.Lock()
	at := slices.IndexFunc(s.kept, func(m *snapshotMeta) bool { return m.ID == id })
	var meta *snapshotMeta
	if at >= 0 {
		meta = s.kept[at]
	}
	s.mu.Unlock()
	if meta == nil {
		return nil, nil, fmt.Errorf("there is no snapshot %s", id)
	}
	file, err := s.openState(meta)
	if errors.Is(err, ErrDamaged) {
		s.logger.Error("a snapshot is damaged; another one is made, of the state in memory", zap.Error(err))
		s.forget(id)
		s.meter.wantSnapshot()
	}
	if err != nil {
		return nil, nil, err
	}
	return meta.forRaft(), &snapshotReader{bufio.NewReaderSize(file, snapshotBuffer), file}, nil
}

// checkOlder reads the snapshots behind the newest, which a start has read already.
// They may be large, and are needed only if the newest is damaged: so this is done
// while the node serves. What it finds Open reports.
func (s *snapshotStore) checkOlder() {
	list, _ := s.List() // never an error
	for i, meta := range list {
		if i == 0 {
			continue
		}
		_, source, err := s.Open(meta.ID)
		if err == nil {
			err = source.Close()
		}
		if err != nil && !errors.Is(err, ErrDamaged) {
			s.logger.Error("an older snapshot cannot be read", zap.Error(err))
		}
	}
}

// openState opens the state of a snapshot if it is whole.
func (s *snapshotStore) openState(meta *snapshotMeta) (*os.File, error) {
	path := filepath.Join(s.pathOf(meta), stateFile)
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, Damaged(path, errors.New("it is missing"))
	}
	if err != nil {
		return nil, fmt.Errorf("opening a snapshot: %w", err)
	}
	total := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	size, err := io.CopyBuffer(struct{ io.Writer }{total}, struct{ io.Reader }{file}, make([]byte, snapshotBuffer))
	switch {
	case err != nil:
		err = fmt.Errorf("reading a snapshot: %w", err)
	case size != meta.Size:
		err = Damaged(path, fmt.Errorf("it has %d bytes and should have %d", size, meta.Size))
	case total.Sum32() != meta.StateSum:
		err = Damaged(path, errWrongSum)
	default:
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

func (s *snapshotStore) pathOf(meta *snapshotMeta) string { return filepath.Join(s.dir, meta.ID) }

func (s *snapshotStore) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = slices.DeleteFunc(s.kept, func(m *snapshotMeta) bool { return m.ID == id })
}

// keep adds a snapshot that is on disk and removes what is not needed any more.
func (s *snapshotStore) keep(meta *snapshotMeta) error {
	s.mu.Lock()
	s.kept = append(s.kept, meta)
	slices.SortFunc(s.kept, newestFirst)
	if len(s.kept) > retainedSnapshots {
		s.kept = slices.Clip(s.kept[:retainedSnapshots])
	}
	s.mu.Unlock()
	return s.sweep()
}

// sweep removes all snapshots that are not kept.
func (s *snapshotStore) sweep() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("listing the snapshots: %w", err)
	}
	for _, e := range entries {
		known := slices.ContainsFunc(s.kept, func(m *snapshotMeta) bool { return m.ID == e.Name() })
		if _, ours := indexOfName(e.Name()); known || !ours || !e.IsDir() {
			continue
		}
		if err := os.RemoveAll(filepath.Join(s.dir, e.Name())); err != nil {
			return fmt.Errorf("removing an old snapshot: %w", err)
		}
	}
	return nil
}

// snapshotReader reads the state of a snapshot.
type snapshotReader struct {
	*bufio.Reader
	file *os.File
}

// Close implements io.Closer.
func (r *snapshotReader) Close() error { return r.file.Close() }
