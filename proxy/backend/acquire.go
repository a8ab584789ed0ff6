package backend

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
)

// Acquire returns a connection of that profile to a server of the library: the
// active server if it can be reached, else the others in the library's order,
// those that were seen dead last. A server that refuses the connection, or the
// account, is passed over at once; one that does not answer, after DialTimeout.
// At a full pool, while the library's active server is being changed, and for a
// library of which the manager has not been told yet, the caller waits for at most
// WaitTimeout. ctx bounds all of it together.
//
// A server that is well and only refuses this request (too many connections, no
// such database, a capability that it lacks) ends the search: another server
// would be no remedy.
//
// Errors: *UnavailableError when no server could be used; *RefusedError or
// *CapabilityError when one ended the search; ErrPoolFull; ErrNoActiveServer;
// ErrUnknownLibrary; ErrClosed; the context's, wrapped in one of these.
func (m *Manager) Acquire(ctx context.Context, library fsm.LibraryID, profile Profile) (*Conn, error) {
	profile = profile.normal()
	for {
		r, err := m.settledRoute(ctx, library)
		if err != nil {
			return nil, err
		}
		c, err := m.tryInTurn(ctx, r, profile)
		if errors.Is(err, errRetired) {
			continue // newer routes came before that pool was retired
		}
		return c, err
	}
}

// AcquireAt returns a connection to that server of the library and no other,
// beside its pool: neither does it wait for those in use, nor is it reused.
// It is for ending what another connection is busy with. At most four of them
// are open to a server; a caller beyond waits until ctx ends.
//
// Errors: as Acquire, but never ErrPoolFull.
func (m *Manager) AcquireAt(ctx context.Context, library fsm.LibraryID, address string, profile Profile) (*Conn, error) {
	r, err := m.routes.Load().route(library)
	if err != nil {
		return nil, err
	}
	for _, s := range r.order {
		if s.address != address {
			continue
		}
		l, err := s.pool.openBeside(ctx, profile.normal(), s.observe)
		if err != nil {
			return nil, &UnavailableError{Library: r.name, Attempts: []Attempt{{Server: address, Err: err}}}
		}
		return m.newConn(l, s, r), nil
	}
	return nil, &UnavailableError{Library: r.name, Attempts: []Attempt{{
		Server: address, Err: fmt.Errorf("server %s: %w", address, errRetired),
	}}}
}

func (t *routes) route(library fsm.LibraryID) (*route, error) {
	if t.closed {
		return nil, ErrClosed
	}
	r := t.byLibrary[library]
	if r == nil {
		return nil, fmt.Errorf("%w: number %d", ErrUnknownLibrary, library)
	}
	return r, nil
}

// settledRoute returns the library's route once it has an active server. A library
// that is not known will be in a moment: whoever placed a core object there knows of
// it, and the manager is told last.
func (m *Manager) settledRoute(ctx context.Context, library fsm.LibraryID) (*route, error) {
	var timeout <-chan time.Time
	for {
		table := m.routes.Load()
		r, err := table.route(library)
		switch {
		case err == nil && !r.changing:
			return r, nil
		case err == nil:
			err = fmt.Errorf("library %s: %w", r.name, ErrNoActiveServer)
		case !errors.Is(err, ErrUnknownLibrary):
			return nil, err
		}
		if timeout == nil {
			timer := time.NewTimer(m.cfg.WaitTimeout)
			defer timer.Stop()
			timeout = timer.C
		}
		select {
		case <-table.replaced:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", err, ctx.Err())
		case <-timeout:
			return nil, fmt.Errorf("%w, waited %s", err, m.cfg.WaitTimeout)
		}
	}
}

func (m *Manager) tryInTurn(ctx context.Context, r *route, profile Profile) (*Conn, error) {
	unavailable := &UnavailableError{Library: r.name}
	for _, s := range r.order {
		l, err := s.pool.acquire(ctx, profile, s.observe)
		if err == nil {
			return m.newConn(l, s, r), nil
		}
		if endsSearch(err) {
			return nil, fmt.Errorf("library %s: %w", r.name, err)
		}
		unavailable.Attempts = append(unavailable.Attempts, Attempt{Server: s.address, Err: err})
		if ctx.Err() != nil {
			break
		}
	}
	return nil, unavailable
}

func (m *Manager) newConn(l *link, s *server, r *route) *Conn {
	return &Conn{
		link: l, pool: s.pool, manager: m,
		library: r.library, epoch: r.epoch, database: l.profile.Database,
	}
}

// endsSearch tells whether no other server should be tried after that error.
func endsSearch(err error) bool {
	return serverIsWell(err) ||
		errors.Is(err, ErrPoolFull) || errors.Is(err, errRetired) || errors.Is(err, ErrClosed)
}
