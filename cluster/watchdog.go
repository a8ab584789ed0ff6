package cluster

import (
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// stallStep is how often a write that is under way is looked at.
const stallStep = 250 * time.Millisecond

// watchedStore reports writes that fail or hang. Raft does not notice a disk
// that hangs: a leader would go on sending heartbeats and keep the cluster from
// electing another one (hashicorp/raft#503, #614, #696).
type watchedStore struct {
	raft.LogStore
	raft.StableStore
	maxStall time.Duration // how long one write may take
	fatal    func(error)
}

func (s *watchedStore) watch(what string, write func() error) error {
	alarm := newStallAlarm(s.maxStall, func() {
		s.fatal(fmt.Errorf("%s has been under way for more than %s: the disk hangs", what, s.maxStall))
	})
	defer alarm.stop()
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
