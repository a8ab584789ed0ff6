package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
)

// writing is one snapshot written to a file, until the disk has it.
type writing struct {
	Bytes   int64
	Records uint64
	Took    time.Duration
	CPU     time.Duration // of the one thread that writes
}

// capture captures the machine now and returns what writes it.
func capture(m *fsm.Machine, file string) func() (writing, error) {
	s, counts := m.Snapshot(), m.Counts()
	return func() (w writing, err error) {
		defer lockThread()()
		w.Records = counts.Placements + counts.Bindings
		began := time.Now()
		cpu, err := threadTime()
		if err != nil {
			return w, err
		}
		if w.Bytes, err = writeFile(s, file); err != nil {
			return w, err
		}
		after, err := threadTime()
		w.Took, w.CPU = time.Since(began), after-cpu
		return w, err
	}
}

func writeFile(s *fsm.Snapshot, file string) (n int64, err error) {
	f, err := os.Create(file)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if n, err = s.WriteTo(f); err != nil {
		return n, err
	}
	return n, f.Sync()
}

// captures is how often the capture of a snapshot is timed.
const captures = 100

func captureTimes(m *fsm.Machine) latency {
	var h histogram
	for range captures {
		began := time.Now()
		m.Snapshot()
		h.add(time.Since(began))
	}
	return h.latency()
}

const (
	// paceEvery is how often a command of manyItems is applied beside a snapshot:
	// 64,000 items a second, more than a cluster of small machines assigns.
	paceEvery = 4 * time.Millisecond
	// paceTime is how long that goes on at least.
	paceTime = 2 * time.Second
)

// besides applies commands at a steady pace, first alone, then while one snapshot
// after another is written to file, which it removes. It returns how many items it
// has added, from first on.
func (f *feeder) besides(first int, file string) (alone, beside applying, added int, err error) {
	defer lockThread()()
	stop := make(chan struct{})
	next := first
	batches, ended := feed(stop, func() ([]byte, bool, error) {
		b, err := assignments(next, manyItems).Encode()
		next += manyItems
		return b, true, err
	})
	defer func() {
		close(stop)
		err = errors.Join(err, ended())
	}()
	timer := time.NewTimer(paceTime)
	defer timer.Stop()
	n, err := f.paced(batches, &alone, func() (bool, error) {
		select {
		case <-timer.C:
			return true, nil
		default:
			return false, nil
		}
	})
	if added += n; err != nil {
		return alone, beside, added, err
	}
	n, err = f.pacedBesideSnapshots(batches, &beside, file)
	added += n
	return alone, beside, added, errors.Join(err, os.Remove(file))
}

func (f *feeder) pacedBesideSnapshots(batches <-chan []byte, into *applying, file string) (int, error) {
	enough := time.Now().Add(paceTime)
	written := f.writeInBackground(file)
	n, err := f.paced(batches, into, func() (bool, error) {
		select {
		case err := <-written:
			written = nil
			if err != nil || time.Now().After(enough) {
				return true, err
			}
			written = f.writeInBackground(file)
		default:
		}
		return false, nil
	})
	if written != nil {
		err = errors.Join(err, <-written)
	}
	return n, err
}

func (f *feeder) writeInBackground(file string) chan error {
	written := make(chan error, 1)
	write := capture(f.machine, file)
	go func() {
		_, err := write()
		written <- err
	}()
	return written
}

// paced applies a command each paceEvery until done says so, and returns how many
// items that were.
func (f *feeder) paced(batches <-chan []byte, into *applying, done func() (bool, error)) (items int, err error) {
	ticker := time.NewTicker(paceEvery)
	defer ticker.Stop()
	for range ticker.C {
		if end, err := done(); end || err != nil {
			return items, err
		}
		batch, ok := <-batches
		if !ok {
			return items, fmt.Errorf("there are no more commands")
		}
		if err := f.apply(batch, into); err != nil {
			return items, err
		}
		items += manyItems
	}
	return items, nil
}
