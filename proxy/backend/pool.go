package backend

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/proxy/latency"
)

// pool holds the connections to one server.
//
// Every connection is idle, in use, or being reset; those and the rights to open
// one ("slots") are counted together and bounded. Callers that find nothing wait
// in the order in which they came: whatever comes free goes to the first of
// them. While anyone waits nothing is idle that would serve him.
type pool struct {
	cfg    Config
	target target
	ctx    context.Context // ends when the manager closes
	tasks  *sync.WaitGroup // the manager's: resets under way
	wanted chan<- struct{} // signalled when a caller begins to wait
	// suspect, unless nil, is called when a connection was of no use any more.
	suspect func()

	// generation grows when connections opened before must not be reused: the
	// account was changed, or the pool was retired.
	generation atomic.Uint64
	beside     chan struct{} // a token for each connection beside the pool

	mu         sync.Mutex
	account    account
	retired    error   // why nobody gets a connection any more; nil while in service
	count      int     // idle, in use, being reset, and slots
	idle       []*link // longest idle first
	used       map[*link]struct{}
	connecting int
	resetting  int
	waiting    []*waiter // longest waiting first
	shortage   shortage  // of connections that the server takes

	opened, reused, failed      atomic.Uint64
	cleaned, unclean            atomic.Uint64 // resets that worked, and that cost the connection
	timedOut, turnedAway, short atomic.Uint64 // see PoolStats
	waits                       latency.Histogram
}

// maxBeside bounds the connections beside the pool to one server.
const maxBeside = 4

// errRetired says that the server left its last library, or is not the active one any
// more. There are newer routes then.
var errRetired = errors.New("the server is in no library any more")

func newPool(ctx context.Context, cfg Config, tasks *sync.WaitGroup, wanted chan<- struct{}, to target, as account) *pool {
	return &pool{
		cfg: cfg, target: to, ctx: ctx, tasks: tasks, wanted: wanted, account: as,
		beside: make(chan struct{}, maxBeside),
		used:   make(map[*link]struct{}),
	}
}

// acquire returns a connection of that profile: an idle one, or a new one. It
// waits while the pool or the server is full. connect reports on each attempt to
// open one.
func (p *pool) acquire(ctx context.Context, profile Profile, connect func(error)) (*link, error) {
	w := &waiter{profile: profile}
	l, err := p.take(ctx, w)
	for {
		switch {
		case err != nil:
			return nil, err
		case l == nil:
			var opened bool
			if l, opened, err = p.open(ctx, w, connect); opened {
				return l, nil
			}
		case !l.alive():
			p.discard(l)
			l, err = p.take(ctx, w)
		case p.renew(ctx, l):
			l.cleanSince = time.Time{}
			p.reused.Add(1)
			return l, nil
		default:
			p.replace(l)
			l = nil
		}
	}
}

// take returns an idle connection, which is in use from then on, or nil: a slot,
// which the caller must use up with open.
func (p *pool) take(ctx context.Context, w *waiter) (*link, error) {
	p.mu.Lock()
	if p.retired != nil {
		p.mu.Unlock()
		return nil, p.retired
	}
	if l := p.takeIdle(w.profile); l != nil {
		p.mu.Unlock()
		return l, nil
	}
	short := p.runsShort()
	if p.count < p.cfg.MaxPerServer && !short {
		p.count++
		p.mu.Unlock()
		return nil, nil
	}
	if len(p.waiting) >= p.cfg.MaxWaitingPerServer {
		p.mu.Unlock()
		p.turnedAway.Add(1)
		return nil, fmt.Errorf("%w: server %s: %d callers wait already", ErrPoolFull, p.target.server, p.cfg.MaxWaitingPerServer)
	}
	oldest := p.makeRoom() // all that are idle are of other profiles
	if oldest != nil && !short {
		p.count++
		p.mu.Unlock()
		oldest.quit()
		return nil, nil
	}
	p.queue(w, len(p.waiting))
	p.mu.Unlock()
	if oldest != nil {
		oldest.quit()
	}
	return p.wait(ctx, w)
}

// makeRoom takes the connection that has been idle longest off the books, if
// there is one. The caller closes it.
func (p *pool) makeRoom() *link {
	if len(p.idle) == 0 {
		return nil
	}
	return p.dropIdle(1)[0]
}

// takeIdle takes the connection of that profile that was used last: it is the
// likeliest to be alive, and the others get to grow old.
func (p *pool) takeIdle(profile Profile) *link {
	for i := len(p.idle) - 1; i >= 0; i-- {
		if l := p.idle[i]; l.profile == profile {
			p.idle = slices.Delete(p.idle, i, i+1)
			p.used[l] = struct{}{}
			return l
		}
	}
	return nil
}

