package backend

import (
	"slices"
	"time"
)

// expireIdle closes connections that have been idle for too long; it is late by
// at most a quarter of the timeout.
func (m *Manager) expireIdle() {
	const shortest, longest = 5 * time.Millisecond, 5 * time.Second
	for {
		timeout := time.Duration(m.idleTimeout.Load())
		pause := time.NewTimer(min(max(timeout/4, shortest), longest))
		select {
		case <-m.ctx.Done():
			pause.Stop()
			return
		case <-m.retimed:
			pause.Stop()
		case <-pause.C:
		}
		for _, p := range m.pools() {
			p.expire(timeout)
		}
	}
}

func (m *Manager) pools() []*pool {
	m.mu.Lock()
	defer m.mu.Unlock()
	pools := make([]*pool, 0, len(m.servers))
	for _, s := range m.servers {
		pools = append(pools, s.pool)
	}
	return pools
}

// expire closes what has been idle for longer than the timeout.
func (p *pool) expire(timeout time.Duration) {
	p.mu.Lock()
	fresh := slices.IndexFunc(p.idle, func(l *link) bool { return time.Since(l.cleanSince) < timeout })
	if fresh < 0 {
		fresh = len(p.idle)
	}
	idle := p.dropIdle(fresh)
	p.mu.Unlock()
	quitAll(idle)
}
