package workload

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
)

// clientsEach is how many numbers of clients each workload has.
const clientsEach = 100

// stage is a site as one workload of a run sees it.
type stage struct {
	*Site
	names *names // that the workloads of the directory share
	first int    // number of its clients
}

// stream is the randomness of one client.
func (s *stage) stream(client int) *rand.Rand {
	return rand.New(rand.NewPCG(s.Seed, uint64(client)))
}

// clients runs so many clients until each of them has ended.
func (s *stage) clients(ctx context.Context, count int, run func(context.Context, *client) error) error {
	errs := make([]error, count)
	var running sync.WaitGroup
	for i := range count {
		c := &client{stage: s, number: s.first + i, random: s.stream(s.first + i)}
		running.Go(func() { errs[i] = run(ctx, c) })
	}
	running.Wait()
	return errors.Join(errs...)
}
