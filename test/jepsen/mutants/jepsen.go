package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

const (
	// settling is how long a run may take beside injuring: to start, heal, judge.
	settling = 5 * time.Minute
	// ending is how long a run that is interrupted may take to end what it has started.
	ending = 30 * time.Second
)

// The exit codes of test/jepsen.
const (
	allWell   = 0
	notAll    = 1
	attempts  = 2 // of a run that ends with any other
	runOutput = "output"
)

// jepsen runs test/jepsen.
type jepsen struct {
	program string
	env     []string // beside our own
}

// run makes one run with one seed against a mysqlda, below dir. Caught says that a
// check has found something. An attempt that does not work is repeated once; the
// error then says where its output is.
func (j jepsen) run(ctx context.Context, mysqlda string, s Setting, seed uint64, dir string) (caught bool, v verdict, err error) {
	for n := range attempts {
		at := filepath.Join(dir, fmt.Sprintf("seed-%d", seed))
		if n > 0 {
			at += "-again"
		}
		caught, v, err = j.attempt(ctx, mysqlda, s, seed, at)
		if err == nil || ctx.Err() != nil {
			break
		}
	}
	return caught, v, err
}

func (j jepsen) attempt(ctx context.Context, mysqlda string, s Setting, seed uint64, dir string) (caught bool, v verdict, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return false, v, fmt.Errorf("make the run's directory: %w", err)
	}
	output, err := os.Create(filepath.Join(dir, runOutput))
	if err != nil {
		return false, v, fmt.Errorf("make the run's output: %w", err)
	}
	bounded, cancel := context.WithTimeout(ctx, s.Duration+settling)
	defer cancel()
	cmd := exec.CommandContext(bounded, j.program,
		"--mysqlda", mysqlda, "--seed", strconv.FormatUint(seed, 10), "--seeds", "1",
		"--duration", s.Duration.String(), "--nodes", strconv.Itoa(s.Nodes),
		"--nemesis", s.Nemesis, "--workload", s.Workload, "--out", dir)
	cmd.Env = append(os.Environ(), j.env...)
	cmd.Stdout, cmd.Stderr = output, output
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = ending
	err = errors.Join(cmd.Run(), output.Close())
	if ctx.Err() != nil {
		return false, v, context.Cause(ctx)
	}
	switch code := cmd.ProcessState.ExitCode(); {
	case cmd.ProcessState == nil || bounded.Err() != nil || code != allWell && code != notAll:
		return false, v, fmt.Errorf("run with seed %d: %w; see %s", seed, errors.Join(err, bounded.Err()), output.Name())
	default:
		v, err = readVerdict(dir)
		return code == notAll, v, err
	}
}
