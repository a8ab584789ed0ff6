package backend

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/mysqlda/mysqlda/proxy/wire"
)

// probeCollation is utf8mb4_general_ci, which every server knows.
const probeCollation = 45

// probe looks after one server's health until ctx ends: it keeps a connection of
// its own open, pings it, and opens another when that fails.
type probe struct {
	pool    *pool
	observe func(error)
	link    *link // nil while there is none
}

func (p *probe) run(ctx context.Context) {
	defer p.hangUp()
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		if err := p.check(ctx); ctx.Err() == nil {
			p.observe(err)
		}
		pause.Reset(jittered(p.pool.cfg.ProbeInterval))
	}
}

// check probes once, for at most ProbeTimeout. A connection that no longer works
// is not yet a failure: the server may have closed it for being idle.
func (p *probe) check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, p.pool.cfg.ProbeTimeout)
	defer cancel()
	as, generation := p.pool.login()
	if p.link != nil && p.link.generation == generation && p.ping(ctx) == nil {
		return nil
	}
	p.hangUp()
	// No database, so that a missing one does not make the server dead.
	l, err := p.pool.target.dial(ctx, as, Profile{Collation: probeCollation})
	if err != nil {
		return err
	}
	l.generation = generation
	p.link = l
	return nil
}

func (p *probe) ping(ctx context.Context) error {
	raw := p.link.raw // the link may be gone when the interrupt comes
	deadline, _ := ctx.Deadline()
	if err := raw.SetDeadline(deadline); err != nil {
		return fmt.Errorf("server %s: %w", p.pool.target.server, err)
	}
	stop := context.AfterFunc(ctx, func() { interrupt(raw) })
	defer stop()
	return p.link.exchange(command{code: wire.ComPing})
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
