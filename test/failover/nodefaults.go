package main

import (
	"context"
	"errors"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
)

// killLeader kills the node that leads; the others go on.
func killLeader(ctx context.Context, r *run) error {
	leader, err := r.cluster.Leader(ctx)
	if err != nil {
		return err
	}
	if err := r.killNode(leader); err != nil {
		return err
	}
	// The leases from before have run out by then.
	if err := r.pass(ctx, 2*lease); err != nil {
		return err
	}
	return r.awaitWrites(ctx)
}

// switchTime is about how long a switch takes.
const switchTime = 1500 * time.Millisecond

// killBoth kills the active server, and the node that leads somewhere in the middle of
// the switch.
func killBoth(ctx context.Context, r *run) error {
	leader, err := r.cluster.Leader(ctx)
	if err != nil {
		return err
	}
	active, err := r.active(ctx)
	if err != nil {
		return err
	}
	if err := r.killServer(active); err != nil {
		return err
	}
	if err := r.pass(ctx, time.Duration(r.random.Int64N(int64(switchTime)))); err != nil {
		return err
	}
	if err := r.killNode(leader); err != nil {
		return err
	}
	return r.awaitMove(ctx, active)
}

func freezeFollower(ctx context.Context, r *run) error {
	followers, err := r.cluster.Followers(ctx)
	if err != nil {
		return err
	}
	return r.freeze(ctx, followers[r.random.IntN(len(followers))])
}

func freezeLeader(ctx context.Context, r *run) error {
	leader, err := r.cluster.Leader(ctx)
	if err != nil {
		return err
	}
	return r.freeze(ctx, leader)
}

// lease is how long a node may use a library that it has asked for: the product's
// default.
const lease = 6 * time.Second

// freeze stops a node, kills the active server, and lets the node go on when it has
// been out for longer than a lease and another server is active.
func (r *run) freeze(ctx context.Context, n *cluster.Node) error {
	active, err := r.active(ctx)
	if err != nil {
		return err
	}
	if err := r.pauseNode(n); err != nil {
		return err
	}
	frozen := time.Now()
	if err := r.killServer(active); err != nil {
		return err
	}
	if err := r.awaitMove(ctx, active); err != nil {
		return err
	}
	if err := r.pass(ctx, 2*lease-time.Since(frozen)); err != nil {
		return err
	}
	// The old server is back before the node wakes up, which has connections to it.
	if err := r.restartServer(ctx, active); err != nil {
		return err
	}
	return errors.Join(r.awaitWrites(ctx))
}
