package backend

import (
	"errors"
	"slices"
)

// setAccount makes the pool log in with another account, or in another TLS mode,
// from now on. What was
// opened with the old one is closed: idle connections now, others when they are
// released.
func (p *pool) setAccount(as account) {
	p.mu.Lock()
	if p.account == as {
		p.mu.Unlock()
		return
	}
	p.account = as
	p.generation.Add(1)
	idle := p.dropIdle(len(p.idle))
	p.mu.Unlock()
	quitAll(idle)
}

// retire ends the pool for that reason: idle connections are closed now, those
// in use when they are released, and nobody gets one any more. A pool is retired
// once, or first because its server left and then because the manager closes;
// in the latter case the connections in use are closed as well.
func (p *pool) retire(why error) {
	p.mu.Lock()
	p.retired = why
	p.generation.Add(1)
	p.shortage.end()
	for len(p.waiting) > 0 {
		p.grant(turn{err: why})
	}
	idle := p.dropIdle(len(p.idle))
	if errors.Is(why, ErrClosed) {
		for l := range p.used {
			l.cut()
		}
	}
	p.mu.Unlock()
	quitAll(idle)
}

// dropIdle takes the n longest idle connections off the books. Their slots go to
// nobody: whoever waits while there are any waits for the server, and tries again.
func (p *pool) dropIdle(n int) []*link {
	dropped := slices.Clone(p.idle[:n])
	p.idle = slices.Delete(p.idle, 0, n)
	p.count -= n
	return dropped
}

// empty tells whether no connection is left that anyone could hold.
func (p *pool) empty() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.used) == 0 && p.connecting == 0
}

func quitAll(links []*link) {
	for _, l := range links {
		l.quit()
	}
}