// open uses up a slot: the connection is in use afterwards, or the slot free. When
// the server takes no more connections, but has some of ours, the caller waits
// and gets what take would give.
func (p *pool) open(ctx context.Context, w *waiter, connect func(error)) (l *link, opened bool, err error) {
	p.mu.Lock()
	p.connecting++
	p.mu.Unlock()
	l, err = p.dial(ctx, w.profile, connect)

	p.mu.Lock()
	p.connecting--
	if p.retired != nil {
		if err == nil {
			l.quit()
		}
		err = p.retired
	}
	if err == nil {
		p.opened.Add(1)
		p.used[l] = struct{}{}
		p.endShortage()
		p.mu.Unlock()
		return l, true, nil
	}
	p.failed.Add(1)
	if takesNoMore(err) {
		oldest := p.beginShortage(w, err)
		p.mu.Unlock()
		if oldest != nil {
			oldest.quit()
		}
		l, err = p.wait(ctx, w)
		return l, false, err
	}
	p.passSlot()
	p.mu.Unlock()
	return nil, false, err
}

// openBeside opens a connection that is not counted and never reused. It waits
// while maxBeside of them are open.
func (p *pool) openBeside(ctx context.Context, profile Profile, connect func(error)) (*link, error) {
	select {
	case p.beside <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for a connection beside the pool of server %s: %w", p.target.server, ctx.Err())
	}
	l, err := p.dial(ctx, profile, connect)
	if err != nil {
		<-p.beside
		return nil, err
	}
	l.beside = true
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.retired != nil {
		l.quit()
		<-p.beside
		return nil, p.retired
	}
	p.used[l] = struct{}{}
	return l, nil
}

// dial logs in to the server with the account of the moment.
func (p *pool) dial(ctx context.Context, profile Profile, connect func(error)) (*link, error) {
	as, generation := p.login()
	bounded, cancel := context.WithTimeout(ctx, p.cfg.DialTimeout)
	defer cancel()
	defer context.AfterFunc(p.ctx, cancel)()
	l, err := p.target.dial(bounded, as, profile)
	if ctx.Err() == nil && p.ctx.Err() == nil {
		connect(err) // giving up says nothing of the server
	}
	if err != nil {
		return nil, err
	}
	l.generation = generation
	return l, nil
}

// login is the account to log in with, and the generation of what it opens.
func (p *pool) login() (account, uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.account, p.generation.Load()
}

// release takes a connection back from its session and cleans it in the
// background. It does not wait for the network, except to say goodbye. settled:
// see link.reset.
func (p *pool) release(l *link, settled bool) {
	p.mu.Lock()
	if _, ok := p.used[l]; !ok || l.beside || p.retired != nil || l.generation != p.generation.Load() {
		p.mu.Unlock()
		l.quit()
		p.forget(l)
		return
	}
	delete(p.used, l)
	p.resetting++
	p.tasks.Go(func() { p.clean(l, settled) }) // under mu: not after the manager waits
	p.mu.Unlock()
}

// clean resets a connection and lets the next one have it.
func (p *pool) clean(l *link, settled bool) {
	if err := l.reset(p.ctx, p.cfg.ResetTimeout, settled); err != nil {
		p.spoilt(l, err)
		p.mu.Lock()
		p.resetting--
		p.passSlot()
		p.mu.Unlock()
		return
	}
	p.cleaned.Add(1)
	l.cleanSince = time.Now()
	p.mu.Lock()
	p.resetting--
	surplus := p.park(l)
	p.mu.Unlock()
	if surplus != nil {
		surplus.quit()
	}
}

// spoilt closes a connection that could not be reset.
func (p *pool) spoilt(l *link, err error) {
	p.unclean.Add(1)
	p.cfg.Logger.Debug("connection closed: it could not be reset", zap.String("server", p.target.server), zap.Error(err))
	if refused := (*RefusedError)(nil); errors.As(err, &refused) {
		l.quit() // the answer was whole
	} else {
		l.cut()
	}
}

// park gives a clean connection to the first waiter or makes it idle. It returns
// the connection that has to go in its place, if any.
func (p *pool) park(l *link) (surplus *link) {
	if p.retired != nil || l.generation != p.generation.Load() {
		p.passSlot()
		return l
	}
	if len(p.waiting) > 0 {
		if p.waiting[0].profile != l.profile {
			p.passSlot()
			return l
		}
		p.used[l] = struct{}{}
		p.grant(turn{link: l})
		return nil
	}
	p.idle = append(p.idle, l)
	if len(p.idle) > p.cfg.MaxIdlePerServer {
		surplus = p.idle[0]
		p.idle = slices.Delete(p.idle, 0, 1)
		p.count--
	}
	return surplus
}

// discard closes a connection in use.
func (p *pool) discard(l *link) {
	l.cut()
	p.forget(l)
	if p.suspect != nil {
		p.suspect()
	}
}

// forget takes a closed connection off the books.
func (p *pool) forget(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.used[l]; !ok {
		return
	}
	delete(p.used, l)
	if l.beside {
		<-p.beside
		return
	}
	p.passSlot()
}
