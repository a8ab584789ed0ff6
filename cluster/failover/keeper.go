package failover

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
)

const (
	// pace is the time between two looks at a library about which nobody has a
	// doubt, doubtPace at one whose active server somebody calls dead.
	pace      = 2 * time.Second
	doubtPace = 500 * time.Millisecond
	// retryPace is the time between two attempts at a step that did not work.
	retryPace = time.Second
	// explainPace is the time between two reasons for which a switch waits. Each is a
	// command, and errors of networks hardly ever say the same twice.
	explainPace = 5 * time.Second
	// raceDelay is how long after a command that somebody else was faster with the
	// state is looked at again.
	raceDelay = 20 * time.Millisecond
	// proposeTimeout bounds one command.
	proposeTimeout = 10 * time.Second
	// operateSlack is how much longer than an operation its way to the node and back
	// may take.
	operateSlack = time.Second
)

// keeper watches one library during one term and drives its switches. Its goroutine
// is the only one that uses the fields without a lock.
type keeper struct {
	*term
	id    fsm.LibraryID
	name  string        // the library's, "" before the first round; never changed then
	poked chan struct{} // a token
	begun bool          // a round is over

	looked   time.Time // when a look was last begun
	memory   memory
	oddSince time.Time // since when the active server is not as it has to be; see amiss
	said     string    // what was logged last of a switch that does not come about

	// Of the switch that is under way; see follow.
	current     *fsm.Library    // the library, as it was seen last with a switch; nil without one
	began       time.Time       // when this keeper saw it first
	entered     time.Time       // when this keeper saw it first in its phase and with its successor
	origin      string          // its reason, when this keeper saw it first
	explained   time.Time       // when its reason was changed last
	drainSince  time.Time       // from when on the bound for its transactions counts
	mayBeFenced bool            // the old server may have been fenced while it drains
	failed      map[string]bool // servers that could not be made ready

	failbackAfter time.Time // no failback before, since the last one was given up
	errands       errands

	mu     sync.Mutex
	rested map[string]time.Time     // guarded by mu; until when a server is left alone by chores
	bounds map[string]time.Duration // guarded by mu; drain bounds that operators have asked for, by successor
	reason map[uint64]string        // guarded by mu; why switches were given up, by Switch.Began; at most maxReasons
}

// maxReasons bounds for how many switches it is remembered why they were given up.
const maxReasons = 16

func newKeeper(t *term, id fsm.LibraryID) *keeper {
	return &keeper{
		term: t, id: id, poked: make(chan struct{}, 1),
		failed: make(map[string]bool), rested: make(map[string]time.Time),
		bounds: make(map[string]time.Duration), reason: make(map[uint64]string),
	}
}

// wake has the keeper look at its library now.
func (k *keeper) wake() {
	select {
	case k.poked <- struct{}{}:
	default:
	}
}

func (k *keeper) run(ctx context.Context) {
	for ctx.Err() == nil {
		l := k.library()
		if l == nil {
			k.forget()
			break
		}
		k.pause(ctx, k.round(ctx, l))
	}
	k.errands.stop()
}

// forget ends what is remembered of a library that was removed.
func (k *keeper) forget() {
	k.term.mu.Lock()
	delete(k.keepers, k.id)
	k.term.mu.Unlock()
	k.d.forget(k.id, k.name)
	k.news.ring()
}

// pause waits until the time is over or something may have changed.
func (k *keeper) pause(ctx context.Context, wait time.Duration) {
	if wait <= 0 {
		return
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-k.poked:
	case <-timer.C:
	}
}

// library returns the library as this node has applied it, nil once it was removed.
func (k *keeper) library() *fsm.Library { return k.cluster.Libraries().ByID(k.id) }

// round does what is to be done now, at most one step of a switch, and returns how
// long nothing is to be done unless something changes.
func (k *keeper) round(ctx context.Context, l *fsm.Library) time.Duration {
	if k.name == "" { // errands read it, and none has begun before the first round
		k.name = l.Name
	}
	k.follow(l)
	k.begun = true
	if l.Switch == nil {
		return k.watch(ctx, l)
	}
	k.errands.stop()
	switch l.Switch.Phase {
	case fsm.SwitchDraining:
		return k.drain(ctx, l)
	case fsm.SwitchRetired:
		return k.release(ctx, l)
	case fsm.SwitchReleased:
		return k.fence(ctx, l)
	case fsm.SwitchFenced:
		return k.choose(ctx, l)
	default:
		return k.ready(ctx, l)
	}
}

// follow notes how the library's switch has changed since the last round.
func (k *keeper) follow(l *fsm.Library) {
	k.d.metrics.at(l)
	last := k.current
	if last != nil && (l.Switch == nil || l.Switch.Began != last.Switch.Began) {
		k.conclude(last, l)
		last = nil
	}
	if l.Switch == nil {
		k.current = nil
		return
	}
	now := time.Now()
	if last == nil {
		k.began, k.drainSince = now, now
		// What began before this term, an earlier leader may have taken anywhere.
		k.mayBeFenced = !k.begun
		k.origin, k.explained = l.Switch.Reason, time.Time{}
		clear(k.failed)
	}
	if last == nil || last.Switch.Phase != l.Switch.Phase || last.Switch.To != l.Switch.To {
		k.entered = now
	}
	k.current = l
}

