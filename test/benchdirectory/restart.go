package main

import (
	"context"
	"fmt"
	"time"

	"github.com/mysqlda/mysqlda/test/bench/observe"
	"github.com/mysqlda/mysqlda/test/harness/cluster"
)

// restarted is what was measured of a node that ended and started again.
type restarted struct {
	Took          time.Duration // from its start until it serves clients
	Before, After int64         // memory
	Peak          int64         // memory at most since the new start
}

// restarts is a follower's start after a graceful end and after kill -9.
type restarts struct{ Stopped, Killed restarted }

// readyEvery is how often a node that starts is asked whether it is ready.
const readyEvery = 5 * time.Millisecond

func (s *stage) restart(ctx context.Context) (r restarts, err error) {
	ctx, cancel := context.WithTimeout(ctx, catchUpTimeout)
	defer cancel()
	followers, err := s.cluster.Followers(ctx)
	if err != nil {
		return r, err
	}
	n := followers[0]
	if r.Stopped, err = again(ctx, n, func() error { return n.Stop(ctx) }); err != nil {
		return r, err
	}
	r.Killed, err = again(ctx, n, n.Kill)
	return r, err
}

func again(ctx context.Context, n *cluster.Node, end func() error) (r restarted, err error) {
	held, err := status(ctx, n)
	if err != nil {
		return r, err
	}
	if r.Before, err = observe.ResidentBytes(n.Process().PID()); err != nil {
		return r, err
	}
	if err := end(); err != nil {
		return r, fmt.Errorf("end node %s: %w\n%s", n.ID, err, n.LogTail())
	}
	began := time.Now()
	if err := n.Launch(); err != nil {
		return r, err
	}
	if err := await(ctx, n, "node "+n.ID+" serves clients again", readyEvery, func() error { return ready(ctx, n) }); err != nil {
		return r, err
	}
	r.Took = time.Since(began)
	if r.After, err = observe.ResidentBytes(n.Process().PID()); err != nil {
		return r, err
	}
	if r.Peak, err = observe.PeakBytes(n.Process().PID()); err != nil {
		return r, err
	}
	return r, awaitPlacements(ctx, n, held.Placements)
}
