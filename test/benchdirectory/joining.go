package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mysqlda/mysqlda/test/bench/observe"
)

// joined is what was measured of a node that joins while clients assign core
// objects at the others.
type joined struct {
	Voter                 time.Duration // from its start until it votes
	Ready                 time.Duration // from its start until it serves clients
	Before, During, After assigned
	Peak, Resident        int64 // memory of the new node
}

const (
	// beside is for how long assignments are measured before and after.
	beside = 3 * time.Second
	// votesEvery is how often the others are asked whether the new node votes.
	votesEvery = 50 * time.Millisecond
)

func (s *stage) join(ctx context.Context) (j joined, err error) {
	ctx, cancel := context.WithTimeout(ctx, catchUpTimeout)
	defer cancel()
	clients, err := startAssigning(ctx, addresses(s.old()), &s.next)
	if err != nil {
		return j, err
	}
	defer func() { err = errors.Join(err, clients.end()) }()
	if j.Before, err = takeAfter(ctx, clients, beside); err != nil {
		return j, err
	}
	n := s.fresh()
	began := time.Now()
	if err := n.Launch("--join", s.old()[0].Addresses().Cluster); err != nil {
		return j, err
	}
	if err := await(ctx, n, "the new node votes", votesEvery, func() error { return s.votes(ctx, n) }); err != nil {
		return j, err
	}
	j.Voter = time.Since(began)
	if err := await(ctx, n, "the new node serves clients", readyEvery, func() error { return ready(ctx, n) }); err != nil {
		return j, err
	}
	j.Ready = time.Since(began)
	if j.During, err = clients.take(); err != nil {
		return j, err
	}
	if j.After, err = takeAfter(ctx, clients, beside); err != nil {
		return j, err
	}
	if j.Peak, err = observe.PeakBytes(n.Process().PID()); err != nil {
		return j, err
	}
	if j.Resident, err = observe.ResidentBytes(n.Process().PID()); err != nil {
		return j, err
	}
	held, err := status(ctx, s.old()[0])
	if err != nil {
		return j, err
	}
	return j, awaitPlacements(ctx, n, held.Placements)
}

// takeAfter takes what clients assign from now on for some time.
func takeAfter(ctx context.Context, clients *assigners, d time.Duration) (assigned, error) {
	if _, err := clients.take(); err != nil {
		return assigned{}, err
	}
	select {
	case <-time.After(d):
	case <-ctx.Done():
		return assigned{}, context.Cause(ctx)
	}
	found, err := clients.take()
	if err == nil && found.Latency.Count == 0 {
		err = fmt.Errorf("clients assigned nothing within %v: %s", d, found.Error)
	}
	return found, err
}
