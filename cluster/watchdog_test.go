package cluster

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/raft"
)

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
		"slow":     {&moodyStore{takes: maxWriteStall - time.Millisecond}, false},
		"hanging":  {&moodyStore{takes: maxWriteStall + time.Millisecond}, true},
		"breaking": {&moodyStore{fails: broken}, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				reported := make(chan error, 8)
				s := &watchedStore{LogStore: c.store, StableStore: c.store, fatal: func(err error) { reported <- err }}
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
		s := &watchedStore{StableStore: &moodyStore{fails: broken}, fatal: func(err error) { reported = err }}
		if err := s.SetUint64(nil, 1); !errors.Is(err, broken) || !errors.Is(reported, broken) {
			t.Errorf("returned %v, reported %v", err, reported)
		}
	})
}
