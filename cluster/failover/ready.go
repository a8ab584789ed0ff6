package failover

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
)

const (
	// sealTimeout bounds sealing one replica, promoteTimeout that one executes all
	// that it has received and takes writes.
	sealTimeout    = 10 * time.Second
	promoteTimeout = 30 * time.Second
)

// inspect looks at what servers have, now that no node passes on acknowledgements of
// the old one any more. Replicas are sealed, so that none gets further than the one
// that is chosen.
func (k *keeper) inspect(ctx context.Context, l *fsm.Library, v look) map[string]inspected {
	after := make(map[string]inspected)
	for _, s := range l.Servers {
		if f, ok := v.facts(s.Address); ok {
			after[s.Address] = inspected{facts: f, final: f.Source == nil}
		}
	}
	if facts, ok := k.inspectOld(ctx, l, v, after); ok {
		after[l.Switch.From] = inspected{facts: facts, final: true}
	} else {
		// It may get further, and nothing of that counts.
		delete(after, l.Switch.From)
	}
	var mu sync.Mutex
	var sealing sync.WaitGroup
	for _, s := range l.Servers {
		f, ok := v.facts(s.Address)
		if !ok || !eligible(s) || s.Address == l.Switch.From || f.Source == nil {
			continue
		}
		sealing.Go(func() {
			facts, err := k.operate(ctx, v, topology.Operation{Kind: topology.Seal, Server: s.Address, Timeout: sealTimeout})
			if err != nil {
				return // what it had when it was looked at counts; it is no candidate
			}
			mu.Lock()
			defer mu.Unlock()
			after[s.Address] = inspected{facts: facts, final: true}
		})
	}
	sealing.Wait()
	return after
}

// inspectOld has the old server, if a node reaches it, take no more writes, and its
// replicas receive what it has.
func (k *keeper) inspectOld(ctx context.Context, l *fsm.Library, v look, after map[string]inspected) (topology.Facts, bool) {
	if _, ok := after[l.Switch.From]; !ok {
		return topology.Facts{}, false
	}
	facts, err := k.operate(ctx, v, topology.Operation{Kind: topology.Fence, Server: l.Switch.From, ReadOnly: true, Timeout: fenceTimeout})
	if err != nil {
		return topology.Facts{}, false
	}
	if from, _ := l.Server(l.Switch.From); from.Fence == fsm.FenceDue {
		k.propose(ctx, fsm.NoteServer{Library: l.ID, Epoch: l.ActiveEpoch, Server: from.Address, Fence: fsm.FenceDone, Excluded: from.Excluded}, "note")
	}
	var catching sync.WaitGroup
	for _, s := range l.Servers {
		f, ok := v.facts(s.Address)
		if !ok || !eligible(s) || !v.replicates(f, l.Switch.From) || !f.Source.Receiving {
			continue
		}
		catching.Go(func() {
			// One that does not catch up is compared as it is.
			_, _ = k.operate(ctx, v, topology.Operation{Kind: topology.CatchUp, Server: s.Address, Position: facts.Executed, Timeout: fenceTimeout})
		})
	}
	catching.Wait()
	return facts, true
}

// makeReady has the chosen server take writes, and returns "" if it does and a
// majority reaches it, or why not. It is hopeless if a majority finds it dead, or it
// cannot be operated, or has to become ready without our help.
func (k *keeper) makeReady(ctx context.Context, l *fsm.Library) (why string, hopeless bool) {
	v := k.lookAll(ctx, l)
	to, _ := l.Server(l.Switch.To)
	follow := l.Failover.Policy == fsm.FailoverFollow
	if why := k.unready(l, v); why != "" {
		return why, follow || v.dead(to.Address)
	}
	op := topology.Operation{Kind: topology.Unfence, Server: to.Address, Timeout: fenceTimeout}
	switch policy := l.Failover.Policy; {
	case follow:
		return "", false
	case policy == fsm.FailoverPromote && to.Address != l.Switch.From:
		op.Kind, op.Timeout = topology.Promote, promoteTimeout
	case to.Fence == fsm.FenceNone && to.Address != l.Switch.From:
		return "", false
	}
	if _, err := k.operate(ctx, v, op); err != nil {
		return err.Error(), true
	}
	if ctx.Err() != nil {
		return context.Cause(ctx).Error(), false
	}
	v = k.lookAll(ctx, l)
	if why := k.unready(l, v); why != "" {
		return why, v.dead(to.Address)
	}
	if f, ok := v.facts(to.Address); ok && f.ReadOnly {
		return fmt.Sprintf("server %s is read-only although it was told to take writes", to.Address), true
	}
	return "", false
}

// unready says why the chosen server cannot be the active one as it is.
func (k *keeper) unready(l *fsm.Library, v look) string {
	to := l.Switch.To
	if !v.usable(to) {
		return fmt.Sprintf("server %s cannot be reached by a majority of the voters: %s", to, v.complaint(to))
	}
	if f, ok := v.facts(to); ok && l.Failover.Policy == fsm.FailoverFollow && f.ReadOnly && !l.Switch.Forced {
		return fmt.Sprintf("server %s does not take writes yet", to)
	}
	return ""
}
