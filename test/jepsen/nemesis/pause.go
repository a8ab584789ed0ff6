package nemesis

import (
	"context"
	"errors"
	"time"
)

// How long nodes stand still. A long time is longer than a leader's lease and an
// election together.
const (
	minInstant, maxInstant = 100 * time.Millisecond, time.Second
	minLong, maxLong       = 7 * time.Second, 12 * time.Second
)

// pausable is a process that can stand still.
type pausable interface {
	Pause() error
	Resume() error
	Running() bool
}

// pause has nodes stand still, all for the same time.
func pause(chosen choice, shortest, longest time.Duration) func(context.Context, *Site) error {
	return func(ctx context.Context, s *Site) error {
		nodes := chosen(s, ctx)
		defer nodes.free()
		length := between(s.Random, shortest, longest)
		var processes []pausable
		for _, n := range nodes {
			processes = append(processes, n)
		}
		return s.still(ctx, length, nodes.String(), processes...)
	}
}

// stutter pauses the leader again and again, whoever leads then: some of it falls in
// the middle of commits.
func stutter(ctx context.Context, s *Site) error {
	var errs []error
	for range 3 + s.Random.IntN(5) {
		if ctx.Err() != nil {
			break
		}
		nodes, length, calm := s.leader(ctx), between(s.Random, minInstant, 2*maxInstant), between(s.Random, minInstant, maxInstant)
		for _, n := range nodes {
			errs = append(errs, s.still(ctx, length, n.ID, n))
		}
		nodes.free()
		hold(ctx, calm)
	}
	return errors.Join(errs...)
}

// still has processes stand still for a time.
func (s *Site) still(ctx context.Context, length time.Duration, names string, processes ...pausable) error {
	if len(processes) == 0 {
		return nil
	}
	healed := s.injured("pause", names)
	var errs []error
	for _, p := range processes {
		// One that ends at the very moment cannot be paused.
		if err := p.Pause(); err != nil && p.Running() {
			errs = append(errs, err)
		}
	}
	hold(ctx, length)
	for _, p := range processes {
		errs = append(errs, p.Resume())
	}
	healed()
	return errors.Join(errs...)
}
