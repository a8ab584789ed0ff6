package backend

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
)

// ErrNoReplica says that no server of the library may serve reads besides its active
// one, or that none of those that may could be used.
var ErrNoReplica = errors.New("no replica can serve reads")

// AcquireReplica returns a connection of that profile to a replica: a server of the
// library that is not the active one, is healthy and read-only, is kept out of
// service neither by an operator nor by the cluster, and receives and executes what
// its source writes, at most maxLag behind; with 0 however far behind. Its source is the
// active server, or a replica of which all that is true, too: then what they are
// behind adds up. All that as this node has seen it last, a few seconds ago at most.
// Of several one is chosen at random; if it cannot be used the others are tried.
//
// The connection has nothing to do with who is active, but that its server must not
// be: see Conn.SetMaxLag.
//
// Errors: ErrNoReplica; ErrUnknownLibrary; ErrClosed; the context's, wrapped in one of
// these.
func (m *Manager) AcquireReplica(ctx context.Context, library fsm.LibraryID, profile Profile, maxLag time.Duration) (*Conn, error) {
	r, err := m.routes.Load().route(library)
	if err != nil {
		return nil, err
	}
	profile = profile.normal()
	eligible := r.eligible(m.seenSince(), maxLag)
	var errs []error
	for from, i := rand.N(max(len(eligible), 1)), 0; i < len(eligible) && ctx.Err() == nil; i++ {
		s := eligible[(from+i)%len(eligible)]
		l, err := s.pool.acquire(ctx, profile, s.observe)
		if err == nil {
			return &Conn{
				link: l, pool: s.pool, manager: m, replica: true, maxLag: maxLag,
				library: r.library, epoch: r.epoch, database: l.profile.Database,
			}, nil
		}
		errs = append(errs, err)
	}
	return nil, fmt.Errorf("library %s: %w: %w", r.name, ErrNoReplica, errors.Join(append(errs, ctx.Err())...))
}

// HasReplica tells whether AcquireReplica would find a server to try. It does not
// wait.
func (m *Manager) HasReplica(library fsm.LibraryID, maxLag time.Duration) bool {
	r := m.routes.Load().byLibrary[library]
	return r != nil && len(r.eligible(m.seenSince(), maxLag)) > 0
}

// SetMaxLag changes how far the server of a connection of AcquireReplica may be
// behind. While it is farther behind, and when AcquireReplica would not choose it for
// another reason, Begin says Moved, unless a transaction is open.
func (c *Conn) SetMaxLag(maxLag time.Duration) { c.maxLag = maxLag }

// judgeReplica is judge for a connection of AcquireReplica. A transaction goes on
// with what it saw when it began.
func (c *Conn) judgeReplica(inTransaction bool) Verdict {
	r := c.manager.routes.Load().byLibrary[c.library]
	switch {
	case r == nil:
		return Gone
	case inTransaction:
		return Go
	case c.link.generation != c.pool.generation.Load():
		return Moved
	}
	for _, s := range r.replicas {
		if s.pool == c.pool && r.mayRead(s, c.manager.seenSince(), c.maxLag) {
			return Go
		}
	}
	return Moved
}

// replicasOf are the servers of a library that may serve reads besides the active
// one, as far as the cluster is concerned; none while no server is active.
func replicasOf(library fsm.Library, servers map[string]*server) []*server {
	var replicas []*server
	for _, s := range library.Servers {
		if library.Active != "" && s.Address != library.Active && !s.Maintenance && s.Excluded == "" {
			replicas = append(replicas, servers[s.Address])
		}
	}
	return replicas
}

// eligible are the replicas that may serve reads now.
func (r *route) eligible(maxAge, maxLag time.Duration) []*server {
	var eligible []*server
	for _, s := range r.replicas {
		if r.mayRead(s, maxAge, maxLag) {
			eligible = append(eligible, s)
		}
	}
	return eligible
}

// mayRead tells whether a replica may serve reads: whether the chain of sources from
// it to the active server is whole and short enough, as it was seen at most maxAge
// ago.
func (r *route) mayRead(s *server, maxAge, maxLag time.Duration) bool {
	active := r.active.seen().Facts.ID
	for left, behind := len(r.replicas), time.Duration(0); left > 0 && s != nil; left-- {
		o := s.seen()
		if !s.health.get().Healthy || !isFresh(o, maxAge) {
			return false
		}
		source := o.Facts.Source
		if behind += source.Lag; maxLag > 0 && (!source.LagKnown || behind > maxLag) {
			return false
		}
		if source.ID == "" || source.ID == active {
			return source.ID != ""
		}
		s = r.replicaOfID(source.ID)
	}
	return false
}

func (r *route) replicaOfID(id string) *server {
	for _, s := range r.replicas {
		if s.seen().Facts.ID == id {
			return s
		}
	}
	return nil
}

// isFresh tells whether a server was seen at most maxAge ago to be a read-only
// replica that receives and executes what its source writes.
func isFresh(o topology.Observation, maxAge time.Duration) bool {
	source := o.Facts.Source
	return o.Reachable && o.LastError == "" && o.Age <= maxAge && o.Facts.ReadOnly &&
		source != nil && source.Receiving && source.Applying
}

// seen is the last observation of the server.
func (s *server) seen() topology.Observation {
	s.probe.mu.Lock()
	defer s.probe.mu.Unlock()
	return s.probe.seen.aged()
}

// seenSince is how long ago a server may have been seen last to be read from: one
// look may be missed.
func (m *Manager) seenSince() time.Duration {
	return 2*m.cfg.ProbeInterval + m.cfg.ProbeTimeout
}
