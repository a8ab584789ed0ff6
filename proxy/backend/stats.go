package backend

import (
	"strings"

	"github.com/mysqlda/mysqlda/proxy/latency"
)

// PoolStats is one pool at a moment.
type PoolStats struct {
	// Library names the libraries that list the server, separated by commas;
	// nearly always it is one.
	Library string
	Server  string

	Idle       int // wait for a session
	InUse      int // held by sessions
	Connecting int // being opened for sessions
	Resetting  int // being cleaned after a session
	Waiting    int // callers that wait at the full pool

	// Since the server was added:
	Opened uint64 // connections that were opened
	Reused uint64 // times that a session got one that another had used
	Failed uint64 // attempts to open one that failed

	Cleaned uint64 // released connections that were reset
	Unclean uint64 // released connections that could not be, and were closed

	TimedOut   uint64 // callers that waited in vain
	TurnedAway uint64 // callers that found too many waiting
	Short      uint64 // times that the server took no more connections

	Waits latency.Total // of callers at the full pool or server, with those in vain
}

// Pools describes the pool of every server, in the order of the libraries.
// Servers that left their last library are not among them.
func (m *Manager) Pools() []PoolStats {
	m.mu.Lock()
	defer m.mu.Unlock()
	names := make(map[string][]string, len(m.servers))
	var order []string
	for _, library := range m.set.All() {
		for _, s := range library.Servers {
			if names[s.Address] == nil {
				order = append(order, s.Address)
			}
			names[s.Address] = append(names[s.Address], library.Name)
		}
	}
	all := make([]PoolStats, 0, len(order))
	for _, address := range order {
		stats := m.servers[address].pool.stats()
		stats.Library = strings.Join(names[address], ",")
		all = append(all, stats)
	}
	return all
}

func (p *pool) stats() PoolStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	var waits latency.Total
	waits.Add(&p.waits)
	return PoolStats{
		Server:     p.target.server,
		Idle:       len(p.idle),
		InUse:      len(p.used),
		Connecting: p.connecting,
		Resetting:  p.resetting,
		Waiting:    len(p.waiting),
		Opened:     p.opened.Load(),
		Reused:     p.reused.Load(),
		Failed:     p.failed.Load(),
		Cleaned:    p.cleaned.Load(),
		Unclean:    p.unclean.Load(),
		TimedOut:   p.timedOut.Load(),
		TurnedAway: p.turnedAway.Load(),
		Short:      p.short.Load(),
		Waits:      waits,
	}
}

// Wanted is signalled when a caller has begun to wait for a connection. It is for
// one reader, who makes those give theirs back that do not need them.
func (m *Manager) Wanted() <-chan struct{} { return m.wanted }

// Waiting is how many callers wait for a connection.
func (m *Manager) Waiting() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, s := range m.servers {
		s.pool.mu.Lock()
		n += len(s.pool.waiting)
		s.pool.mu.Unlock()
	}
	return n
}
