package cluster

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
	"github.com/mysqlda/mysqlda/fsm"
)

// maxHealthServers bounds the servers that one node reports on.
const maxHealthServers = fsm.MaxLibraries * fsm.MaxServers

// ServerHealth is what a node sees of one MySQL server.
type ServerHealth struct {
	Address string // host:port, at most fsm.MaxAddressLen bytes
	Healthy bool
	Facts   ServerFacts
}

// NodeHealth is what one node sees of the servers.
type NodeHealth struct {
	NodeID  string
	Alive   bool           // in gossip's view: what a dead node saw is old
	Servers []ServerHealth // ascending by Address
}

// healthBoard holds what every node sees of the servers. Each entry carries the
// version at which its node last changed it, so that news may be lost, repeated
// or overtaken on the way: the newest counts, and a complete vector repairs the
// rest.
type healthBoard struct {
	self    string
	objects func(address string) uint64 // see newHealthBoard
	now     func() time.Time
	// suspected holds a token while some server may be not what it was when the
	// token was last taken, by whomever's account.
	suspected chan struct{}

	mu    sync.Mutex
	nodes map[string]*healthVector
	read  map[string]dataReading // this node's own last readings by address, told to the others or not
}

// healthVector is one node's view.
type healthVector struct {
	starts     uint64
	version    uint64
	completeAt uint64 // the version of the last complete vector; its own node's is always complete
	servers    map[string]healthEntry
}

type healthEntry struct {
	healthy bool
	facts   ServerFacts
	told    time.Time // of this node's own: when the others were last told of it
	gone    bool      // the node watches this server no more
	version uint64
	data    dataReading
}

// differs reports whether a server is not what it was, as far as sessions care.
func (e healthEntry) differs(from healthEntry) bool {
	return e.healthy != from.healthy || e.gone != from.gone || e.facts.butLag() != from.facts.butLag()
}

// newHealthBoard makes the board of the node self. Objects tells how many core
// objects live at a server now. It is called under the board's lock.
func newHealthBoard(self string, starts uint64, objects func(address string) uint64) *healthBoard {
	own := &healthVector{starts: starts, servers: make(map[string]healthEntry)}
	return &healthBoard{
		self: self, objects: objects, now: time.Now, suspected: make(chan struct{}, 1),
		nodes: map[string]*healthVector{self: own}, read: make(map[string]dataReading),
	}
}

// set replaces this node's own view and returns what has changed, one message
// for each server.
func (b *healthBoard) set(health []ServerHealth) []*clusterpb.Health {
	b.mu.Lock()
	defer b.mu.Unlock()
	own := b.nodes[b.self]
	now := b.now()
	seen := make(map[string]ServerHealth, len(health))
	var changed []string
	for _, h := range health {
		if len(h.Address) > fsm.MaxAddressLen || len(seen) >= maxHealthServers {
			continue
		}
		h.Facts = h.Facts.told()
		seen[h.Address] = h
	}
	for address, h := range seen {
		old, known := own.servers[address]
		if known && old.healthy == h.Healthy && !old.facts.news(h.Facts, now.Sub(old.told)) {
			continue
		}
		e := healthEntry{healthy: h.Healthy, facts: h.Facts, told: now, data: b.read[address]}
		if e.differs(old) {
			poke(b.suspected)
		}
		own.servers[address] = e
		changed = append(changed, address)
	}
	for address := range own.servers {
		if _, ok := seen[address]; !ok {
			own.servers[address] = healthEntry{gone: true}
			delete(b.read, address)
			changed = append(changed, address)
		}
	}
	return b.tell(changed)
}

// tell gives what this node sees of these servers a new version and returns it,
// one message for each.
func (b *healthBoard) tell(changed []string) []*clusterpb.Health {
	own := b.nodes[b.self]
	slices.Sort(changed)
	news := make([]*clusterpb.Health, len(changed))
	for i, address := range changed {
		own.version++
		e := own.servers[address]
		e.version = own.version
		own.servers[address] = e
		news[i] = own.proto(b.self, false, map[string]healthEntry{address: e})
		if e.gone {
			delete(own.servers, address) // a complete vector says it by not naming it
		}
	}
	own.completeAt = own.version
	return news
}

// all returns every node's complete view, for an exchange.
func (b *healthBoard) all() *clusterpb.HealthExchange {
	b.mu.Lock()
	defer b.mu.Unlock()
	exchange := new(clusterpb.HealthExchange)
	for _, id := range slices.Sorted(maps.Keys(b.nodes)) {
		v := b.nodes[id]
		exchange.Nodes = append(exchange.Nodes, v.proto(id, v.completeAt == v.version, v.servers))
	}
	return exchange
}