// conclude notes that the switch that last was in is over.
func (k *keeper) conclude(last, l *fsm.Library) {
	outcome := outcomeDone
	switch {
	case l.ActiveEpoch == last.ActiveEpoch:
		outcome = outcomeCancelled
	case l.Active == last.Switch.From:
		outcome = outcomeBack
	}
	took := time.Since(k.began)
	// The others have to follow the new one at once: it may wait for them.
	k.looked = time.Time{}
	k.d.noteEnd(k.id)
	k.d.metrics.ended(l, last.Switch, outcome, took)
	k.d.logger.Info("the change of the active server is over",
		zap.String("library", l.Name), zap.String("outcome", outcome), zap.String("active", l.Active),
		zap.Uint64("epoch", l.ActiveEpoch), zap.Stringer("cause", last.Switch.Cause), zap.Duration("took", took))
	k.news.ring()
}

// propose has a command carried out. Whatever comes of it, the caller looks at the
// state again after the time that is returned.
func (k *keeper) propose(ctx context.Context, c Command, doing string) (ok bool, wait time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, proposeTimeout)
	defer cancel()
	_, err := k.cluster.Propose(ctx, c)
	switch {
	case err == nil:
		k.news.ring()
		return true, 0
	case errors.Is(err, fsm.ErrStaleSwitch):
		return false, raceDelay
	}
	k.d.logger.Warn("a step was not decided", zap.String("library", k.name), zap.String("step", doing), zap.Error(err))
	return false, retryPace
}

// advance takes the switch into the next phase.
func (k *keeper) advance(ctx context.Context, l *fsm.Library, c fsm.AdvanceSwitch) time.Duration {
	c.Library, c.Epoch, c.At = l.ID, l.ActiveEpoch, l.Switch.Phase
	if c.Reason == "" && c.Next != c.At {
		c.Reason = k.origin // what it waited for is over
	}
	c.Reason = fsm.ClipReason(c.Reason)
	ok, wait := k.propose(ctx, c, c.Next.String())
	if ok {
		to := l.Switch.To
		if c.To != "" {
			to = c.To
		}
		reason := l.Switch.Reason
		if c.Reason != "" {
			reason = c.Reason
		}
		k.d.logger.Info("active server: "+c.Next.String(),
			zap.String("library", l.Name), zap.String("from", l.Switch.From), zap.String("to", to),
			zap.Uint64("epoch", l.ActiveEpoch), zap.Stringer("cause", l.Switch.Cause), zap.String("reason", reason))
	}
	return wait
}

// explain tells, in the state, what the switch waits for, unless it does already or
// another reason has just been given.
func (k *keeper) explain(ctx context.Context, l *fsm.Library, why string) time.Duration {
	if why = fsm.ClipReason(why); why != l.Switch.Reason && time.Since(k.explained) > explainPace {
		k.explained = time.Now()
		k.advance(ctx, l, fsm.AdvanceSwitch{Next: l.Switch.Phase, Reason: why})
	}
	return retryPace
}

// operate does something at a server through a node that reaches it, this one
// first. Where that fails another node may do it, in the time that is left.
func (k *keeper) operate(ctx context.Context, v look, op topology.Operation) (topology.Facts, error) {
	nodes := v.reaching(op.Server)
	if i := slices.Index(nodes, k.d.node); i > 0 {
		nodes[0], nodes[i] = nodes[i], nodes[0]
	}
	if len(nodes) == 0 {
		return topology.Facts{}, fmt.Errorf("%s server %s: no node reaches it: %s", op.Kind, op.Server, v.complaint(op.Server))
	}
	deadline := time.Now().Add(op.Timeout)
	var failures []error
	for _, node := range nodes {
		left := time.Until(deadline)
		if left < time.Millisecond || ctx.Err() != nil {
			break
		}
		op.Timeout = left
		facts, err := k.operateThrough(ctx, node, op)
		if err == nil {
			return facts, nil
		}
		failures = append(failures, fmt.Errorf("through node %s: %w", node, err))
	}
	return topology.Facts{}, fmt.Errorf("%s server %s: %w", op.Kind, op.Server, errors.Join(failures...))
}

func (k *keeper) operateThrough(ctx context.Context, node string, op topology.Operation) (topology.Facts, error) {
	ctx, cancel := context.WithTimeout(ctx, op.Timeout+operateSlack)
	defer cancel()
	return k.cluster.Operate(ctx, node, op)
}

// lookAll has every node look now.
func (k *keeper) lookAll(ctx context.Context, l *fsm.Library) look {
	return k.look(ctx, l, k.cluster.Nodes(), 0)
}
