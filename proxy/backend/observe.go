package backend

import (
	"context"
	"sync"
	"time"

	"github.com/mysqlda/mysqlda/fsm/topology"
)

// observeLooks is how many looks an Observe may wait for: one that has begun before
// it says nothing of now, so another follows.
const observeLooks = 2

// Observe says what this node sees of each of the servers, in their order. What it
// saw longer ago than maxAge it looks at again, at all servers at once; what has
// not come after two ProbeTimeouts, or when ctx ends, is told as it was, with its
// age. That a server could not be reached is not asked again for a ProbeTimeout: it
// could take as long, and the probe looks all the time. Of an address that no library lists nothing is known. Observations must not
// be changed.
func (m *Manager) Observe(ctx context.Context, servers []string, maxAge time.Duration) []topology.Observation {
	ctx, cancel := context.WithTimeout(ctx, observeLooks*m.cfg.ProbeTimeout)
	defer cancel()
	all := make([]topology.Observation, len(servers))
	var looks sync.WaitGroup
	m.mu.Lock()
	for i, address := range servers {
		all[i].Address = address
		if s := m.servers[address]; s != nil {
			looks.Go(func() { all[i] = s.probe.observation(ctx, maxAge) })
		}
	}
	m.mu.Unlock()
	looks.Wait()
	return all
}

// observation returns the last observation once it is young enough, and at the
// latest when ctx ends.
func (p *probe) observation(ctx context.Context, maxAge time.Duration) topology.Observation {
	asked := time.Now()
	for {
		p.mu.Lock()
		seen, replaced := p.seen, p.replaced
		age := maxAge
		if !seen.Reachable {
			age = max(age, p.server.pool.cfg.ProbeTimeout)
		}
		young := seen.Known && seen.whole && !seen.at.Before(asked.Add(-age))
		p.mu.Unlock()
		if young {
			return seen.aged()
		}
		p.want()
		select {
		case <-replaced:
		case <-ctx.Done():
			return seen.aged()
		case <-p.ctx.Done():
			return seen.aged()
		}
	}
}

func (s sighting) aged() topology.Observation {
	o := s.Observation
	if o.Known {
		o.Age = time.Since(s.at)
	}
	return o
}
