package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/mysqlda/mysqlda/test/bench/observe"
)

// overtime is how long the last operation of a run may take beyond its end.
const overtime = 30 * time.Second

// loop is what one connection does over and over. turn counts its operations
// from 0.
type loop func(turn int) error

// drive runs one loop a connection for as long as the load says, and measures
// from when all of them are connected. An operation that fails ends the run.
func drive(ctx context.Context, l load, loopOf func(c *client, worker int) loop) (s sample, err error) {
	clients, err := connectAll(ctx, l.target.addr, l.connections, &net.Dialer{})
	defer func() { err = errors.Join(err, quitAll(clients)) }()
	if err != nil {
		return sample{}, err
	}
	end := time.Now().Add(l.duration)
	loops := make([]loop, len(clients))
	for i, c := range clients {
		if err := c.socket.SetDeadline(end.Add(overtime)); err != nil {
			return sample{}, err
		}
		loops[i] = loopOf(c, i)
		// A first turn outside the measured time brings everything up.
		if err := loops[i](0); err != nil {
			return sample{}, err
		}
	}
	return measure(ctx, l, loops)
}

// measure runs the loops side by side until the load's time is over or ctx ends.
func measure(ctx context.Context, l load, loops []loop) (sample, error) {
	before, err := observe.CPUOf(l.target.pid)
	if err != nil {
		return sample{}, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	began := time.Now()
	end := began.Add(l.duration)
	latencies := make([][]time.Duration, len(loops))
	var group sync.WaitGroup
	for i, turn := range loops {
		group.Go(func() {
			for n, now := 1, time.Now(); now.Before(end) && ctx.Err() == nil; n++ {
				if err := turn(n); err != nil {
					cancel(err)
					return
				}
				then := now
				now = time.Now()
				latencies[i] = append(latencies[i], now.Sub(then))
			}
		})
	}
	group.Wait()
	elapsed := time.Since(began)
	if err := context.Cause(ctx); err != nil {
		return sample{}, err
	}
	after, err := observe.CPUOf(l.target.pid)
	if err != nil {
		return sample{}, err
	}
	all := slices.Concat(latencies...)
	slices.Sort(all)
	s := sample{rate: float64(len(all)) / elapsed.Seconds(), p50: percentile(all, 0.50), p99: percentile(all, 0.99)}
	s.user, s.system = after.Each(before, len(all))
	return s, nil
}

// connectingAtOnce bounds the logins under way, so that no queue of waiting
// connections overflows: what a storm of them does is another question.
const connectingAtOnce = 64

// connectAll logs n clients in. Those that it returns must be closed, also after
// an error.
func connectAll(ctx context.Context, addr string, n int, dialer *net.Dialer) ([]*client, error) {
	var (
		mu      sync.Mutex
		clients = make([]*client, 0, n)
		errs    []error
		group   sync.WaitGroup
		slots   = make(chan struct{}, connectingAtOnce)
	)
	for range n {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			c, err := connect(ctx, addr, dialer)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, err)
				return
			}
			clients = append(clients, c)
		})
	}
	group.Wait()
	if len(errs) > 0 {
		return clients, fmt.Errorf("%d of %d clients: %w", len(errs), n, errs[0])
	}
	return clients, nil
}

// quitAll ends clients and returns what went wrong first. One that was cut off
// already is not an error.
func quitAll(clients []*client) (first error) {
	for _, c := range clients {
		if err := c.quit(); err != nil && !errors.Is(err, net.ErrClosed) && first == nil {
			first = fmt.Errorf("disconnect: %w", err)
		}
	}
	return first
}
