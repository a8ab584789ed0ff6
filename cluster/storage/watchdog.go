package storage

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
)

// stallStep is how often a write that is under way is looked at.
const stallStep = 250 * time.Millisecond

// watchedStore reports reads and writes that fail, and writes that hang. Raft does
// not notice a disk that hangs: a leader would go on sending heartbeats and keep the
// cluster from electing another one (hashicorp/raft#503, #614, #696). No write is
// tried again: after a sync that failed nobody knows what is on disk.
type watchedStore struct {
	raft.LogStore
	raft.StableStore
	dir       string        // the data directory, for errors
	maxStall  time.Duration // how long one write may take
	snapshots interface {
		bounds() (newest, oldest uint64)
	}
	fatal func(error)

	first atomic.Pointer[error] // the first error that was reported
}

func (s *watchedStore) report(what string, err error) {
	err = DiskFailure(what, s.dir, err)
	s.first.CompareAndSwap(nil, &err)
	s.fatal(err)
}

// failure is the first error that was reported, or nil.
func (s *watchedStore) failure() error {
	if err := s.first.Load(); err != nil {
		return *err
	}
	return nil
}

func (s *watchedStore) watch(what string, write func() error) error {
	alarm := newStallAlarm(s.maxStall, func() {
		s.report(what, fmt.Errorf("it has been under way for more than %s: the disk hangs", s.maxStall))
	})
	defer alarm.stop()
	err := write()
	if err != nil && !errors.Is(err, errChanged) {
		s.report(what, err)
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

// GetLog implements raft.LogStore.
func (s *watchedStore) GetLog(index uint64, log *raft.Log) error {
	err := s.LogStore.GetLog(index, log)
	if err != nil && !isAbsent(err) {
		s.report("reading the log", err)
		runtime.Goexit() // see SetUint64
	}
	return err
}

// FirstIndex implements raft.LogStore.
func (s *watchedStore) FirstIndex() (uint64, error) { return s.index(s.LogStore.FirstIndex) }

// LastIndex implements raft.LogStore.
func (s *watchedStore) LastIndex() (uint64, error) { return s.index(s.LogStore.LastIndex) }

func (s *watchedStore) index(read func() (uint64, error)) (uint64, error) {
	index, err := read()
	if err != nil {
		s.report("reading the log", err)
	}
	return index, err
}

// Get implements raft.StableStore.
func (s *watchedStore) Get(key []byte) ([]byte, error) {
	value, err := s.StableStore.Get(key)
	if err != nil && !isAbsent(err) {
		s.report("reading the vote", err)
	}
	return value, err
}

// GetUint64 implements raft.StableStore.
func (s *watchedStore) GetUint64(key []byte) (uint64, error) {
	value, err := s.StableStore.GetUint64(key)
	if err != nil && !isAbsent(err) {
		s.report("reading the term", err)
	}
	return value, err
}

// Set implements raft.StableStore.
func (s *watchedStore) Set(key, value []byte) error {
	return s.watch("writing the vote", func() error { return s.StableStore.Set(key, value) })
}

// SetUint64 implements raft.StableStore. Raft would panic of a term that cannot be
// written, and the process would end with a stack trace before it could say why.
// So the goroutine that asked, which is Raft's, ends here instead.
func (s *watchedStore) SetUint64(key []byte, value uint64) error {
	err := s.watch("writing the term", func() error { return s.StableStore.SetUint64(key, value) })
	if err != nil {
		runtime.Goexit()
	}
	return err
}

// stallAlarm goes off once something has hung for a time in which this process
// ran. A process that stood still itself, with its virtual machine perhaps, says
// nothing about its disk: such a pause counts as one step, however long it was.
type stallAlarm struct {
	max   time.Duration
	alarm func()

	mu     sync.Mutex
	timer  *time.Timer
	looked time.Time     // when the last step was counted
	hung   time.Duration // so far
	over   bool
}

func newStallAlarm(maxStall time.Duration, alarm func()) *stallAlarm {
	a := &stallAlarm{max: maxStall, alarm: alarm, looked: time.Now()}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.timer = time.AfterFunc(a.step(), func() { a.look(time.Now()) })
	return a
}

// step is the time to the next look; the last one is at the very end.
func (a *stallAlarm) step() time.Duration { return min(stallStep, a.max-a.hung) }

func (a *stallAlarm) look(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over {
		return
	}
	a.hung += min(now.Sub(a.looked), a.step())
	a.looked = now
	if a.hung >= a.max {
		a.over = true
		a.alarm()
		return
	}
	a.timer.Reset(a.step())
}

func (a *stallAlarm) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.over = true
	a.timer.Stop()
}
