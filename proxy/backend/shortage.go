package backend

import "time"

// Bounds of the pause before a server that took no more connections is tried
// again. It doubles with each vain try.
const (
	minShortagePause = 20 * time.Millisecond
	maxShortagePause = time.Second
)

// shortage is what a pool does about a server that takes fewer connections than
// the pool's bound, because others hold them, perhaps all: it treats itself as
// full. Whatever comes back from a session goes to the waiting callers, and one
// at a time of them tries to open another, after a pause.
type shortage struct {
	pause time.Duration // before the next try; zero while the server takes connections
	until time.Time     // the end of that pause
	timer *time.Timer   // lets a waiter try then; nil until there was a shortage
}

// end forgets the shortage.
func (s *shortage) end() {
	if s.timer != nil {
		s.timer.Stop()
	}
	s.pause, s.until = 0, time.Time{}
}

// pausing tells whether the server should not be tried at the moment.
func (p *pool) pausing() bool {
	return p.shortage.pause > 0 && time.Now().Before(p.shortage.until)
}

// runsShort tells whether a new caller has to wait although the pool is not full.
func (p *pool) runsShort() bool {
	return p.pausing() || p.shortage.pause > 0 && len(p.waiting) > 0
}

// beginShortage gives up the slot of a caller that the server has refused, and
// puts it first in the queue. It returns an idle connection, if there is one,
// which the caller closes to make room at the server: it is of another profile.
func (p *pool) beginShortage(w *waiter, refusal error) *link {
	p.short.Add(1)
	w.refusal = refusal
	p.queue(w, 0)
	p.count--
	oldest := p.makeRoom()
	if s := &p.shortage; !time.Now().Before(s.until) { // others were refused at the same time
		s.pause = min(max(2*s.pause, minShortagePause), maxShortagePause)
		pause := jittered(s.pause)
		s.until = time.Now().Add(pause)
		if s.timer == nil {
			s.timer = time.AfterFunc(pause, p.tryAgain)
		} else {
			s.timer.Reset(pause)
		}
	}
	return oldest
}

// tryAgain lets the first waiter try after a pause.
func (p *pool) tryAgain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.retired == nil {
		p.admit()
	}
}

// endShortage says that the server takes connections again: whoever waited for
// that tries, one after the other.
func (p *pool) endShortage() {
	if p.shortage.pause == 0 {
		return
	}
	p.shortage.end()
	p.admit()
}
