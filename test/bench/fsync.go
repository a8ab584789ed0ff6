package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

const (
	fsyncs       = 500     // that are measured
	fsyncStep    = 4 << 10 // bytes written before each
	fsyncedBytes = 1 << 20 // of the file, which does not grow meanwhile
)

// latency is how long something takes.
type latency struct{ p50, p99 time.Duration }

// measureFsync measures fdatasync of a page of a file in dir, as a database that
// does not grow needs it.
func measureFsync(dir string) (l latency, err error) {
	f, err := os.CreateTemp(dir, "fsync-")
	if err != nil {
		return l, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	if _, err := f.Write(make([]byte, fsyncedBytes)); err != nil {
		return l, err
	}
	if err := f.Sync(); err != nil {
		return l, err
	}
	page := make([]byte, fsyncStep)
	took := make([]time.Duration, fsyncs)
	for i := range took {
		page[0] = byte(i)
		if _, err := f.WriteAt(page, int64(i*fsyncStep%fsyncedBytes)); err != nil {
			return l, err
		}
		began := time.Now()
		if err := unix.Fdatasync(int(f.Fd())); err != nil {
			return l, fmt.Errorf("fdatasync %s: %w", f.Name(), err)
		}
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return latency{p50: percentile(took, 0.50), p99: percentile(took, 0.99)}, nil
}
