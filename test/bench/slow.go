package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

const (
	slowSessions = 64
	slowTime     = 5 * time.Second // how long they read
	slowBytes    = 1 << 10         // that each reads a second
	// slowReceive is the receive buffer of a slow reader's socket, so that the
	// kernel does not read for it.
	slowReceive = 4 << 10
	// lookEvery is how often the memory is looked at meanwhile.
	lookEvery = 100 * time.Millisecond
)

const slowTitle = "slow readers of large results"

// measureSlow takes the most memory that was in use while every session was in
// the middle of a large result that its client reads slowly.
func (b *bench) measureSlow(ctx context.Context, s *stage) error {
	if err := sysbenchPrepare(ctx, b.programs.sysbench, s.targets[0]); err != nil {
		return err
	}
	return s.eachProxy(ctx, func(t target) error {
		m := memory{title: slowTitle, target: t.name, sessions: slowSessions}
		if err := m.measureSlow(ctx, t, s.server, b.slow); err != nil {
			return err
		}
		b.memory = append(b.memory, m)
		return nil
	})
}

func (m *memory) measureSlow(ctx context.Context, t target, server *sql.DB, d time.Duration) (err error) {
	connected, err := serverConnections(ctx, server)
	if err != nil {
		return err
	}
	reading, stop := context.WithCancel(ctx)
	r := &readers{}
	defer func() { err = errors.Join(err, r.end(stop)) }()
	if err := r.add(reading, t, firstSessions); err != nil {
		return err
	}
	before, err := peakOf(ctx, t, d/2)
	if err != nil {
		return err
	}
	if err := r.add(reading, t, slowSessions-firstSessions); err != nil {
		return err
	}
	peak, err := peakOf(ctx, t, d)
	if err != nil {
		return err
	}
	m.usage = peak.each(before, slowSessions-firstSessions)
	now, err := serverConnections(ctx, server)
	m.backends = now - connected
	return err
}

// readers are clients in the middle of large results.
type readers struct {
	clients []*client
	group   sync.WaitGroup

	mu    sync.Mutex
	first error // that any of them met; guarded by mu
}

// add adds clients, which read until ctx ends.
func (r *readers) add(ctx context.Context, t target, n int) error {
	clients, err := connectAll(ctx, t.addr, n, &net.Dialer{Control: smallReceiveBuffer})
	r.clients = append(r.clients, clients...)
	if err != nil {
		return err
	}
	ask := query(largeResult)
	for _, c := range clients {
		r.group.Go(func() {
			if err := c.readSlowly(ctx, ask); err != nil {
				r.mu.Lock()
				r.first = cmp.Or(r.first, err)
				r.mu.Unlock()
			}
		})
	}
	return nil
}

// end ends their context and says what went wrong before.
func (r *readers) end(stop context.CancelFunc) error {
	for _, c := range r.clients {
		c.spare() // each ends at its own next step, which is no error
	}
	stop()
	r.group.Wait()
	return errors.Join(r.first, closeAll(r.clients))
}

// readSlowly asks and reads a little every second until ctx ends.
func (c *client) readSlowly(ctx context.Context, ask []byte) error {
	if err := c.socket.SetDeadline(time.Now().Add(overtime)); err != nil {
		return err
	}
	if _, err := c.socket.Write(ask); err != nil {
		return err
	}
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for buf := make([]byte, slowBytes); ; {
		if _, err := io.ReadFull(c.socket, buf); err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// peakOf returns the largest memory in use within a time.
func peakOf(ctx context.Context, t target, within time.Duration) (peak usage, err error) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for end := time.Now().Add(within); time.Now().Before(end); {
		now, err := usageOf(ctx, t)
		if err != nil {
			return peak, err
		}
		peak.resident = max(peak.resident, now.resident)
		peak.heap, peak.stack = max(peak.heap, now.heap), max(peak.stack, now.stack)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return peak, context.Cause(ctx)
		}
	}
	return peak, nil
}

func smallReceiveBuffer(_, _ string, raw syscall.RawConn) error {
	var set error
	err := raw.Control(func(fd uintptr) {
		set = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, slowReceive)
	})
	return errors.Join(err, set)
}

// closeAll ends clients in the middle of whatever they do and returns what went
// wrong first.
func closeAll(clients []*client) (first error) {
	for _, c := range clients {
		if err := c.socket.Close(); err != nil && !errors.Is(err, net.ErrClosed) && first == nil {
			first = fmt.Errorf("disconnect: %w", err)
		}
	}
	return first
}
