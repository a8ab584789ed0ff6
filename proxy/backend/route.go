package backend

import (
	"context"
	"fmt"

	"github.com/mysqlda/mysqlda/fsm"
)

// routes says for every library which server sessions use. It is never changed: a
// change of libraries or of health makes another.
type routes struct {
	set       *fsm.LibrarySet
	byLibrary map[fsm.LibraryID]*route
	closed    bool          // the manager is
	replaced  chan struct{} // closed when there are newer ones
}

// route is where sessions of one library go.
type route struct {
	library fsm.LibraryID
	name    string
	epoch   uint64  // ActiveEpoch
	active  *server // nil while there is no active server
	// stands ends, by end, when there is a later epoch. Newer routes with the same
	// epoch and server have the same.
	stands context.Context
	end    context.CancelFunc
	// reachable says that this node's probes do not find the active server dead.
	reachable bool
	// draining says that transactions are finished, and nothing is begun.
	draining bool
	// leased says that the library may fail over, so that a lease is needed.
	leased   bool
	servers  []*server // all of the library's
	replicas []*server // see replicasOf
}

// noRoutes are those of a manager that knows of no library, or is closed.
func noRoutes(closed bool) *routes {
	return &routes{set: fsm.NewLibrarySet(0, nil), closed: closed, replaced: make(chan struct{})}
}

// newRoutes makes the routes that follow old. ctx ends with the manager.
func newRoutes(ctx context.Context, old *routes, set *fsm.LibrarySet, servers map[string]*server) *routes {
	table := &routes{set: set, byLibrary: make(map[fsm.LibraryID]*route, len(set.All())), replaced: make(chan struct{})}
	for _, library := range set.All() {
		r := &route{
			library: library.ID, name: library.Name, epoch: library.ActiveEpoch, leased: library.MayFailOver(),
			draining: library.Switch != nil && library.Switch.Phase == fsm.SwitchDraining,
			replicas: replicasOf(library, servers),
		}
		for _, s := range library.Servers {
			r.servers = append(r.servers, servers[s.Address])
		}
		if r.active = servers[library.Active]; r.active != nil {
			r.reachable = r.active.health.get().Healthy
		}
		if before := old.byLibrary[library.ID]; before != nil && before.epoch == r.epoch && before.active == r.active {
			r.stands, r.end = before.stands, before.end
		} else {
			r.stands, r.end = context.WithCancel(ctx)
		}
		table.byLibrary[library.ID] = r
	}
	return table
}

// endWhatEnds has those give up who still try to connect by one of these routes, where
// the newer ones lead elsewhere.
func (t *routes) endWhatEnds(newer *routes) {
	for id, r := range t.byLibrary {
		if now := newer.byLibrary[id]; now == nil || now.stands != r.stands {
			r.end()
		}
	}
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
