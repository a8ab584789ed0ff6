package backend

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
)

// redialPause is how long a caller waits after it could not connect to an active
// server that may be replaced, unless there is news of it.
const redialPause = 250 * time.Millisecond

// Acquire returns a connection of that profile to the library's active server. It
// counts as busy: see Conn.Begin.
//
// While there is no active server, while it drains, while this node lacks the lease
// that the library needs, and while an active server that may be replaced cannot be
// reached, the caller waits, at most for the settings' Failover.Wait. At a full
// pool, and for a library of which the manager has not been told yet, it waits for
// at most WaitTimeout. ctx bounds all of it together.
//
// Errors: *UnavailableError when the server could not be used; *RefusedError or
// *CapabilityError when it is well and refused; ErrPoolFull; ErrNoActiveServer;
// ErrNoLease; ErrUnknownLibrary; ErrClosed; the context's, wrapped in one of these.
func (m *Manager) Acquire(ctx context.Context, library fsm.LibraryID, profile Profile) (*Conn, error) {
	return m.acquire(ctx, library, profile, m.patience())
}

// AcquireNow is Acquire for a caller who would rather go elsewhere than wait for an
// active server.
func (m *Manager) AcquireNow(ctx context.Context, library fsm.LibraryID, profile Profile) (*Conn, error) {
	return m.acquire(ctx, library, profile, 0)
}

func (m *Manager) acquire(ctx context.Context, library fsm.LibraryID, profile Profile, patience time.Duration) (*Conn, error) {
	profile = profile.normal()
	over := time.NewTimer(patience)
	defer over.Stop()
	var failure *UnavailableError // of the last attempt to connect
	for {
		r, err := m.settledRoute(ctx, library, failure, over.C)
		if err != nil {
			return nil, err
		}
		c, err := m.attempt(ctx, r, profile)
		switch {
		case err == nil && c.judge(false).MaySend():
			return c, nil
		case err == nil:
			c.Release() // the route has changed meanwhile
		case errors.Is(err, errRetired):
			// Newer routes came before that.
		case !r.leased || !errors.As(err, &failure) || ctx.Err() != nil || patience == 0:
			return nil, err
		default:
			if err := m.redial(ctx, r, over.C, failure); err != nil {
				return nil, err
			}
		}
	}
}

// redial waits a moment after an attempt that failed.
func (m *Manager) redial(ctx context.Context, r *route, over <-chan time.Time, failure error) error {
	table := m.routes.Load()
	if table.byLibrary[r.library] != r {
		return nil // there is news already
	}
	pause := time.NewTimer(redialPause)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-table.replaced:
	case <-ctx.Done():
		return failure
	case <-over:
		return failure
	}
	return nil
}

// attempt connects to a route's active server. It gives up with errRetired when that
// is not the active one any more.
func (m *Manager) attempt(ctx context.Context, r *route, profile Profile) (*Conn, error) {
	bounded, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.stands, cancel)()
	s := r.active
	l, err := s.pool.acquire(bounded, profile, s.observe)
	switch {
	case err == nil:
		return m.newConn(l, s, r), nil
	case r.stands.Err() != nil && ctx.Err() == nil:
		return nil, errRetired
	case endsSearch(err):
		return nil, fmt.Errorf("library %s: %w", r.name, err)
	default:
		return nil, &UnavailableError{Library: r.name, Server: s.address, Err: err}
	}
}

// settledRoute returns the library's route once its active server may be used. A
// library that is not known will be in a moment: whoever placed a core object there
// knows of it, and the manager is told last. An active server that this node finds
// dead and that may be replaced is not dialled: failure, or what the probe said, is
// told when that lasts.
func (m *Manager) settledRoute(ctx context.Context, library fsm.LibraryID, failure *UnavailableError, over <-chan time.Time) (*route, error) {
	var unknown <-chan time.Time
	for {
		table, renewed := m.routes.Load(), m.cfg.Lease.Renewed()
		r, err := table.route(library)
		switch {
		case errors.Is(err, ErrUnknownLibrary):
			if unknown == nil {
				timer := time.NewTimer(m.cfg.WaitTimeout)
				defer timer.Stop()
				unknown = timer.C
			}
			if err := m.news(ctx, table, nil, unknown, err); err != nil {
				return nil, err
			}
			continue
		case err != nil:
			return nil, err
		}
		obstacle := m.obstacle(table, r, false)
		switch {
		case obstacle != nil:
			obstacle = r.named(obstacle)
		case !r.leased || r.reachable:
			return r, nil
		default:
			obstacle = r.unreachable(failure)
		}
		if err := m.news(ctx, table, renewed, over, obstacle); err != nil {
			return nil, err
		}
	}
}

// unreachable says why the active server cannot be reached: what the caller has seen
// of it, or what the probe has.
func (r *route) unreachable(seen *UnavailableError) *UnavailableError {
	if seen != nil && seen.Server == r.active.address {
		return seen
	}
	return &UnavailableError{Library: r.name, Server: r.active.address, Err: errors.New(r.active.health.get().LastError)}
}

// AcquireAt returns a connection to that server of the library and no other,
// beside its pool: neither does it wait for those in use, nor is it reused, nor
// does it matter whether the server is the active one. It is for ending what
// another connection is busy with. At most four of them are open to a server; a
// caller beyond waits until ctx ends.
//
// Errors: as Acquire, but never ErrPoolFull, ErrNoActiveServer or ErrNoLease.
func (m *Manager) AcquireAt(ctx context.Context, library fsm.LibraryID, address string, profile Profile) (*Conn, error) {
	r, err := m.routes.Load().route(library)
	if err != nil {
		return nil, err
	}
	for _, s := range r.servers {
		if s.address != address {
			continue
		}
		l, err := s.pool.openBeside(ctx, profile.normal(), s.observe)
		if err != nil {
			return nil, &UnavailableError{Library: r.name, Server: address, Err: err}
		}
		return &Conn{link: l, pool: s.pool, manager: m, library: r.library, epoch: r.epoch, database: l.profile.Database}, nil
	}
	return nil, &UnavailableError{Library: r.name, Server: address, Err: fmt.Errorf("server %s: %w", address, errRetired)}
}

// newConn makes a connection a session's. It is busy and known to Release before
// anybody looks whether it may be used.
func (m *Manager) newConn(l *link, s *server, r *route) *Conn {
	c := &Conn{
		link: l, pool: s.pool, manager: m, held: m.holdingOf(r.library),
		library: r.library, epoch: r.epoch, database: l.profile.Database,
	}
	c.state.Store(busy)
	c.held.add(c)
	return c
}

// endsSearch tells whether an error is no fault of the server.
func endsSearch(err error) bool {
	return serverIsWell(err) ||
		errors.Is(err, ErrPoolFull) || errors.Is(err, errRetired) || errors.Is(err, ErrClosed)
}
