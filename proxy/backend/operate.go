package backend

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/fsm/topology"
)

const (
	// lookEvery is the pause between two looks at something that is awaited.
	lookEvery = 50 * time.Millisecond
	// withdrawTimeout bounds ending at a server what an operation has given up.
	withdrawTimeout = 5 * time.Second
	// leastTimeout of an operation.
	leastTimeout = time.Millisecond
)

// Operate carries out an operation at a server, over connections of its own beside
// the pool, by the account that operates servers, and returns what the server says
// of itself afterwards. Each operation may be repeated: what is done already is not
// done again. ctx and the operation's Timeout bound all of it; what is under way
// then at the server is ended in the background, and how far it came is told by the
// next look only.
//
// An error names the server, the step that failed, what the server says of it, and
// what right is missing, and never holds a password. The facts with it are the last
// that were seen, zero if none were.
func (m *Manager) Operate(ctx context.Context, op topology.Operation) (topology.Facts, error) {
	ctx, cancel := context.WithTimeout(ctx, max(op.Timeout, leastTimeout))
	defer cancel()
	defer context.AfterFunc(m.ctx, cancel)()
	o := &operation{Operation: op, manager: m}
	m.mu.Lock()
	closed, s := m.closed, m.servers[op.Server]
	o.replicator = m.replicator
	if s != nil {
		o.clients = s.clients
	}
	m.mu.Unlock()
	switch {
	case closed:
		return topology.Facts{}, ErrClosed
	case s == nil:
		return topology.Facts{}, fmt.Errorf("%s server %s: %w", op.Kind, op.Server, errRetired)
	}
	o.target, o.probe = &s.pool.target, s.probe
	o.as = s.probe.account()
	if o.replicator.user == "" {
		o.replicator = o.as
	}
	err := o.run(ctx)
	s.probe.want()
	if err != nil {
		return o.last.Facts, fmt.Errorf("%s server %s: %w", op.Kind, op.Server, err)
	}
	return o.last.Facts, nil
}

// account is the one by which the server is watched and operated.
func (p *probe) account() account {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.operator
}

// operation is one that is being carried out.
type operation struct {
	topology.Operation
	manager    *Manager
	target     *target
	probe      *probe
	as         account  // by which it is carried out
	clients    []string // whom the clients' connections may be logged in as
	replicator account  // by which a replica logs in to its source

	link *link
	last state // the newest
}

// errNotYet says that what an operation waits for is not so.
var errNotYet = errors.New("not yet")

func (o *operation) run(ctx context.Context) (err error) {
	if o.link, err = o.connect(ctx, o.takeProbes); err != nil {
		return err
	}
	defer o.hangUp(ctx, o.link)
	if err := o.refresh(ctx); err != nil {
		return err
	}
	switch o.Kind {
	case topology.Fence:
		err = o.fence(ctx, o.ReadOnly)
	case topology.Unfence:
		err = o.takeWrites(ctx)
	case topology.Seal:
		err = o.seal(ctx)
	case topology.CatchUp:
		err = o.catchUp(ctx, o.Position)
	case topology.Promote:
		err = o.promote(ctx)
	case topology.Follow:
		err = o.follow(ctx)
	default:
		err = fmt.Errorf("there is no operation %d", o.Kind)
	}
	if err != nil {
		return err
	}
	return o.refresh(ctx)
}

// connect opens a connection that is fit for statements of ours. While the server
// takes no more it asks makeRoom to do something about that.
func (o *operation) connect(ctx context.Context, makeRoom func() error) (l *link, err error) {
	err = o.await(ctx, "the server takes a connection", func() error {
		if l, err = o.target.dial(ctx, o.as, Profile{Collation: probeCollation}); !takesNoMore(err) {
			return err
		}
		if err := makeRoom(); err != nil {
			return err
		}
		return fmt.Errorf("%w: %w", errNotYet, err)
	})
	if err != nil {
		return nil, fmt.Errorf("log in as '%s': %w", o.as.user, err)
	}
	if _, err := l.query(ctx, quotingMode); err != nil {
		l.cut()
		return nil, fmt.Errorf("set sql_mode: %w", err)
	}
	return l, nil
}

// takeProbes has the probe give its connection up: an account that may end others'
// connections gets one more than there may be, and the probe may have it.
func (o *operation) takeProbes() error {
	signal(o.probe.yield)
	return nil
}

// hangUp closes a connection. What the server may still be busy with when ctx has
// ended is ended too.
func (o *operation) hangUp(ctx context.Context, l *link) {
	if ctx.Err() != nil {
		o.withdraw(l)
		return
	}
	l.quit()
}

// withdraw ends what a server is busy with over a connection: it would be done at a
// time at which nobody expects it any more.
func (o *operation) withdraw(l *link) {
	l.cut()
	o.manager.background(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, withdrawTimeout)
		defer cancel()
		killer, err := o.target.dial(ctx, o.as, Profile{Collation: probeCollation})
		if err == nil {
			_, err = killer.query(ctx, kill(l.threadID))
			killer.quit()
		}
		var refused *RefusedError
		if err != nil && !(errors.As(err, &refused) && refused.Code == codeNoSuchThread) {
			o.manager.cfg.Logger.Warn("what an operation has given up may go on at the server",
				zap.String("server", o.Server), zap.Stringer("operation", o.Kind), zap.Error(err))
		}
	})
}

// background runs a task of the manager's own, unless that is closed.
func (m *Manager) background(task func(ctx context.Context)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.closed {
		m.tasks.Go(func() { task(m.ctx) })
	}
}

// refresh asks for the newest state.
func (o *operation) refresh(ctx context.Context) error {
	s, err := o.link.state(ctx)
	if err != nil {
		return fmt.Errorf("ask for its state: %w", err)
	}
	o.last = s
	return nil
}

// needsReplication fails when it cannot be seen what the server replicates from.
func (o *operation) needsReplication() error {
	if o.last.missing != "" {
		return errors.New(o.last.missing)
	}
	if o.last.Flavour == topology.UnknownFlavour {
		return fmt.Errorf("a server of version %q is neither MariaDB nor MySQL with GTIDs", o.last.Version)
	}
	return nil
}

// do carries out one statement. step says for people what it is.
func (o *operation) do(ctx context.Context, step, statement string) error {
	return o.doOver(ctx, o.link, step, statement)
}

func (o *operation) doOver(ctx context.Context, l *link, step, statement string) error {
	_, err := l.query(ctx, statement)
	return o.explain(step, err)
}

// explain says at which step something went wrong, and what to do about it.
func (o *operation) explain(step string, err error) error {
	if err == nil {
		return nil
	}
	var refused *RefusedError
	if !errors.As(err, &refused) {
		return fmt.Errorf("%s: %w", step, err)
	}
	if refused.lacksRight() {
		return fmt.Errorf("%s: %w; %s", step, err, grantTo(o.last.words, o.as.user))
	}
	if refused.quotes(o.as.password, o.replicator.password) {
		return fmt.Errorf("%s: error %d, of which the text is not shown: it may hold a password", step, refused.Code)
	}
	return fmt.Errorf("%s: %w", step, err)
}

// await looks until condition is content, which it is with nil; errNotYet lets it
// look again, any other error ends it. why says what is awaited.
func (o *operation) await(ctx context.Context, why string, condition func() error) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var last error // why not yet
	for {
		err := condition()
		switch {
		case errors.Is(err, errNotYet):
			last = err
		case err == nil || ctx.Err() == nil || last == nil:
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until %s: %w: %w", why, ctx.Err(), last)
		case <-tick.C:
		}
	}
}
