package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/test/bench/observe"
)

// restored is what was measured of reading a snapshot.
type restored struct {
	Took   time.Duration
	CPU    time.Duration // of the process
	Memory perRecord
	Peak   int64 // memory of the process at most
}

func restore(file string, records int) (r restored, err error) {
	before, err := memoryNow()
	if err != nil {
		return r, err
	}
	f, err := os.Open(file)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	cpu, err := observe.CPUOf(os.Getpid())
	if err != nil {
		return r, err
	}
	m := fsm.New()
	began := time.Now()
	if err := m.Restore(bufio.NewReader(f)); err != nil { // as Raft's snapshot store reads it
		return r, err
	}
	r.Took = time.Since(began)
	after, err := observe.CPUOf(os.Getpid())
	if err != nil {
		return r, err
	}
	r.CPU = after.Total() - cpu.Total()
	if r.Peak, err = observe.PeakBytes(os.Getpid()); err != nil {
		return r, err
	}
	full, err := memoryNow()
	if err != nil {
		return r, err
	}
	r.Memory = full.perRecord(before, records)
	if c := m.Counts(); c.Placements+c.Bindings != uint64(records) {
		return r, fmt.Errorf("%s has restored %d placements and %d bindings, want %d in all", file, c.Placements, c.Bindings, records)
	}
	return r, nil
}
