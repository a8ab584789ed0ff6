package nemesis

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// healTimeout bounds healing one injury, which goes on when the run's time is over.
const healTimeout = 60 * time.Second

// Run strikes with the chosen nemeses, alone and together, with calm between, until
// ctx ends; then everything is healed before it returns. The first failure of the
// harness ends it too.
func Run(ctx context.Context, site *Site, chosen []Nemesis) error {
	var err error
	for err == nil && ctx.Err() == nil {
		if len(chosen) == 0 {
			<-ctx.Done()
			break
		}
		err = perform(ctx, site, next(site.Random, chosen))
	}
	return errors.Join(err, healAll(ctx, site))
}

// perform performs an act, and starts again what ended by itself during it.
func perform(ctx context.Context, site *Site, a act) error {
	hold(ctx, a.calm)
	results := make(chan error)
	for _, s := range a.strikes {
		go func() { results <- s.perform(ctx, site) }()
	}
	var errs []error
	for range a.strikes {
		errs = append(errs, <-results)
	}
	healing, done := bounded(ctx)
	defer done()
	return errors.Join(append(errs, revive(healing, site))...)
}

func (s strike) perform(ctx context.Context, site *Site) error {
	hold(ctx, s.after)
	if ctx.Err() != nil {
		return nil
	}
	own := &Site{
		Cluster: site.Cluster, Recorder: site.Recorder, nemesis: s.nemesis.Name,
		Random: rand.New(rand.NewPCG(s.seed[0], s.seed[1])),
	}
	if err := s.nemesis.strike(ctx, own); err != nil {
		return fmt.Errorf("nemesis %s: %w", s.nemesis.Name, err)
	}
	return nil
}

// hold waits for a time, or until ctx ends.
func hold(ctx context.Context, length time.Duration) {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// bounded is the context of steps that must not end half done with the run's: those
// that injure and those that heal.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), healTimeout)
}
