package backend

import (
	"context"
	"fmt"
	"time"
)

// Verdict says what may be done with a connection.
type Verdict uint8

const (
	// Go: a command may be sent.
	Go Verdict = iota
	// Moved: Acquire would give another connection, because the account was changed
	// or the server's TLS mode. What a session has there it may bring to its end.
	Moved
	// Gone: its server is not the library's active one any more, or the connection
	// was cut. Nothing may be sent.
	Gone
	// Wait: nothing may be sent now; see Await.
	Wait
)

// MaySend tells whether a command may be sent.
func (v Verdict) MaySend() bool { return v == Go || v == Moved }

// The states of a connection in a session's hands.
const (
	quiet  uint32 = iota
	busy          // a command is being sent or answered
	opened        // between two commands of a transaction
)

// Begin asks whether a command may be sent, before each one; inTransaction says
// that a transaction is open there. After Go and Moved the connection counts as
// busy until End. The mark is made before the routes are looked at, and Drained
// looks at the marks after the routes say that the library drains: one of the two
// sees the other. It costs a store, some loads and, for libraries that may fail
// over, asking for the lease.
func (c *Conn) Begin(inTransaction bool) Verdict {
	c.state.Store(busy)
	v := c.judge(inTransaction)
	if !v.MaySend() {
		c.End(inTransaction)
	}
	return v
}

// End says that the command was answered, or was not sent after all, and whether a
// transaction is open now. Calling it again is harmless.
func (c *Conn) End(inTransaction bool) {
	if inTransaction {
		c.state.Store(opened)
	} else {
		c.state.Store(quiet)
	}
	c.held.rest()
}

// judge gives the verdict of this moment.
func (c *Conn) judge(inTransaction bool) Verdict {
	if c.severed.Load() {
		return Gone
	}
	if c.replica {
		return c.judgeReplica(inTransaction)
	}
	r := c.manager.routes.Load().byLibrary[c.library]
	switch {
	case r == nil || r.epoch != c.epoch || r.active == nil || r.active.address != c.link.server:
		return Gone
	case r.draining && !inTransaction, r.leased && !c.manager.cfg.Lease.Holds():
		return Wait
	case c.link.generation != c.pool.generation.Load():
		return Moved
	}
	return Go
}

// Held tells whether the connection's server is still the active one, and this node
// knows so. It is asked when a piece of an answer has come, before the piece is
// passed on: then what it says was done before another server can have become the
// active one, however late the client gets it.
func (c *Conn) Held() bool {
	if c.severed.Load() {
		return false
	}
	if c.replica {
		return true // what it reads was written before, whoever is active
	}
	r := c.manager.routes.Load().byLibrary[c.library]
	return r != nil && r.epoch == c.epoch && (!r.leased || c.manager.cfg.Lease.Holds())
}

// Await waits while Begin would say Wait, at most for the settings' Failover.Wait,
// or until ctx ends. Errors: ErrNoActiveServer, ErrNoLease, wrapped with the
// context's if that ended.
func (c *Conn) Await(ctx context.Context, inTransaction bool) error {
	m := c.manager
	patience := time.NewTimer(m.patience())
	defer patience.Stop()
	for {
		table, renewed := m.routes.Load(), m.cfg.Lease.Renewed()
		if c.judge(inTransaction) != Wait {
			return nil
		}
		r := table.byLibrary[c.library]
		if r == nil {
			continue // newer routes came meanwhile
		}
		obstacle := r.obstacle(m.cfg.Lease)
		if obstacle == nil {
			continue // or the lease
		}
		if err := m.news(ctx, table, renewed, patience.C, obstacle); err != nil {
			return err
		}
	}
}

// obstacle says why nothing may be sent at a route now, nil for nothing.
func (r *route) obstacle(lease Lease) error {
	switch {
	case r.active == nil, r.draining:
		return fmt.Errorf("library %s: %w", r.name, ErrNoActiveServer)
	case r.leased && !lease.Holds():
		return fmt.Errorf("library %s: %w", r.name, ErrNoLease)
	default:
		return nil
	}
}

// news waits until routes or lease have changed. The error says why it came to
// nothing: because of the obstacle, or the end of ctx.
func (m *Manager) news(ctx context.Context, table *routes, renewed <-chan struct{}, over <-chan time.Time, obstacle error) error {
	select {
	case <-table.replaced:
	case <-renewed:
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", obstacle, ctx.Err())
	case <-over:
		return fmt.Errorf("%w; that was waited for as long as is allowed", obstacle)
	}
	return nil
}
