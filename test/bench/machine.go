package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// machine is what the numbers were measured on and with.
type machine struct {
	processor, kernel, memory, load            string
	mysqlda, server, haproxy, sysbench, golang string
	commit, date                               string
}

func describeMachine(ctx context.Context, o options, p programs) (machine, error) {
	m := machine{
		golang: runtime.Version(),
		date:   time.Now().UTC().Format(time.DateOnly),
		commit: commit(ctx),
	}
	var system unix.Utsname
	if err := unix.Uname(&system); err != nil {
		return m, fmt.Errorf("name of the kernel: %w", err)
	}
	m.kernel = unix.ByteSliceToString(system.Sysname[:]) + " " + unix.ByteSliceToString(system.Release[:])
	server, err := lookUp("mariadbd")
	if err != nil {
		if server, err = lookUp("mysqld"); err != nil {
			return m, err
		}
	}
	for _, ask := range []struct {
		into *string
		args []string
	}{
		{&m.mysqlda, []string{o.mysqlda, "version"}},
		{&m.server, []string{server, "--no-defaults", "--version"}},
		{&m.haproxy, []string{p.haproxy, "-v"}},
		{&m.sysbench, []string{p.sysbench, "--version"}},
	} {
		if *ask.into, err = firstLine(ctx, ask.args...); err != nil {
			return m, err
		}
	}
	m.server = strings.TrimSpace(strings.TrimPrefix(m.server, server))
	m.processor = fmt.Sprintf("%s, %d cores", procField("/proc/cpuinfo", "model name"), runtime.NumCPU())
	m.memory = procField("/proc/meminfo", "MemTotal")
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return m, err
	}
	m.load, _, _ = strings.Cut(string(load), " ")
	return m, nil
}

func firstLine(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, args[0], args[1:]...).Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", strings.Join(args, " "), err)
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line, nil
}

// commit names what the working directory has checked out; "unknown" outside of
// a repository.
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
