package backend

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/mysqlda/mysqlda/fsm/topology"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

const (
	// probeCollation is utf8mb4_general_ci, which every server knows.
	probeCollation = 45
	// doubtPause is the pause after the first failure of a healthy server, and the
	// least between two looks because something went wrong with it.
	doubtPause = 250 * time.Millisecond
	// refusedPause is for how long a refused account is not tried again.
	refusedPause = 10 * time.Second
)

// probe looks at one server until ctx ends, over a connection of its own. Of a
// server that has no others beside it in a library it wants to know only whether it
// answers. What the others say is read each time: see link.state.
type probe struct {
	ctx       context.Context
	server    *server
	observe   func(error)
	changed   func()        // called when the server says something else of itself than before
	suspected chan struct{} // buffered: something went wrong with the server
	asked     chan struct{} // buffered: somebody waits for a look
	yield     chan struct{} // buffered: somebody needs the place of its connection

	// The goroutine's own.
	link      *link   // nil while there is none
	as        account // whom link is logged in as
	refused   account // was refused
	refusedAt time.Time
	refusal   string // what that means

	mu       sync.Mutex
	operator account // by which the server is watched and operated
	several  bool    // it has others beside it in a library
	wanted   bool    // somebody wants its facts in any case
	seen     sighting
	replaced chan struct{} // closed when seen is a newer one
}

// sighting is an observation and when it was made, instead of how old it is.
type sighting struct {
	topology.Observation
	// at is when a look that worked began, and when one that failed ended.
	at    time.Time
	whole bool // its facts were asked for
}

func newProbe(ctx context.Context, s *server, observe func(error), changed func()) *probe {
	return &probe{
		ctx: ctx, server: s, observe: observe, changed: changed,
		suspected: make(chan struct{}, 1), asked: make(chan struct{}, 1),
		yield: make(chan struct{}, 1), replaced: make(chan struct{}),
		seen: sighting{Observation: topology.Observation{Address: s.address}},
	}
}

// watchAs tells by which account to watch the server, and whether there are others
// beside it.
func (p *probe) watchAs(operator account, several bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.operator == operator && p.several == several {
		return
	}
	p.operator, p.several = operator, several
	if p.seen.Known { // else the first look is still to come
		p.suspect()
	}
}

// suspect has the server looked at soon. It does not wait.
func (p *probe) suspect() { signal(p.suspected) }

func (p *probe) run() {
	defer p.hangUp()
	pause := time.NewTimer(0)
	defer pause.Stop()
	var ended time.Time // of the last look
	for {
		select {
		case <-p.ctx.Done():
			return
		case <-pause.C:
		case <-p.asked:
			if !p.isWanted() {
				continue // who asked got what the look before found
			}
		case <-p.yield:
			p.hangUp()
			continue
		case <-p.suspected:
			if rest := p.atMost(doubtPause) - time.Since(ended); rest > 0 {
				pause.Reset(rest)
				continue
			}
		}
		began := time.Now()
		seen, err := p.look()
		if p.ctx.Err() != nil {
			return
		}
		ended = time.Now()
		seen.at = began
		if !seen.Reachable {
			seen.at = ended
		}
		p.observe(err)
		if p.note(seen) {
			p.changed()
		}
		if p.server.health.doubtful() {
			pause.Reset(p.atMost(doubtPause))
		} else {
			pause.Reset(jittered(p.interval()))
		}
	}
}

// want has the server's facts looked at now.
func (p *probe) want() {
	p.mu.Lock()
	p.wanted = true
	p.mu.Unlock()
	signal(p.asked)
}

func (p *probe) isWanted() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wanted
}

func (p *probe) interval() time.Duration { return p.server.pool.cfg.ProbeInterval }

// atMost is a pause that is not longer than the usual one.
func (p *probe) atMost(pause time.Duration) time.Duration { return min(pause, p.interval()) }