func (v *healthVector) proto(id string, complete bool, entries map[string]healthEntry) *clusterpb.Health {
	p := &clusterpb.Health{Node: id, Starts: v.starts, Version: v.version, Complete: complete}
	for _, address := range slices.Sorted(maps.Keys(entries)) {
		e := entries[address]
		p.Servers = append(p.Servers, &clusterpb.ServerHealth{
			Address: address, Healthy: e.healthy, Version: e.version, Gone: e.gone, DataBytes: e.data.bytes, Facts: e.facts.proto(),
		})
	}
	return p
}

// merge takes in what another node sees, first or second hand.
func (b *healthBoard) merge(p *clusterpb.Health) {
	if p.GetNode() == b.self || fsm.CheckName("node id", p.GetNode(), fsm.MaxNameLen) != nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	v := b.nodes[p.GetNode()]
	switch {
	case v == nil && len(b.nodes) >= fsm.MaxNodes:
		return
	case v == nil || p.GetStarts() > v.starts:
		v = &healthVector{starts: p.GetStarts(), servers: make(map[string]healthEntry)}
		b.nodes[p.GetNode()] = v
	case p.GetStarts() < v.starts:
		return
	}
	if v.merge(p, b.objects) {
		poke(b.suspected)
	}
}

// merge reports whether some server is not what it was.
func (v *healthVector) merge(p *clusterpb.Health, objects func(address string) uint64) (differs bool) {
	named := make(map[string]bool, len(p.GetServers()))
	for _, s := range p.GetServers() {
		named[s.GetAddress()] = true
		old, known := v.servers[s.GetAddress()]
		if known && s.GetVersion() <= old.version || !known && s.GetVersion() <= v.completeAt {
			continue // old news; of a server that the last complete vector did not name, too
		}
		if len(s.GetAddress()) > fsm.MaxAddressLen || !known && len(v.servers) >= maxHealthServers {
			continue
		}
		e := healthEntry{
			healthy: s.GetHealthy(), gone: s.GetGone(), version: s.GetVersion(), facts: serverFactsFromProto(s.GetFacts()),
		}
		differs = differs || e.differs(old)
		if bytes := s.GetDataBytes(); bytes > 0 {
			e.data = dataReading{bytes: min(bytes, maxDataBytes), objects: objects(s.GetAddress())}
		}
		v.servers[s.GetAddress()] = e
	}
	if p.GetComplete() {
		maps.DeleteFunc(v.servers, func(address string, e healthEntry) bool {
			return !named[address] && e.version <= p.GetVersion()
		})
		v.completeAt = max(v.completeAt, p.GetVersion())
	}
	v.version = max(v.version, p.GetVersion())
	return differs
}

// retain forgets nodes that keep does not accept.
func (b *healthBoard) retain(keep func(id string) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	maps.DeleteFunc(b.nodes, func(id string, _ *healthVector) bool { return id != b.self && !keep(id) })
}

// view returns what every node sees, ascending by node id.
func (b *healthBoard) view(alive func(id string) bool) []NodeHealth {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]NodeHealth, 0, len(b.nodes))
	for id, v := range b.nodes {
		nh := NodeHealth{NodeID: id, Alive: id == b.self || alive(id)}
		for address, e := range v.servers {
			if !e.gone {
				nh.Servers = append(nh.Servers, ServerHealth{Address: address, Healthy: e.healthy, Facts: e.facts})
			}
		}
		slices.SortFunc(nh.Servers, func(a, b ServerHealth) int { return cmp.Compare(a.Address, b.Address) })
		list = append(list, nh)
	}
	slices.SortFunc(list, func(a, b NodeHealth) int { return cmp.Compare(a.NodeID, b.NodeID) })
	return list
}

// sees returns, by address, whether all of these nodes and this one that watch a
// server can use it.
func (b *healthBoard) sees(counts func(id string) bool) map[string]bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	seen := make(map[string]bool)
	for id, v := range b.nodes {
		if id != b.self && !counts(id) {
			continue
		}
		for address, e := range v.servers {
			if e.gone {
				continue
			}
			alive, known := seen[address]
			seen[address] = e.healthy && (alive || !known)
		}
	}
	return seen
}

// SetHealth tells the cluster what this node sees of all the servers it
// watches. It replaces what was said before and does not wait. It may be called
// after every probe: only what the others should know goes out.
func (n *Node) SetHealth(health []ServerHealth) {
	news := n.health.set(health)
	if m := n.member.Load(); m != nil {
		m.gossip.broadcastHealth(news)
	}
}

// Health returns what each node sees of the servers, ascending by node id.
func (n *Node) Health() []NodeHealth {
	m := n.member.Load()
	return n.health.view(func(id string) bool { return m != nil && m.gossip.isAlive(id) })
}
