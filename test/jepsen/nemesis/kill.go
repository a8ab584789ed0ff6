package nemesis

import (
	"context"
	"errors"
	"slices"
	"time"
)

// A node that was killed is started again after this long.
const minDead, maxDead = 100 * time.Millisecond, 6 * time.Second

// choice is how a strike takes the nodes that it injures.
type choice func(s *Site, ctx context.Context) targets

// Choices.
var (
	theLeader  choice = (*Site).leader
	aMinority  choice = func(s *Site, _ context.Context) targets { return s.minority() }
	oneMember  choice = func(s *Site, _ context.Context) targets { return s.members(1) }
	allMembers choice = func(s *Site, _ context.Context) targets { return s.members(len(s.Cluster.Nodes)) }
)

// kill ends nodes with SIGKILL, all at once, and starts each again some time later.
func kill(chosen choice) func(context.Context, *Site) error {
	return func(ctx context.Context, s *Site) error {
		nodes := chosen(s, ctx)
		defer nodes.free()
		return s.killFor(ctx, nodes, minDead, maxDead, nil)
	}
}

// killFor kills nodes, does something to what is left of them (nil: nothing), and
// starts each again after a time of its own.
func (s *Site) killFor(ctx context.Context, nodes targets, shortest, longest time.Duration, dead func(target) error) error {
	began := time.Now()
	results := make(chan error)
	for _, n := range nodes {
		go func() { results <- n.Kill() }()
	}
	type corpse struct {
		target
		until  time.Duration
		healed func()
	}
	var corpses []corpse
	for _, n := range nodes {
		corpses = append(corpses, corpse{n, between(s.Random, shortest, longest), s.injured("kill", n.ID)})
	}
	var errs []error
	for range nodes {
		errs = append(errs, <-results)
	}
	slices.SortFunc(corpses, func(a, b corpse) int { return int(a.until - b.until) })
	for _, c := range corpses {
		if dead != nil {
			errs = append(errs, dead(c.target))
		}
		hold(ctx, c.until-time.Since(began))
		errs = append(errs, s.start(ctx, c.target))
		c.healed()
	}
	return errors.Join(errs...)
}

// start starts a node's process again, if it does not run and is still a member.
func (s *Site) start(ctx context.Context, n target) error {
	if !n.Member() || n.Running() {
		return nil
	}
	ctx, done := bounded(ctx)
	defer done()
	return s.Cluster.Start(ctx, n.Node)
}
