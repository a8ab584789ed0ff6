package backend

import (
	"slices"

	"github.com/mysqlda/mysqlda/fsm"
)

// routes says for every library which servers to try. It is never changed: a
// change of libraries or of health makes another.
type routes struct {
	byLibrary map[fsm.LibraryID]*route
	closed    bool          // the manager is
	replaced  chan struct{} // closed when there are newer ones
}

// route is the servers of one library.
type route struct {
	library fsm.LibraryID
	name    string
	epoch   uint64 // ActiveEpoch
	// order is in which order servers are tried. It is empty while the active
	// server is being changed: then none may be used.
	order    []*server
	changing bool
}

// newRoutes finds the order for each library: the active server, then the others
// as the library lists them; those seen dead after those that are not.
func newRoutes(set *fsm.LibrarySet, servers map[string]*server) *routes {
	table := &routes{byLibrary: make(map[fsm.LibraryID]*route, len(set.All())), replaced: make(chan struct{})}
	for _, library := range set.All() {
		r := &route{library: library.ID, name: library.Name, epoch: library.ActiveEpoch}
		table.byLibrary[library.ID] = r
		if library.Active == "" && len(library.Servers) > 0 {
			r.changing = true
			continue
		}
		for _, s := range library.Servers {
			r.order = append(r.order, servers[s.Address])
		}
		rank := make(map[*server]int, len(r.order))
		for _, s := range r.order {
			if s.address != library.Active {
				rank[s]++
			}
			if !s.health.get().Healthy {
				rank[s] += 2
			}
		}
		slices.SortStableFunc(r.order, func(a, b *server) int { return rank[a] - rank[b] })
	}
	return table
}
