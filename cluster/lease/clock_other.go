//go:build !linux

package lease

import "time"

var started = time.Now()

// bootTime is the time since this process was started. Whether that counts while
// the machine is suspended is the system's matter.
func bootTime() time.Duration { return time.Since(started) }
