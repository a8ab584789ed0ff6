package backend

import (
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/proxy/wire"
)

// observe notes what a connection attempt or a probe says of a server's health.
func (m *Manager) observe(s *server, err error) {
	if !s.health.observe(err) {
		return
	}
	if err == nil {
		m.cfg.Logger.Info("server is healthy", zap.String("server", s.address))
	} else {
		m.cfg.Logger.Warn("server is dead", zap.String("server", s.address), zap.Error(err))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return
	}
	m.publish()
	signal(m.unwell)
}

// attempted notes what a session's attempt to connect says of a server. After one
// that failed the server is looked at.
func (m *Manager) attempted(s *server, err error) {
	m.observe(s, err)
	if err != nil && !serverIsWell(err) {
		s.probe.suspect()
	}
}

// Suspect has a server looked at at once, because something went wrong with it. It
// does not wait, and may be called often: two looks are a moment apart. An address
// that no library lists is ignored.
func (m *Manager) Suspect(address string) {
	m.mu.Lock()
	s := m.servers[address]
	m.mu.Unlock()
	if s != nil {
		s.probe.suspect()
	}
}

// greeted notes how a server greets, and reports it when that is news.
func (m *Manager) greeted(s *server, g wire.Greeting) {
	old := s.greeting.Load()
	if old != nil && *old == g {
		return
	}
	if s.greeting.CompareAndSwap(old, &g) && m.cfg.Greeted != nil {
		m.cfg.Greeted(s.address, g)
	}
}

// Health says what this node sees of every server, in the order of their
// addresses.
func (m *Manager) Health() []ServerHealth {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]ServerHealth, 0, len(m.servers))
	for _, s := range m.servers {
		h := s.health.get()
		seen := s.probe.last()
		h.Facts, h.Missing = seen.Facts, seen.Missing
		all = append(all, h)
	}
	slices.SortFunc(all, func(a, b ServerHealth) int { return strings.Compare(a.Address, b.Address) })
	return all
}

// OnHealthChange makes the manager call report with Health's result whenever a
// server became healthy or dead, came or went, or says something else of itself. Changes during a call are
// reported by one more call. Calls come from one goroutine and delay neither
// probes nor sessions; report must not call Close. Only the function given last
// is called.
func (m *Manager) OnHealthChange(report func([]ServerHealth)) {
	m.mu.Lock()
	m.onChange = report
	m.mu.Unlock()
	signal(m.unwell)
}

func (m *Manager) reportHealth() {
	for {
		select {
		case <-m.ctx.Done():
			return
		case <-m.unwell:
		}
		m.mu.Lock()
		report := m.onChange
		m.mu.Unlock()
		if report != nil {
			report(m.Health())
		}
	}
}
