package lease

import (
	"time"

	"golang.org/x/sys/unix"
)

// bootTime is the time since the machine was started, suspended or not. Go's own
// clock stands still while it is suspended.
func bootTime() time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		panic("this kernel has no CLOCK_BOOTTIME, which Linux has since 2.6.39: " + err.Error())
	}
	return time.Duration(now.Nano())
}
