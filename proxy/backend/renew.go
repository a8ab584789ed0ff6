package backend

import (
	"context"
	"time"
)

// renewAfter is for how long a connection that was reset is like a new one. A
// reset copies the server's global variables: what an operator changes later
// would not reach the next session.
const renewAfter = time.Second

// renew makes a connection in use fit for a session that begins now. If it cannot,
// the connection is closed, and still counted: the caller replaces it. ctx and
// ResetTimeout bound it.
func (p *pool) renew(ctx context.Context, l *link) bool {
	if time.Since(l.cleanSince) < renewAfter {
		return true
	}
	if err := l.reset(ctx, p.cfg.ResetTimeout, true); err != nil {
		p.spoilt(l, err)
		return false
	}
	p.cleaned.Add(1)
	return l.raw.SetDeadline(time.Time{}) == nil
}

// replace makes a slot of a closed connection in use, for the caller to open
// another: the rest of the idle ones are likely to be of no more use.
func (p *pool) replace(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.used, l)
}
