package nemesis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/child"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// syncCalls are how a node makes sure that something is on disk.
const syncCalls = "fsync,fdatasync"

// failSync has every sync of a node fail for a time. A node ends itself over the first
// one; it is started again.
func failSync(ctx context.Context, s *Site) error {
	nodes := leaderOrOne(s, ctx)
	defer nodes.free()
	length := between(s.Random, minFull, maxFull)
	var errs []error
	for _, n := range nodes {
		errs = append(errs, s.disturbSync(ctx, n, "fsync fails", "error=EIO", length))
	}
	return errors.Join(errs...)
}

// slowSync has every sync of a node take longer for a time: some milliseconds, or so
// long that the node takes its disk for broken and ends itself.
func slowSync(ctx context.Context, s *Site) error {
	nodes := leaderOrOne(s, ctx)
	defer nodes.free()
	length := between(s.Random, minFull, maxCut)
	delay := between(s.Random, 5*time.Millisecond, 500*time.Millisecond)
	if s.Random.IntN(3) == 0 {
		delay = between(s.Random, time.Second, 20*time.Second)
	}
	var errs []error
	for _, n := range nodes {
		errs = append(errs, s.disturbSync(ctx, n, "fsync takes "+delay.Round(time.Millisecond).String(), fmt.Sprintf("delay_enter=%dms", delay.Milliseconds()), length))
	}
	return errors.Join(errs...)
}

// disturbSync has strace change the syncs of a node for a time.
func (s *Site) disturbSync(ctx context.Context, n target, kind, change string, length time.Duration) error {
	var said bytes.Buffer
	cmd := exec.Command("strace", "-f", "-p", fmt.Sprint(n.Process().PID()), "-o", os.DevNull,
		"-e", "trace="+syncCalls, "-e", "inject="+syncCalls+":"+change)
	cmd.Stderr = &said
	healed := s.injured(kind, n.ID)
	tracer, err := child.Start(cmd)
	if err != nil {
		return err
	}
	if err = traced(ctx, n, tracer); err == nil {
		hold(ctx, length)
	}
	// What strace held up goes on, and the node is nobody's any more.
	err = errors.Join(err, tracer.Kill())
	if err != nil {
		err = fmt.Errorf("%w: %s", err, &said)
	}
	err = errors.Join(err, s.startOnceEnded(ctx, n))
	healed()
	return err
}

// traceTimeout bounds how long strace may take to get hold of a node.
const traceTimeout = 20 * time.Second

// traced waits until every thread of a node is traced, or the node has ended.
func traced(ctx context.Context, n target, tracer *child.Process) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), traceTimeout)
	defer cancel()
	return wait.For(ctx, "every thread of "+n.ID+" is traced", func(context.Context) error {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", n.Process().PID()))
		switch {
		case !n.Running():
			return nil
		case !tracer.Running(): // maybe because the node is about to end
			return errors.New("strace has ended: " + tracer.State())
		case err != nil || len(threads) == 0:
			return fmt.Errorf("no threads of %s (%w)", n.ID, err)
		}
		for _, thread := range threads {
			text, err := os.ReadFile(thread)
			if err == nil && strings.Contains(string(text), "TracerPid:\t0\n") {
				return fmt.Errorf("%s is not traced", thread)
			}
		}
		return nil
	})
}
