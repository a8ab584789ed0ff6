package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// threadTime is how long this thread has run so far: what other threads do in the
// meantime on its processor is not in it.
func threadTime() (time.Duration, error) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		return 0, err
	}
	return time.Duration(ts.Nano()), nil
}
