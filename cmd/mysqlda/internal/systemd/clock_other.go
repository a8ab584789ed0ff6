//go:build !linux

package systemd

import "time"

// monotonic has no meaning without systemd, which runs on Linux only.
func monotonic() (time.Duration, error) { return 0, nil }
