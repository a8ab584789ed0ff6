package observe

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// CPUTime is how long a process has run on all processors together.
type CPUTime struct{ User, System time.Duration }

// Total is the time in both modes.
func (c CPUTime) Total() time.Duration { return c.User + c.System }

// CPUOf is the CPU time of a process so far; that of process 0, which stands for
// none, is zero. The sum is exact to the scheduler's clock. How it is divided is
// known in hundredths of a second only, which is fine enough for runs of a second.
func CPUOf(pid int) (CPUTime, error) {
	if pid == 0 {
		return CPUTime{}, nil
	}
	total, err := cpuClock(pid)
	if err != nil {
		return CPUTime{}, fmt.Errorf("CPU time of process %d: %w", pid, err)
	}
	user, system, err := cpuTicks(pid)
	if err != nil {
		return CPUTime{}, err
	}
	if user+system == 0 {
		return CPUTime{User: total}, nil
	}
	share := float64(system) / float64(user+system)
	inSystem := time.Duration(share * float64(total))
	return CPUTime{User: total - inSystem, System: inSystem}, nil
}

// cpuTicks reads the fields utime and stime of /proc/PID/stat.
func cpuTicks(pid int) (user, system int64, err error) {
	file := fmt.Sprintf("/proc/%d/stat", pid)
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, 0, err
	}
	// The name, in parentheses, may hold spaces; utime and stime are the 12th and
	// 13th field behind it.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 13 {
		return 0, 0, fmt.Errorf("%s has %d fields", file, len(fields))
	}
	if user, err = strconv.ParseInt(fields[11], 10, 64); err != nil {
		return 0, 0, fmt.Errorf("%s: %w", file, err)
	}
	if system, err = strconv.ParseInt(fields[12], 10, 64); err != nil {
		return 0, 0, fmt.Errorf("%s: %w", file, err)
	}
	return user, system, nil
}

// Each divides the CPU time since before among operations.
func (c CPUTime) Each(before CPUTime, operations int) (user, system time.Duration) {
	n := time.Duration(max(operations, 1))
	return max(0, c.User-before.User) / n, max(0, c.System-before.System) / n
}

// ResidentBytes is the memory of a process that is in RAM (VmRSS).
func ResidentBytes(pid int) (int64, error) { return statusBytes(pid, "VmRSS") }

// PeakBytes is the most memory of a process that was in RAM at a time (VmHWM).
func PeakBytes(pid int) (int64, error) { return statusBytes(pid, "VmHWM") }

func statusBytes(pid int, field string) (int64, error) {
	file := fmt.Sprintf("/proc/%d/status", pid)
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, field+":"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			if err != nil {
				return 0, fmt.Errorf("%s: %w", file, err)
			}
			return kib << 10, nil
		}
	}
	return 0, fmt.Errorf("%s has no %s", file, field)
}
