package cluster

import (
	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/ring"
)

// ringOf is the ring of the libraries as loaded as that.
func ringOf(set *fsm.LibrarySet, settings *fsm.Settings, loads loads) *ring.Ring {
	libraries := make([]ring.Library, 0, len(set.All()))
	for i, l := range set.All() {
		libraries = append(libraries, ring.Library{
			ID:     uint32(l.ID),
			Weight: l.Weight,
			Load:   loads.of[i],
			Open:   l.State == fsm.LibraryOpen,
		})
	}
	return ring.New(libraries, ring.Policy{MaxShareMille: settings.MaxShareMille, SettleLoad: loads.settle})
}

// Shares returns which part of the new core objects each library gets now, 0 to 1;
// those that get none are not in it. It goes by what this node has applied and
// heard, so the leader, who decides, may be a little ahead.
func (n *Node) Shares() map[fsm.LibraryID]float64 {
	m, settings := n.member.Load(), n.machine.Settings()
	if m == nil || settings == nil {
		return nil
	}
	set := n.machine.Libraries()
	loads, _ := m.loads(set, settings)
	shares := make(map[fsm.LibraryID]float64, len(set.All()))
	for _, s := range ringOf(set, settings, loads).Shares() {
		shares[fsm.LibraryID(s.ID)] = float64(s.Weight) / float64(s.Of)
	}
	return shares
}