// note makes a sighting the last one and tells whether its facts are others than
// before, beside positions. Facts that it does not have stay.
func (p *probe) note(seen sighting) (changed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen.Address, seen.Known = p.server.address, true
	if seen.whole && seen.Reachable && seen.LastError == "" {
		p.wanted = false
	} else {
		seen.Facts = p.seen.Facts
		if seen.Missing == "" {
			seen.Missing = p.seen.Missing
		}
	}
	changed = !seen.Facts.Resemble(p.seen.Facts)
	p.seen = seen
	close(p.replaced)
	p.replaced = make(chan struct{})
	return changed
}

// last is the last observation, without its age.
func (p *probe) last() topology.Observation {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen.Observation
}

// look looks at the server, for at most ProbeTimeout. err is what health should
// know: nothing of a server that answers, but not everything that it is asked.
func (p *probe) look() (seen sighting, err error) {
	ctx, cancel := context.WithTimeout(p.ctx, p.server.pool.cfg.ProbeTimeout)
	defer cancel()
	p.mu.Lock()
	operator := p.operator
	seen.whole = p.several || p.wanted
	p.mu.Unlock()
	if !seen.whole {
		as, _ := p.server.pool.login()
		err = p.greet(ctx, as, func() error { return p.link.ping(ctx) })
	} else {
		err = p.ask(ctx, operator, &seen)
	}
	if err != nil {
		p.hangUp()
		seen.Reachable, seen.LastError = serverIsWell(err), err.Error()
		return seen, err
	}
	seen.Reachable = true
	return seen, nil
}

// ask reads the server's facts. A server that does not let the operator in is
// looked at by the clients' account: it serves them, and a password that is wrong
// in the cluster's settings must not make it dead.
func (p *probe) ask(ctx context.Context, operator account, seen *sighting) error {
	var v variables
	answers := func() (err error) {
		v, err = p.link.variables(ctx)
		return err
	}
	if operator != p.refused || time.Since(p.refusedAt) > refusedPause {
		p.refused = account{}
		err := p.greet(ctx, operator, answers)
		var refused *RefusedError
		if !errors.As(err, &refused) || !refused.Authentication() {
			if err == nil {
				p.complete(ctx, v, seen)
			}
			return err
		}
		p.refused, p.refusedAt = operator, time.Now()
		p.refusal = fmt.Sprintf("the failover account is refused: %v; create it at every server, or change it in the settings", err)
	}
	clients, _ := p.server.pool.login()
	if err := p.greet(ctx, clients, answers); err != nil {
		return err
	}
	p.complete(ctx, v, seen)
	if clients != operator {
		seen.Missing = p.refusal
	}
	return nil
}

// complete reads the rest of the facts of a server that has answered. That it does
// not tell them does not make it dead.
func (p *probe) complete(ctx context.Context, v variables, seen *sighting) {
	s, err := p.link.stateOf(ctx, v)
	if err != nil {
		p.hangUp()
		seen.LastError = err.Error()
		return
	}
	seen.Facts, seen.Missing = s.Facts, s.missing
}

// greet makes the server answer: over the connection of the last time, or over a
// new one. A connection that no longer works is not yet a failure: the server may
// have closed it for being idle.
func (p *probe) greet(ctx context.Context, as account, answers func() error) error {
	if p.link != nil && p.as == as && answers() == nil {
		return nil
	}
	p.hangUp()
	// No database, so that a missing one does not make the server dead.
	l, err := p.server.pool.target.dial(ctx, as, Profile{Collation: probeCollation})
	if err != nil {
		return err
	}
	p.link, p.as = l, as
	return answers()
}

func (l *link) ping(ctx context.Context) error {
	deadline, _ := ctx.Deadline()
	if err := l.raw.SetDeadline(deadline); err != nil {
		return fmt.Errorf("server %s: %w", l.server, err)
	}
	stop := context.AfterFunc(ctx, func() { interrupt(l.raw) })
	defer stop()
	return l.exchange(command{code: wire.ComPing})
}

func (p *probe) hangUp() {
	if p.link != nil {
		p.link.quit()
		p.link = nil
	}
}

// jittered spreads a pause by up to a tenth in both directions.
func jittered(d time.Duration) time.Duration {
	tenth := int64(d / 10)
	return d + time.Duration(rand.Int64N(2*tenth+1)-tenth)
}
