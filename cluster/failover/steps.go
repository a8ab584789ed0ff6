package failover

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
)

const (
	// releaseTimeout bounds one request to a node to let go.
	releaseTimeout = 2 * time.Second
	// settling is how long it is tried to make a successor ready before another one
	// is chosen.
	settling = 3 * time.Second
)

// release has every node let go of the old server and waits until all have or their
// leases have run out.
func (k *keeper) release(ctx context.Context, l *fsm.Library) time.Duration {
	// follow reads the clock after the state, so this is no earlier than the retire.
	r := release{since: k.entered, gone: make(map[string]bool)}
	retired := l
	asking, cancel := context.WithCancel(ctx)
	defer cancel()
	gone := make(chan string)
	asked := make(map[string]bool)
	for {
		r.nodes, r.lostAt = k.cluster.Nodes(), k.cluster.NodeLostAt()
		for _, node := range r.nodes {
			if !asked[node] {
				asked[node] = true
				k.work.Go(func() { k.askToLetGo(asking, retired, node, gone) })
			}
		}
		over, next, awaited := r.over(time.Now(), l, k.cluster.Settings().Failover.Lease)
		if over {
			return k.advance(ctx, l, fsm.AdvanceSwitch{Next: fsm.SwitchReleased})
		}
		if time.Since(r.since) > releaseTimeout && len(awaited) > 0 && next.IsZero() {
			k.explain(ctx, l, fmt.Sprintf("nodes %s have not let go of server %s; bring them back or remove them, or go on with --force", strings.Join(awaited, ", "), l.Switch.From))
		}
		wait := retryPace
		if !next.IsZero() {
			wait = min(wait, time.Until(next))
		}
		select {
		case <-ctx.Done():
			return 0
		case node := <-gone:
			r.gone[node] = true
		case <-k.poked:
		case <-time.After(wait):
		}
		if l = k.same(l); l == nil {
			return raceDelay
		}
	}
}

// askToLetGo asks a node until it has let go and says so on gone.
func (k *keeper) askToLetGo(ctx context.Context, l *fsm.Library, node string, gone chan<- string) {
	for {
		asking, cancel := context.WithTimeout(ctx, releaseTimeout)
		err := k.cluster.Release(asking, node, l.ID, l.ActiveEpoch, l.Switch.Began)
		cancel()
		if err == nil {
			select {
			case gone <- node:
			case <-ctx.Done():
			}
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(askPace):
		}
	}
}

// fence has the old server refuse writes and end the connections that silent nodes
// may have to it.
func (k *keeper) fence(ctx context.Context, l *fsm.Library) time.Duration {
	v := k.lookAll(ctx, l)
	note, err := k.fenceServer(ctx, l, v, l.Switch.From)
	if err == nil {
		return k.advance(ctx, l, fsm.AdvanceSwitch{Next: fsm.SwitchFenced, Fence: note})
	}
	if l = k.same(l); l == nil || ctx.Err() != nil {
		return raceDelay
	}
	if k.cluster.Settings().Failover.RequireFencing && !l.Switch.Forced {
		return k.explain(ctx, l, fmt.Sprintf("failover.require_fencing waits for server %s to be fenced: %s; make sure that it is down and go on with --force", l.Switch.From, err))
	}
	return k.advance(ctx, l, fsm.AdvanceSwitch{Next: fsm.SwitchFenced, Fence: fsm.FenceDue})
}

// fenceServer fences a server and returns what is to be noted of it.
func (k *keeper) fenceServer(ctx context.Context, l *fsm.Library, v look, server string) (fsm.Fence, error) {
	follow := l.Failover.Policy == fsm.FailoverFollow
	_, err := k.operate(ctx, v, topology.Operation{Kind: topology.Fence, Server: server, ReadOnly: !follow, Timeout: fenceTimeout})
	switch {
	case err != nil:
		return fsm.FenceDue, err
	case follow:
		return fsm.FenceNone, nil
	default:
		return fsm.FenceDone, nil
	}
}

// choose decides on the successor.
func (k *keeper) choose(ctx context.Context, l *fsm.Library) time.Duration {
	to, why := k.successor(ctx, l)
	if l = k.same(l); l == nil || ctx.Err() != nil {
		return raceDelay
	}
	if to == "" {
		return k.explain(ctx, l, why)
	}
	return k.advance(ctx, l, fsm.AdvanceSwitch{Next: fsm.SwitchChosen, To: to})
}

// successor looks at the servers and chooses.
func (k *keeper) successor(ctx context.Context, l *fsm.Library) (to, why string) {
	v := k.lookAll(ctx, l)
	var after map[string]inspected
	if l.Failover.Policy == fsm.FailoverPromote {
		after = k.inspect(ctx, l, v)
	}
	return choose(l, v, after, k.failed)
}

// ready makes the successor ready and lets it be the active server. If that does not
// work another one is chosen.
func (k *keeper) ready(ctx context.Context, l *fsm.Library) time.Duration {
	to := l.Switch.To
	why, hopeless := k.makeReady(ctx, l)
	if l = k.same(l); l == nil || ctx.Err() != nil {
		return raceDelay
	}
	if l.Switch.To != to {
		return 0
	}
	if why == "" {
		// Named, since it is ready and no other is: an operator may turn the switch.
		return k.advance(ctx, l, fsm.AdvanceSwitch{Next: fsm.SwitchActive, To: to})
	}
	if time.Since(k.entered) < settling {
		return doubtPace
	}
	if !hopeless {
		// It may take writes by now, so it is not left for want of news.
		return k.explain(ctx, l, why)
	}
	k.failed[to] = true
	other, none := k.successor(ctx, l)
	if l = k.same(l); l == nil || ctx.Err() != nil || l.Switch.To != to {
		return raceDelay
	}
	if other == "" || other == to {
		if none != "" {
			why += "; and there is no other: " + none
		}
		return k.explain(ctx, l, why)
	}
	if !k.leave(ctx, l, to) {
		return raceDelay
	}
	return k.advance(ctx, l, fsm.AdvanceSwitch{Next: fsm.SwitchChosen, To: other, Reason: why})
}

// leave has a server that was chosen, and may take writes because of that, refuse
// them again: now, or when it can be reached. Under FailoverPromote it is put right
// then as every server is that does not follow, and it is not noted as due for it:
// that would say that it has not been a replica since it was active last, and it may
// be the one that has all acknowledged writes.
func (k *keeper) leave(ctx context.Context, l *fsm.Library, server string) bool {
	if l.Failover.Policy == fsm.FailoverFollow {
		return true
	}
	known, _ := l.Server(server)
	note, err := k.fenceServer(ctx, l, k.lookAll(ctx, l), server)
	if err != nil {
		k.d.logger.Info("a server that was chosen is left and cannot be fenced yet", zap.String("library", l.Name), zap.String("server", server), zap.Error(err))
		if l.Failover.Policy == fsm.FailoverPromote && server != l.Switch.From {
			return true
		}
	}
	return k.note(ctx, l, server, note, known.Excluded)
}
