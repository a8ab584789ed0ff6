package cluster

import (
	"maps"
	"slices"
	"sync"
)

// dialHints are internode addresses of members that only gossip has named, by their
// ids. Where connections between nodes have to be protected, they are tried and not
// believed: whoever reaches the gossip port can make them up, and what counts is what
// a node with a certificate says there.
type dialHints struct {
	mu    sync.Mutex
	named map[string]string
}

func (h *dialHints) put(id, address string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.named == nil {
		h.named = make(map[string]string)
	}
	h.named[id] = address
}

// retain drops the hints to nodes that keep does not accept.
func (h *dialHints) retain(keep func(id string) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	maps.DeleteFunc(h.named, func(id, _ string) bool { return !keep(id) })
}

func (h *dialHints) addresses() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Values(h.named))
}

// gossiped takes in what gossip says of a node.
func (m *member) gossiped(r record) {
	if m.cfg.Security == nil || !m.cfg.Security.Required {
		m.learn(r)
		return
	}
	// Of nodes that are not known the others tell, so there is one hint to a member.
	if _, known := m.addressOf(r.info.ID); known && r.info.ID != m.id {
		m.hints.put(r.info.ID, r.info.Cluster)
	}
}
