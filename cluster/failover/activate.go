package failover

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/fsm"
)

// maxLag is how far behind a replica may be that an operator activates without
// force: it has catchUpTimeout to get the rest.
const maxLag = catchUpTimeout

// errLeads says that another node leads by now.
var errLeads = fmt.Errorf("this node does not lead; if the switch has begun, the next leader goes on with it: %w", fsm.ErrNoLeader)

// Request is an operator's request for another active server.
type Request struct {
	Library string // its name
	Server  string // address of the server that is to be the active one
	// Force gives up what is not certain: transactions that do not end in time are
	// cut, nodes that do not answer are not waited for for longer than a lease, and
	// writes that the server has not received are lost.
	Force bool
	Drain time.Duration // how long transactions may take to end; 0 is DefaultDrain
}

// Activate makes a server the active one and returns when it is, with nil, or when
// it will not be. A switch that is under way goes on to that server; otherwise one
// begins. What has begun goes on when ctx ends. Asking again for the same is safe.
//
// Errors: fsm.ErrNoLeader when no term is under way or it ends meanwhile,
// fsm.ErrBadChange for what cannot be.
func (d *Driver) Activate(ctx context.Context, r Request) error {
	d.mu.Lock()
	t := d.term
	d.mu.Unlock()
	if t == nil || !t.join() {
		return errLeads
	}
	defer t.work.Done()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(t.ctx, func() { cancel(errLeads) })()
	for {
		done, err := t.activate(ctx, r)
		if done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(raceDelay):
		}
	}
}

// activate begins or turns a switch and waits for its end. It is done unless
// somebody else was faster.
func (t *term) activate(ctx context.Context, r Request) (done bool, err error) {
	l := t.cluster.Libraries().ByName(r.Library)
	if l == nil {
		return true, fmt.Errorf("%w: there is no library %s", fsm.ErrBadChange, r.Library)
	}
	server, ok := l.Server(r.Server)
	switch {
	case !ok:
		return true, fmt.Errorf("%w: library %s has no server %s", fsm.ErrBadChange, l.Name, r.Server)
	case server.Maintenance:
		return true, fmt.Errorf("%w: server %s of library %s is in maintenance; `mysqlda library maintenance %s %s off` ends that", fsm.ErrBadChange, r.Server, l.Name, l.Name, r.Server)
	case l.Switch == nil && l.Active == r.Server:
		return true, nil
	case l.Switch == nil:
		return t.beginFor(ctx, l, r)
	default:
		return t.turn(ctx, l, r)
	}
}

func (t *term) beginFor(ctx context.Context, l *fsm.Library, r Request) (done bool, err error) {
	if !r.Force {
		v := t.look(ctx, l, t.cluster.Nodes(), lookAge)
		var silent []string
		if !l.Guarded {
			silent = t.silent(ctx)
		}
		if why := objection(l, v, r.Server, silent); why != "" {
			return true, fmt.Errorf("%w: %s", fsm.ErrBadChange, why)
		}
	}
	k := t.keeper(l.ID)
	k.setBound(r.Server, r.Drain)
	began, err := t.cluster.Propose(ctx, fsm.BeginSwitch{
		Library: l.ID, Epoch: l.ActiveEpoch, Drain: true, To: r.Server,
		Cause: fsm.CauseOperator, Reason: "an operator has asked for it", Forced: r.Force,
	})
	if err != nil {
		return false, unlessStale(err)
	}
	t.d.logger.Info("active server: a switch begins",
		zap.String("library", l.Name), zap.String("from", l.Active), zap.String("to", r.Server),
		zap.Uint64("epoch", l.ActiveEpoch), zap.Stringer("cause", fsm.CauseOperator), zap.Bool("forced", r.Force))
	k.wake()
	return true, t.outcome(ctx, k, began, r.Server)
}

