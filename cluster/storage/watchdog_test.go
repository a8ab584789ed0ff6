package storage

import (
	"errors"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/raft"
)

const testStall = 5 * time.Second

// moodyStore is a log whose writes take a while and may fail.
type moodyStore struct {
	raft.LogStore
	raft.StableStore
	takes time.Duration
	fails error
}

func (s *moodyStore) StoreLogs([]*raft.Log) error {
	time.Sleep(s.takes) // the clock of the synctest bubble
	return s.fails
}

func (s *moodyStore) GetLog(uint64, *raft.Log) error { return s.fails }

func (s *moodyStore) SetUint64([]byte, uint64) error { return s.fails }

func TestWatchdogReportsWritesThatFailOrHang(t *testing.T) {
	broken := errors.New("input/output error")
	for name, c := range map[string]struct {
		store *moodyStore
		fatal bool
	}{
		"good":     {&moodyStore{takes: time.Second}, false},
		"slow":     {&moodyStore{takes: testStall - time.Millisecond}, false},
		"hanging":  {&moodyStore{takes: testStall + time.Millisecond}, true},
		"breaking": {&moodyStore{fails: broken}, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				reported := make(chan error, 8)
				s := &watchedStore{LogStore: c.store, StableStore: c.store, maxStall: testStall, fatal: func(err error) { reported <- err }}
				if err := s.StoreLogs(nil); !errors.Is(err, c.store.fails) {
					t.Errorf("the write returned %v", err)
				}
				synctest.Wait()
				if got := len(reported) > 0; got != c.fatal {
					t.Errorf("reported: %v", got)
				}
			})
		})
	}
	t.Run("term", func(t *testing.T) {
		var reported error
		s := &watchedStore{StableStore: &moodyStore{fails: broken}, maxStall: testStall, fatal: func(err error) { reported = err }}
		if !endsGoroutine(func() { s.SetUint64(nil, 1) }) {
			t.Error("Raft goes on, and panics")
		}
		if !errors.Is(reported, broken) || s.failure() != reported {
			t.Errorf("reported %v, remembered %v", reported, s.failure())
		}
	})
}

// endsGoroutine reports whether f ends the goroutine that calls it.
func endsGoroutine(f func()) bool {
	ended, done := true, make(chan struct{})
	go func() {
		defer close(done)
		f()
		ended = false
	}()
	<-done
	return ended
}

func TestReadsThatFailAreReportedAndAnEntryThatIsNotThereIsNot(t *testing.T) {
	for _, c := range []struct {
		fails error
		fatal bool
	}{
		{raft.ErrLogNotFound, false},
		{nil, false},
		{Damaged("raft.db", errWrongSum), true},
		{syscall.EIO, true},
	} {
		var reported error
		s := &watchedStore{LogStore: &moodyStore{fails: c.fails}, dir: "data", fatal: func(err error) { reported = err }}
		ended := endsGoroutine(func() {
			if err := s.GetLog(1, nil); !errors.Is(err, c.fails) {
				t.Errorf("%v became %v", c.fails, err)
			}
		})
		if ended != c.fatal || (reported != nil) != c.fatal {
			t.Errorf("%v: goroutine ended %v, reported %v", c.fails, ended, reported)
		}
	}
}

func TestPauseOfTheProcessIsNoHangingDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alarms := 0
		a := newStallAlarm(testStall, func() { alarms++ })
		defer a.stop()
		now := time.Now().Add(time.Minute) // the process stood still
		a.look(now)
		if alarms > 0 {
			t.Fatal("a pause of the process was taken for a hanging disk")
		}
		for range testStall / stallStep {
			now = now.Add(stallStep)
			a.look(now)
		}
		if alarms != 1 {
			t.Errorf("%d alarms for a disk that hangs after a pause", alarms)
		}
	})
}
