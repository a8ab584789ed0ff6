package cluster

import (
	"errors"
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
	t.Run("vote", func(t *testing.T) {
		var reported error
		s := &watchedStore{StableStore: &moodyStore{fails: broken}, maxStall: testStall, fatal: func(err error) { reported = err }}
		if err := s.SetUint64(nil, 1); !errors.Is(err, broken) || !errors.Is(reported, broken) {
			t.Errorf("returned %v, reported %v", err, reported)
		}
	})
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