// turn has a switch that is under way go to the server.
func (t *term) turn(ctx context.Context, l *fsm.Library, r Request) (done bool, err error) {
	s := l.Switch
	server, _ := l.Server(r.Server)
	switch {
	case s.To == r.Server && (s.Forced || !r.Force):
	case r.Force:
	case server.Excluded != "":
		return true, fmt.Errorf("%w: server %s is excluded: it %s", fsm.ErrBadChange, r.Server, server.Excluded)
	case s.Phase == fsm.SwitchChosen:
		return true, fmt.Errorf("%w: server %s is being made ready for library %s; try again when that is over, or use --force", fsm.ErrBadChange, s.To, l.Name)
	case s.Phase == fsm.SwitchDraining && r.Server != s.From:
		return true, fmt.Errorf("%w: library %s is being taken from server %s to %s; try again when that is over, or use --force", fsm.ErrBadChange, l.Name, s.From, s.To)
	}
	if s.Phase == fsm.SwitchDraining && r.Server == s.From {
		return true, fmt.Errorf("%w: server %s is the active one until library %s goes to %s; try again when that is over", fsm.ErrBadChange, s.From, l.Name, s.To)
	}
	k := t.keeper(l.ID)
	if s.To != r.Server || r.Force && !s.Forced {
		_, err := t.cluster.Propose(ctx, fsm.AdvanceSwitch{Library: l.ID, Epoch: l.ActiveEpoch, At: s.Phase, Next: s.Phase, To: r.Server, Forced: r.Force})
		if err != nil {
			return false, unlessStale(err)
		}
		t.d.logger.Info("active server: an operator has turned the switch",
			zap.String("library", l.Name), zap.String("from", s.From), zap.String("to", r.Server),
			zap.Uint64("epoch", l.ActiveEpoch), zap.Stringer("cause", s.Cause), zap.Bool("forced", r.Force))
	}
	k.wake()
	return true, t.outcome(ctx, k, s.Began, r.Server)
}

// unlessStale returns nil for a command that somebody else was faster than.
func unlessStale(err error) error {
	if errors.Is(err, fsm.ErrStaleSwitch) {
		return nil
	}
	return err
}

// outcome waits until the switch that began with that command is over.
func (t *term) outcome(ctx context.Context, k *keeper, began uint64, server string) error {
	var reason string
	var phase fsm.SwitchPhase
	for {
		news := t.news.next()
		l := k.library()
		if l == nil {
			return fmt.Errorf("%w: the library of server %s was removed", fsm.ErrBadChange, server)
		}
		switch s := l.Switch; {
		case s != nil && s.Began == began:
			reason, phase = s.Reason, s.Phase
		case l.Active == server:
			return nil
		default:
			if why := k.reasonFor(began); why != "" {
				reason = why
			}
			return fmt.Errorf("server %s did not become the active one of library %s, which is %s: %s", server, l.Name, activeOf(l), reason)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the switch of library %s to server %s is not over, it is %s (%s) and goes on: %w", l.Name, server, phase, reason, context.Cause(ctx))
		case <-news:
		case <-time.After(retryPace):
		}
	}
}

func activeOf(l *fsm.Library) string {
	if l.Active == "" {
		return "being decided on"
	}
	return l.Active
}

// silent returns the nodes that do not answer.
func (t *term) silent(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, appliedTimeout)
	defer cancel()
	nodes := t.cluster.Nodes()
	answered := make([]bool, len(nodes))
	var asked sync.WaitGroup
	for i, node := range nodes {
		asked.Go(func() { answered[i] = t.cluster.Applied(ctx, node, 1) == nil })
	}
	asked.Wait()
	var silent []string
	for i, node := range nodes {
		if !answered[i] {
			silent = append(silent, node)
		}
	}
	return silent
}

// objection says why a server should not be made the active one without force; ""
// if nothing speaks against it. silent are nodes that do not answer.
func objection(l *fsm.Library, v look, server string, silent []string) string {
	s, _ := l.Server(server)
	f, _ := v.facts(server)
	const force = "or use --force"
	switch {
	case s.Excluded != "":
		return fmt.Sprintf("server %s is excluded: it %s", server, s.Excluded)
	case !v.usable(server):
		return fmt.Sprintf("server %s cannot be reached by a majority of the voters (%s); repair that, %s", server, v.complaint(server), force)
	case len(silent) > 0:
		return fmt.Sprintf("nodes %s do not answer and may go on to use server %s; bring them back or remove them, %s", strings.Join(silent, ", "), l.Active, force)
	case l.Failover.Policy == fsm.FailoverFollow && f.ReadOnly:
		return fmt.Sprintf("server %s does not take writes; promote it first, %s", server, force)
	case l.Failover.Policy != fsm.FailoverPromote:
		return ""
	case !v.replicates(f, l.Active):
		return fmt.Sprintf("server %s does not replicate from the active server %s; set that up, %s and lose what it has not", server, l.Active, force)
	case !f.Source.Receiving || !f.Source.Applying:
		return fmt.Sprintf("server %s is a replica that does not go on (%s); repair that, %s and lose what it has not", server, f.Source.LastError, force)
	case f.Source.LagKnown && f.Source.Lag > maxLag:
		return fmt.Sprintf("server %s is %s behind; wait until it is less than %s, %s", server, f.Source.Lag, maxLag, force)
	}
	return ""
}
