package proxy

import (
	"time"

	"go.uber.org/zap"
)

// idleCheck is how often idle sessions are looked at, at least.
const idleCheck = time.Second

// recentFactor is by how much longer a session keeps its backend connection when
// the last answer left something to ask for, as warnings do.
const recentFactor = 12

// errand is what an idle session was woken up for, apart from a stop of the
// node.
type errand = uint64

const (
	// errandNone is to read once more: see clientReader.onReadable.
	errandNone errand = iota
	errandPark
	errandExpire
)

// errandFor is an errand for a session that has read that many commands: one that
// has read another since is not idle any more.
func errandFor(e errand, commands uint64) uint64 { return commands<<2 | e }

// idleness is what Server.watch knows of a session. Only it looks at that.
type idleness struct {
	commands uint64    // how many the session had read
	since    time.Time // when that was first seen; zero: it was not idle
	looked   bool      // the session was made to read once more since
}

// watch wakes sessions that have been idle for too long, and keeps what new ones
// are greeted with up to date, until sessions are cut off. One goroutine looks at
// all sessions, so that none pays for a timer.
func (server *Server) watch() {
	every := idleCheck
	if park := server.cfg.ParkAfter; park > 0 {
		every = min(every, max(park/4, time.Millisecond))
	}
	every = min(every, max(server.cfg.IdleTimeout/4, time.Millisecond))
	tick := time.NewTicker(every)
	defer tick.Stop()
	scarce := false
	for {
		select {
		case <-server.ctx.Done():
			return
		case <-tick.C:
		case <-server.recheck:
		case <-server.cfg.Backends.Wanted():
		}
		if now := server.cfg.Backends.Waiting() > 0; now != scarce {
			scarce = now
			tick.Reset(map[bool]time.Duration{true: scarceCheck, false: every}[scarce])
		}
		if server.ready.Load() {
			server.updateOffer()
		}
		server.lookAtAll(scarce)
	}
}

// Under scarcity, while sessions wait for a backend connection, idle ones are
// looked at more often and give theirs back much sooner.
const (
	scarceCheck = 20 * time.Millisecond
	scarcePark  = 2 * scarceCheck
)

func (server *Server) lookAtAll(scarce bool) {
	park := server.cfg.ParkAfter
	if scarce {
		park = min(park, scarcePark)
	}
	now := time.Now()
	server.expelGone(now)
	for _, s := range server.appendSessions(nil) {
		server.lookAt(s, now, park)
	}
}

func (server *Server) appendSessions(to []*session) []*session {
	server.mu.Lock()
	defer server.mu.Unlock()
	for _, s := range server.sessions {
		to = append(to, s)
	}
	return to
}

// lookAt wakes a session that is idle for too long; it is parked when it was idle
// for as long as park, which is negative for never. What a session is woken up for
// it decides again by itself: it may have got to work meanwhile.
func (server *Server) lookAt(s *session, now time.Time, park time.Duration) {
	if server.expel(s, now) {
		return
	}
	if !s.idle.Load() || !s.loggedIn.Load() {
		s.idleness.since = time.Time{}
		return
	}
	if n := s.commands.Load(); n != s.idleness.commands || s.idleness.since.IsZero() {
		s.idleness = idleness{commands: n, since: now}
		return
	}
	if !s.idleness.looked {
		s.idleness.looked = true
		s.wake()
		return
	}
	switch idle := now.Sub(s.idleness.since); {
	case idle >= server.cfg.IdleTimeout:
		s.errand.Store(errandFor(errandExpire, s.idleness.commands))
		s.wake()
	case park > 0 && idle >= park && s.attached.Load():
		if s.recent.Load() && idle < recentFactor*park {
			return
		}
		s.errand.Store(errandFor(errandPark, s.idleness.commands))
		s.wake()
	}
}

// runErrand does what an idle session was woken up for. An error ends it.
func (s *session) runErrand() error {
	switch commands := s.commands.Load(); s.errand.Swap(errandNone) {
	case errandFor(errandExpire, commands):
		return errIdle
	case errandFor(errandPark, commands):
		if s.anchor() == free && s.mayForget() {
			s.server.metrics.parked.Inc()
			s.server.log.Debug("an idle session gives its backend connection back", zap.Uint32("session", s.id))
			s.move()
		}
	}
	return nil
}
