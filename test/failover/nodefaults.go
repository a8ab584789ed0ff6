package main

import (
	"context"
	"slices"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/hosts"
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

// Moments of a switch at which killBoth kills the node that leads: when it has said
// one of these, or some time after the server's death.
var moments = []string{
	saysBegin, saysPhase + "released", saysPhase + "fenced", saysPhase + "chosen", saysPhase + "active",
	"", // anywhere in switchTime
}

// switchTime is longer than most switches take.
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
	moment := moments[r.random.IntN(len(moments))]
	if err := r.killServer(active); err != nil {
		return err
	}
	if moment == "" {
		err = r.pass(ctx, time.Duration(r.random.Int64N(int64(switchTime))))
	} else {
		r.say("wait for %q", moment)
		err = r.awaitLine(ctx, leader, moment)
	}
	if err != nil {
		return err
	}
	if err := r.killNode(leader); err != nil {
		return err
	}
	return r.awaitMove(ctx, active)
}

// killLater kills a node that does not lead, and the active server when the node's
// lease has run out.
func killLater(ctx context.Context, r *run) error {
	followers, err := r.cluster.Followers(ctx)
	if err != nil {
		return err
	}
	if err := r.killNode(followers[r.random.IntN(len(followers))]); err != nil {
		return err
	}
	if err := r.pass(ctx, 2*lease); err != nil {
		return err
	}
	return killActive(ctx, r)
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

// The product's defaults.
const (
	lease    = 6 * time.Second  // a node may use a library for so long after it has asked
	cooldown = 10 * time.Second // between a switch and the next one that nobody asks for
)

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
	return r.awaitWrites(ctx)
}

// wakeUp stops a node and cuts the active server off from all others, so that nobody
// can fence it, and lets the node go on when another server is active: it has
// connections to the old server that still work.
func wakeUp(ctx context.Context, r *run) error {
	active, err := r.active(ctx)
	if err != nil {
		return err
	}
	n := r.cluster.Nodes[r.random.IntN(len(r.cluster.Nodes))]
	links := r.network.Around(r.hostOfServer(active))
	links = slices.DeleteFunc(links, func(l hosts.Link) bool { return l.From == r.hostOf(n) || l.To == r.hostOf(n) })
	if err := r.pauseNode(n); err != nil {
		return err
	}
	if err := r.cut(ctx, links); err != nil {
		return err
	}
	if err := r.awaitMove(ctx, active); err != nil {
		return err
	}
	if err := r.resumeNode(n); err != nil {
		return err
	}
	return r.awaitWrites(ctx)
}
