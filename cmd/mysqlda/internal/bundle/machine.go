package bundle

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// factFiles tell of a Linux machine. None of them is there elsewhere.
var factFiles = []string{
	"/etc/os-release", "/proc/version", "/proc/uptime", "/proc/loadavg", "/proc/meminfo", "/proc/pressure/io", "/proc/pressure/cpu",
	"/sys/fs/cgroup/cpu.max", "/sys/fs/cgroup/memory.max", "/proc/sys/net/core/somaxconn",
}

// machine tells of the program and of the machine that it runs on.
func machine(in Input) string {
	var out strings.Builder
	fmt.Fprintf(&out, "mysqlda %s (%s %s/%s)\n", in.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	fmt.Fprintf(&out, "time %s\n", time.Now().Format(time.RFC3339Nano))
	fmt.Fprintf(&out, "processors %d\n", runtime.NumCPU())
	fmt.Fprintf(&out, "user id %d\n", os.Getuid())
	if host, err := os.Hostname(); err == nil {
		fmt.Fprintf(&out, "host %s\n", host)
	}
	for _, path := range factFiles {
		if text, err := os.ReadFile(path); err == nil {
			fmt.Fprintf(&out, "\n== %s\n%s", path, text)
		}
	}
	return out.String()
}
