package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// sysbench drives oltp_point_select in the text protocol.
type sysbench struct {
	duration time.Duration
}

// result is one run.
type result struct {
	rate   float64       // queries a second
	median time.Duration // latency
	cpu    time.Duration // of the process in between, for each query
}

func (b sysbench) command(ctx context.Context, t target, args ...string) ([]byte, error) {
	host, p, err := net.SplitHostPort(t.addr)
	if err != nil {
		return nil, err
	}
	args = append([]string{
		"oltp_point_select", "--mysql-host=" + host, "--mysql-port=" + p,
		"--mysql-user=" + user, "--mysql-password=" + password, "--mysql-db=" + database,
		"--tables=1", "--table-size=10000", "--db-ps-mode=disable",
	}, args...)
	out, err := exec.CommandContext(ctx, "sysbench", args...).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("sysbench (install it first): %w\n%s", err, bytes.TrimSpace(out))
	}
	return out, nil
}

func (b sysbench) prepare(ctx context.Context, t target) error {
	_, err := b.command(ctx, t, "prepare")
	return err
}

var (
	ratePattern   = regexp.MustCompile(`queries: +\d+ +\(([\d.]+) per sec\.\)`)
	countPattern  = regexp.MustCompile(`queries: +(\d+)`)
	medianPattern = regexp.MustCompile(`50th percentile: +([\d.]+)`)
)

func (b sysbench) run(ctx context.Context, t target, connections int) (result, error) {
	before, err := cpuTime(t.pid)
	if err != nil {
		return result{}, err
	}
	out, err := b.command(ctx, t, "--threads="+strconv.Itoa(connections),
		"--time="+strconv.Itoa(int(b.duration.Seconds())), "--percentile=50", "run")
	if err != nil {
		return result{}, err
	}
	after, err := cpuTime(t.pid)
	if err != nil {
		return result{}, err
	}
	rate, err := number(ratePattern, out)
	if err != nil {
		return result{}, err
	}
	count, err := number(countPattern, out)
	if err != nil {
		return result{}, err
	}
	median, err := number(medianPattern, out)
	if err != nil {
		return result{}, err
	}
	return result{
		rate:   rate,
		median: time.Duration(median * float64(time.Millisecond)),
		cpu:    time.Duration(float64(after-before) / max(count, 1)),
	}, nil
}

func number(pattern *regexp.Regexp, out []byte) (float64, error) {
	m := pattern.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("sysbench printed nothing like %q:\n%s", pattern, out)
	}
	return strconv.ParseFloat(string(m[1]), 64)
}

// clockTick is the unit of /proc/PID/stat on Linux (USER_HZ).
const clockTick = time.Second / 100

// cpuTime is how long a process has run on all processors together.
func cpuTime(pid int) (time.Duration, error) {
	if pid == 0 {
		return 0, nil
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The name, in parentheses, may hold spaces; utime and stime are the 12th and
	// 13th field behind it.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/%d/stat: %w", pid, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * clockTick, nil
}
