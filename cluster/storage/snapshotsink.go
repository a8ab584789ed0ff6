package storage

import (
	"bufio"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/raft"
	"go.uber.org/zap"
)

// snapshotStall is after how long one step of writing a snapshot is reported.
const snapshotStall = time.Minute

// snapshotSink is a snapshot that is being written, by this node's own schedule
// or because the leader sends one. One goroutine uses it.
type snapshotSink struct {
	store  *snapshotStore
	dir    string // with the suffix unfinished
	meta   snapshotMeta
	file   *os.File
	buffer *bufio.Writer
	held   uint64 // bytes of the log since the last snapshot that this one holds
	failed error  // the first error
	over   bool   // closed or cancelled
}

var _ raft.SnapshotSink = (*snapshotSink)(nil)

// Create implements raft.SnapshotStore.
func (s *snapshotStore) Create(version raft.SnapshotVersion, index, term uint64, configuration raft.Configuration, configurationIndex uint64, _ raft.Transport) (raft.SnapshotSink, error) {
	if version != raft.SnapshotVersionMax {
		return nil, fmt.Errorf("snapshots of version %d are not supported", version)
	}
	meta := snapshotMeta{
		ID: nameOfSnapshot(term, index), Version: version, Index: index, Term: term,
		Configuration: configuration, ConfigurationIndex: configurationIndex,
	}
	sink := &snapshotSink{store: s, dir: filepath.Join(s.dir, meta.ID+unfinished), meta: meta, held: s.meter.upTo(index)}
	if err := sink.step("beginning a snapshot", sink.open); err != nil {
		return nil, errors.Join(err, os.RemoveAll(sink.dir))
	}
	return sink, nil
}

func (s *snapshotSink) open() error {
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(s.dir, stateFile), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	s.file = file
	s.buffer = bufio.NewWriterSize(summedFile{s}, snapshotBuffer)
	return nil
}

// summedFile writes to the file and keeps count.
type summedFile struct{ sink *snapshotSink }

func (w summedFile) Write(b []byte) (int, error) {
	s := w.sink
	n, err := s.file.Write(b)
	s.meta.Size += int64(n)
	s.meta.StateSum = crc32.Update(s.meta.StateSum, crc32.MakeTable(crc32.Castagnoli), b[:n])
	s.store.meter.snapshotBytes.Add(uint64(n))
	return n, err
}

// ID implements raft.SnapshotSink.
func (s *snapshotSink) ID() string { return s.meta.ID }

// Write implements raft.SnapshotSink.
func (s *snapshotSink) Write(b []byte) (int, error) {
	var n int
	err := s.step("writing a snapshot", func() (err error) {
		n, err = s.buffer.Write(b)
		return err
	})
	return n, err
}

// step does a part of the work and says so in the log if it hangs. That is no
// reason to end: the snapshots that are there and the log hold everything.
func (s *snapshotSink) step(what string, do func() error) error {
	alarm := newStallAlarm(snapshotStall, func() {
		s.store.logger.Error(what+" hangs: look after the disk", zap.String("path", s.dir), zap.Duration("for", snapshotStall))
	})
	err := do()
	alarm.stop()
	if err != nil && s.failed == nil {
		s.failed = DiskFailure(what, s.store.dir, err)
	}
	return s.failed
}

// Close implements raft.SnapshotSink: afterwards the snapshot is on disk, or
// nothing of it is left.
func (s *snapshotSink) Close() error {
	if s.over {
		return s.failed
	}
	if s.failed == nil {
		s.failed = s.step("finishing a snapshot", s.finish)
	}
	if s.failed != nil {
		return errors.Join(s.failed, s.Cancel())
	}
	s.over = true
	s.store.meter.snapshotDone(s.held, uint64(s.meta.Size))
	if err := s.store.keep(&s.meta); err != nil {
		s.store.logger.Error("old snapshots remain", zap.Error(err))
	}
	return nil
}

func (s *snapshotSink) finish() error {
	if err := s.buffer.Flush(); err != nil {
		return err
	}
	if err := s.file.Sync(); err != nil {
		return err
	}
	if err := WriteJSON(filepath.Join(s.dir, metaFile), &s.meta, &s.meta.Checksum); err != nil {
		return err
	}
	if err := s.file.Close(); err != nil {
		return err
	}
	if err := os.Rename(s.dir, strings.TrimSuffix(s.dir, unfinished)); err != nil {
		return err
	}
	return SyncDir(s.store.dir)
}

// Cancel implements raft.SnapshotSink: nothing of the snapshot is left, and the
// room that it took is free again.
func (s *snapshotSink) Cancel() error {
	if s.over {
		return nil
	}
	s.over = true
	if err := s.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		s.store.logger.Debug("closing an unfinished snapshot", zap.Error(err))
	}
	for _, dir := range []string{s.dir, strings.TrimSuffix(s.dir, unfinished)} {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("removing an unfinished snapshot: %w", err)
		}
	}
	return nil
}
