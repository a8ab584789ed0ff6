package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/hosts"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// writesTimeout bounds how long it may take until writes go on.
const writesTimeout = 60 * time.Second

// awaitWrites waits until a write that is sent from now on is acknowledged through
// every node that runs and that nothing was done to, or that was mended.
func (r *run) awaitWrites(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, writesTimeout)
	defer cancel()
	now := time.Now()
	return wait.For(ctx, "writes go on", func(context.Context) error {
		var errs []error
		for _, n := range r.cluster.Nodes {
			if last := r.load.lastAcked(moving, n.ID); !last.After(now) && (r.mended || !r.touched[n]) {
				errs = append(errs, fmt.Errorf("node %s has acknowledged none since %s", n.ID, clock(last)))
			}
		}
		return errors.Join(errs...)
	})
}

// note notes that something is broken from now on.
func (r *run) note(format string, args ...any) {
	r.mended = false
	if r.struck.IsZero() {
		r.struck = time.Now()
	}
	r.say(format, args...)
}

func (r *run) killServer(server *mysqld.Server) error {
	r.note("kill server %s", server.Addr())
	r.down[server] = true
	return server.Kill()
}

func (r *run) restartServer(ctx context.Context, server *mysqld.Server) error {
	r.say("start server %s again", server.Addr())
	delete(r.down, server)
	return server.Restart(ctx)
}

func (r *run) pauseServer(server *mysqld.Server) error {
	r.note("stop server %s in its tracks", server.Addr())
	r.asleep[server] = true
	return server.Pause()
}

func (r *run) resumeServer(server *mysqld.Server) error {
	r.say("let server %s go on", server.Addr())
	delete(r.asleep, server)
	return server.Resume()
}

// awaitLine waits until a node has said something, and looks as often as the steps of a
// switch follow each other.
func (r *run) awaitLine(ctx context.Context, n *cluster.Node, what string) error {
	ctx, cancel := context.WithTimeout(ctx, writesTimeout)
	defer cancel()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for {
		text, err := os.ReadFile(n.LogFile())
		if err != nil {
			return err
		}
		if bytes.Contains(text, []byte(strconv.Quote(what))) {
			return nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return fmt.Errorf("node %s does not say %q: %w", n.ID, what, ctx.Err())
		}
	}
}

func (r *run) killNode(n *cluster.Node) error {
	r.note("kill node %s", n.ID)
	r.touched[n] = true
	return n.Kill()
}

func (r *run) pauseNode(n *cluster.Node) error {
	r.note("stop node %s in its tracks", n.ID)
	r.touched[n], r.blind[n], r.paused[n] = true, true, true
	return n.Pause()
}

func (r *run) resumeNode(n *cluster.Node) error {
	r.say("let node %s go on", n.ID)
	delete(r.paused, n)
	return n.Resume()
}

func (r *run) cut(ctx context.Context, links []hosts.Link, ports ...int) error {
	r.note("cut %d links", len(links))
	return r.network.Cut(ctx, links, ports...)
}

// onMending has something done when the rest is mended.
func (r *run) onMending(do func(context.Context) error) { r.mending = append(r.mending, do) }

// mend ends everything that is broken, and waits until all nodes serve clients.
func (r *run) mend(ctx context.Context) error {
	errs := []error{r.network.Heal(ctx)}
	for _, do := range r.mending {
		errs = append(errs, do(ctx))
	}
	r.mending = nil
	for server := range r.asleep {
		errs = append(errs, r.resumeServer(server))
	}
	for n := range r.paused {
		errs = append(errs, r.resumeNode(n))
	}
	for server := range r.down {
		errs = append(errs, r.restartServer(ctx, server))
	}
	for _, n := range r.cluster.Nodes {
		if !n.Running() {
			r.say("start node %s again", n.ID)
			errs = append(errs, n.Launch())
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for _, n := range r.cluster.Nodes {
		errs = append(errs, n.WaitReady(ctx))
	}
	clear(r.blind)
	r.mended = true
	return errors.Join(errs...)
}
