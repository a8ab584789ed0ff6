package storage

import (
	"bytes"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// fixedBounds are snapshots up to two entries.
type fixedBounds struct{ newest, oldest uint64 }

func (b fixedBounds) bounds() (newest, oldest uint64) { return b.newest, b.oldest }

// deletions records what is deleted of a log that reaches up to an entry.
type deletions struct {
	raft.LogStore
	last  uint64
	steps [][2]uint64
}

func (d *deletions) LastIndex() (uint64, error) { return d.last, nil }

func (d *deletions) DeleteRange(first, last uint64) error {
	d.steps = append(d.steps, [2]uint64{first, last})
	return nil
}

func TestLogIsDeletedInStepsThatLeaveNoGap(t *testing.T) {
	t.Parallel()
	const n = deleteStep
	for name, c := range map[string]struct {
		snapshots   fixedBounds
		first, last uint64
		end         uint64 // of the log
		want        [][2]uint64
	}{
		"beginning":               {fixedBounds{9 * n, 3 * n}, 1, 9 * n, 10 * n, [][2]uint64{{1, n}, {n + 1, 2 * n}, {2*n + 1, 3 * n}}},
		"short beginning":         {fixedBounds{9, 3}, 1, 9, 10, [][2]uint64{{1, 3}}},
		"all is still needed":     {fixedBounds{9, 3}, 4, 9, 10, nil},
		"one snapshot only":       {fixedBounds{9, 0}, 1, 9, 10, nil},
		"idle":                    {fixedBounds{9, 3}, 1, 9, 9, [][2]uint64{{1, 3}}},
		"the leader's snapshot":   {fixedBounds{900, 3}, 1, 10, 10, [][2]uint64{{1, 10}}},
		"end":                     {fixedBounds{9, 3}, 20, 20 + 2*n, 20 + 2*n, [][2]uint64{{21 + n, 20 + 2*n}, {21, 20 + n}, {20, 20}}},
		"short end":               {fixedBounds{9, 3}, 20, 25, 25, [][2]uint64{{20, 25}}},
		"end, before a snapshot":  {fixedBounds{}, 2, 5, 5, [][2]uint64{{2, 5}}},
		"all, before a snapshot":  {fixedBounds{}, 1, 5, 5, [][2]uint64{{1, 5}}},
		"end behind the snapshot": {fixedBounds{19, 3}, 20, 25, 25, [][2]uint64{{20, 25}}},
	} {
		t.Run(name, func(t *testing.T) {
			log := &deletions{last: c.end}
			s := &watchedStore{LogStore: log, maxStall: time.Minute, snapshots: c.snapshots, fatal: func(err error) { t.Error(err) }}
			if err := s.DeleteRange(c.first, c.last); err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(log.steps) != fmt.Sprint(c.want) {
				t.Errorf("%v, not %v", log.steps, c.want)
			}
		})
	}
}

func TestAppendsGetInBetweenWhileALongLogIsDeleted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bolt, err := openLog(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer bolt.Close()
	const entries = 60_000
	var batch []*raft.Log
	for i := uint64(1); i <= entries; i++ {
		batch = append(batch, &raft.Log{Index: i, Data: bytes.Repeat([]byte("x"), 100)})
	}
	sealed := &sealedStore{log: bolt, stable: bolt, path: filepath.Join(dir, LogFile), meter: newLogMeter(0)}
	if err := sealed.StoreLogs(batch); err != nil {
		t.Fatal(err)
	}
	s := &watchedStore{LogStore: sealed, maxStall: time.Minute, snapshots: fixedBounds{entries, entries}, fatal: func(err error) { t.Error(err) }}
	var over atomic.Bool
	go func() {
		if err := s.DeleteRange(1, entries); err != nil {
			t.Error(err)
		}
		over.Store(true)
	}()
	eventually(t, "the deletion to begin", func() error {
		first, err := s.FirstIndex()
		if err == nil && first == 1 {
			err = fmt.Errorf("the log begins at %d", first)
		}
		return err
	})
	between := 0
	for i := uint64(entries + 1); !over.Load(); i++ {
		if err := s.StoreLog(&raft.Log{Index: i}); err != nil {
			t.Fatal(err)
		}
		between++
	}
	first, err := s.FirstIndex()
	if err != nil || first != entries+1 {
		t.Errorf("the log begins at %d (%v)", first, err)
	}
	if between < 5 { // the last one may have come after the deletion
		t.Errorf("%d appends got in between", between)
	}
}
