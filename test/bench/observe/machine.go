package observe

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Machine is what numbers were measured on, in words for a report.
type Machine struct {
	Processor string // "unknown, 2 cores" where the model is not told
	Memory    string
	Load      string // in the last minute, when it was asked for
	Kernel    string
	Go        string // release that this process was built with
	Commit    string // that the working directory has checked out; "unknown" outside of a repository
	Date      string
}

// ThisMachine describes this machine as it is now.
func ThisMachine(ctx context.Context) (Machine, error) {
	m := Machine{
		Processor: fmt.Sprintf("%s, %d cores", procField("/proc/cpuinfo", "model name"), runtime.NumCPU()),
		Memory:    procField("/proc/meminfo", "MemTotal"),
		Go:        runtime.Version(),
		Commit:    commit(ctx),
		Date:      time.Now().UTC().Format(time.DateOnly),
	}
	var system unix.Utsname
	if err := unix.Uname(&system); err != nil {
		return m, fmt.Errorf("name of the kernel: %w", err)
	}
	m.Kernel = unix.ByteSliceToString(system.Sysname[:]) + " " + unix.ByteSliceToString(system.Release[:])
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return m, err
	}
	m.Load, _, _ = strings.Cut(string(load), " ")
	return m, nil
}

// AvailableMemoryBytes is what new processes can have without swapping.
func AvailableMemoryBytes() (int64, error) {
	text := procField("/proc/meminfo", "MemAvailable")
	kib, err := strconv.ParseInt(strings.TrimSuffix(text, " kB"), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("available memory: %w", err)
	}
	return kib << 10, nil
}

func commit(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return "unknown"
	}
	return string(bytes.TrimSpace(out))
}

// procField is the value of the first line "name : value" of a file in /proc,
// "unknown" if there is none: not every processor tells its model.
func procField(file, name string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}
