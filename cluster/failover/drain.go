package failover

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
)

const (
	// DefaultDrain is how long a planned switch waits for transactions to end.
	DefaultDrain = 5 * time.Second
	// fenceTimeout bounds fencing a server and taking that back, catchUpTimeout that
	// a replica executes what it has yet to receive.
	fenceTimeout   = 5 * time.Second
	catchUpTimeout = 10 * time.Second
	// askPace is the time between two requests to a node that did not answer.
	askPace = 200 * time.Millisecond
	// failbackPause is how long after a failback was given up there is none: each
	// attempt makes statements wait.
	failbackPause = 5 * time.Minute
)

// drain takes a planned switch to the point from which on the old server is not used
// any more, with nothing lost: nodes have drained, the old server takes no more
// writes, and its replica has them all. If that does not work the switch is given up.
func (k *keeper) drain(ctx context.Context, l *fsm.Library) time.Duration {
	why := k.drained(ctx, l)
	if l = k.same(l); l == nil || ctx.Err() != nil {
		return raceDelay
	}
	if why == "" || l.Switch.Forced {
		unsafe := k.handOver(ctx, l)
		if l = k.same(l); l == nil || ctx.Err() != nil {
			return raceDelay
		}
		if why = unsafe; why == "" || l.Switch.Forced {
			return k.advance(ctx, l, fsm.AdvanceSwitch{Next: fsm.SwitchRetired, Reason: why})
		}
	}
	return k.giveUp(ctx, l, why)
}

// same returns the library as it is now if it is still in the same phase of the same
// switch, else nil.
func (k *keeper) same(l *fsm.Library) *fsm.Library {
	now := k.library()
	if now == nil || now.Switch == nil || now.ActiveEpoch != l.ActiveEpoch || now.Switch.Began != l.Switch.Began || now.Switch.Phase != l.Switch.Phase {
		return nil
	}
	return now
}

// drained waits until no node has anything in flight at the old server, and returns
// "" then, or why it is not so when the time is up.
func (k *keeper) drained(ctx context.Context, l *fsm.Library) (why string) {
	ctx, cancel := context.WithDeadline(ctx, k.drainSince.Add(k.bound(l.Switch.To)))
	defer cancel()
	var mu sync.Mutex
	var busy, silent []string
	var asked sync.WaitGroup
	for _, node := range k.cluster.Nodes() {
		asked.Go(func() {
			open, err := k.drainedNode(ctx, l, node)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case open > 0:
				busy = append(busy, fmt.Sprintf("%s (%d)", node, open))
			case err != nil:
				silent = append(silent, node)
			}
		})
	}
	asked.Wait()
	slices.Sort(busy)
	slices.Sort(silent)
	switch {
	case len(busy) > 0:
		return fmt.Sprintf("transactions or statements are still open on nodes %s; end them, give them longer, or cut them with --force", strings.Join(busy, ", "))
	case len(silent) > 0 && !l.Guarded:
		return fmt.Sprintf("nodes %s do not answer and may go on to use server %s; bring them back or remove them, or go on with --force", strings.Join(silent, ", "), l.Active)
	}
	return ""
}

func (k *keeper) drainedNode(ctx context.Context, l *fsm.Library, node string) (open int, err error) {
	for {
		open, err = k.cluster.Drained(ctx, node, l.ID, l.ActiveEpoch, l.Switch.Began)
		if err == nil || open > 0 || ctx.Err() != nil {
			return open, err
		}
		select {
		case <-ctx.Done():
			return 0, err
		case <-time.After(askPace):
		}
	}
}

// handOver has the old server refuse writes and its successor execute everything
// that it has, and returns "", or why that cannot be.
func (k *keeper) handOver(ctx context.Context, l *fsm.Library) (why string) {
	v := k.lookAll(ctx, l)
	if !v.usable(l.Switch.To) {
		return fmt.Sprintf("server %s cannot be reached by a majority of the voters: %s", l.Switch.To, v.complaint(l.Switch.To))
	}
	if l.Failover.Policy == fsm.FailoverFollow {
		return ""
	}
	k.mayBeFenced = k.mayBeFenced || len(v.reaching(l.Active)) > 0
	old, err := k.operate(ctx, v, topology.Operation{Kind: topology.Fence, Server: l.Active, ReadOnly: true, Timeout: fenceTimeout})
	if err != nil {
		return err.Error()
	}
	next, ok := v.facts(l.Switch.To)
	if !ok || !v.replicates(next, l.Active) {
		return ""
	}
	_, err = k.operate(ctx, v, topology.Operation{Kind: topology.CatchUp, Server: l.Switch.To, Position: old.Executed, Timeout: catchUpTimeout})
	if err != nil {
		return err.Error()
	}
	return ""
}

// giveUp cancels a switch that drains, after it has made the old server take writes
// again.
func (k *keeper) giveUp(ctx context.Context, l *fsm.Library, why string) time.Duration {
	if k.mayBeFenced && l.Failover.Policy != fsm.FailoverFollow {
		v := k.lookAll(ctx, l)
		_, err := k.operate(ctx, v, topology.Operation{Kind: topology.Unfence, Server: l.Active, Timeout: fenceTimeout})
		switch {
		case err == nil:
		case v.dead(l.Active) && l.MayFailOver() && l.Guarded && !l.Pinned:
			// It would be retired for that next.
			return k.advance(ctx, l, fsm.AdvanceSwitch{Next: fsm.SwitchRetired, Reason: err.Error()})
		default:
			k.drainSince = time.Now()
			return k.explain(ctx, l, fmt.Sprintf("%s; and the switch cannot be given up: %s", why, err))
		}
		k.mayBeFenced = false
	}
	k.giveReason(l.Switch.Began, why)
	if l.Switch.Cause == fsm.CauseFailback {
		k.failbackAfter = time.Now().Add(failbackPause)
	}
	ok, wait := k.propose(ctx, fsm.CancelSwitch{Library: l.ID, Epoch: l.ActiveEpoch}, "cancel")
	if ok {
		k.d.logger.Info("active server: the switch was given up",
			zap.String("library", l.Name), zap.String("from", l.Switch.From), zap.String("to", l.Switch.To),
			zap.Uint64("epoch", l.ActiveEpoch), zap.Stringer("cause", l.Switch.Cause), zap.String("reason", why))
	}
	return wait
}

// setBound says how long a switch to a server waits for transactions.
func (k *keeper) setBound(to string, bound time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.bounds[to] = bound
}

func (k *keeper) bound(to string) time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	return cmp.Or(k.bounds[to], DefaultDrain)
}

// giveReason remembers why a switch was given up, for whoever asked for it.
func (k *keeper) giveReason(began uint64, why string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.reason) >= maxReasons {
		clear(k.reason)
	}
	k.reason[began] = why
}

func (k *keeper) reasonFor(began uint64) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.reason[began]
}
