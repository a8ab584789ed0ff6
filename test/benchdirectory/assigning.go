package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// assignerCount is how many clients assign core objects while something else is
// measured: two at each node.
const assignerCount = 6

// assigners are clients that assign new core objects, each one after another and
// without a pause, until they are ended.
type assigners struct {
	clients []*client
	ended   atomic.Bool
	group   sync.WaitGroup

	mu       sync.Mutex
	times    histogram
	failed   uint64
	firstErr error // a refusal that was counted
	broken   error // what ended a client
}

// assigned is what assigners did in some time.
type assigned struct {
	Latency latency
	Failed  uint64 // assignments that were refused
	Error   string // of the first of them
}

// startAssigning connects to those addresses. next numbers the core objects.
func startAssigning(ctx context.Context, addrs []string, next *atomic.Int64) (*assigners, error) {
	clients, err := connectAll(ctx, addrs, assignerCount)
	if err != nil {
		return nil, errors.Join(err, closeAll(clients))
	}
	a := &assigners{clients: clients}
	for _, c := range clients {
		a.group.Go(func() { a.run(c, next) })
	}
	return a, nil
}

func (a *assigners) run(c *client, next *atomic.Int64) {
	for !a.ended.Load() {
		packet := selectLibrary(coreName(int(next.Add(1) - 1)))
		began := time.Now()
		err := c.do(packet)
		if !a.count(time.Since(began), err) {
			return
		}
	}
}

// count counts one assignment and tells whether its client can go on.
func (a *assigners) count(took time.Duration, err error) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err == nil {
		a.times.add(took)
		return true
	}
	var r *refusal
	if !errors.As(err, &r) {
		a.broken = errors.Join(a.broken, fmt.Errorf("a client that assigns core objects: %w", err))
		return false
	}
	a.failed++
	if a.firstErr == nil {
		a.firstErr = err
	}
	return true
}

// take returns what was assigned since it was called last. The error is that of a
// client which could not go on.
func (a *assigners) take() (assigned, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	found := assigned{Latency: a.times.latency(), Failed: a.failed}
	if a.firstErr != nil {
		found.Error = a.firstErr.Error()
	}
	a.times, a.failed, a.firstErr = histogram{}, 0, nil
	return found, a.broken
}

// end lets every client finish what it has begun.
func (a *assigners) end() error {
	a.ended.Store(true)
	a.group.Wait()
	return closeAll(a.clients)
}
