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
		return
	}
	c.state.Store(quiet)
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
	table := c.manager.routes.Load()
	r := table.byLibrary[c.library]
	switch {
	case r == nil || r.epoch != c.epoch || r.active == nil || r.active.address != c.link.server:
		return Gone
	case c.manager.obstacle(table, r, inTransaction) != nil:
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
	table := c.manager.routes.Load()
	r := table.byLibrary[c.library]
	return r != nil && r.epoch == c.epoch && c.manager.entitled(table, r) == nil
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
		obstacle := m.obstacle(table, r, inTransaction)
		if obstacle == nil {
			continue // or the lease
		}
		if err := m.news(ctx, table, renewed, patience.C, r.named(obstacle)); err != nil {
			return err
		}
	}
}

// obstacle says why nothing may be sent at a route of the table now, nil for nothing:
// it is ErrNoActiveServer or ErrNoLease.
func (m *Manager) obstacle(table *routes, r *route, inTransaction bool) error {
	if r.active == nil || r.draining && !inTransaction {
		return ErrNoActiveServer
	}
	return m.entitled(table, r)
}

// entitled tells whether this node may use the server of a route: by its lease, if the
// library may fail over, and by the state that the lease is part of. The state is asked
// for after the lease, because it says what was done before the lease was granted; the
// routes may not have followed it yet. It returns nil, ErrNoActiveServer or ErrNoLease.
func (m *Manager) entitled(table *routes, r *route) error {
	if r.leased && !m.cfg.Lease.Holds() {
		return ErrNoLease
	}
	now := m.cfg.Libraries()
	if now == table.set {
		return nil
	}
	l := now.ByID(r.library)
	switch {
	case l == nil || l.ActiveEpoch != r.epoch:
		return ErrNoActiveServer
	case l.MayFailOver() && !r.leased:
		return ErrNoLease // the routes will ask for it in a moment
	default:
		return nil
	}
}

// named says which library an obstacle is one of.
func (r *route) named(obstacle error) error {
	return fmt.Errorf("library %s: %w", r.name, obstacle)
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
