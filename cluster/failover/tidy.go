package failover

import (
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
	// followTimeout bounds making a server a replica, appliedTimeout asking a node
	// what it has applied.
	followTimeout  = 10 * time.Second
	appliedTimeout = 2 * time.Second
	// restAfter is how long a server is left alone after something did not work
	// there.
	restAfter = 15 * time.Second
	// oddFor is how long an active server has to be amiss before it is mended.
	oddFor = 4 * time.Second
	// justAfter is for how long a switch has just ended.
	justAfter = time.Minute
)

// chore is something to be done at a server while no switch is under way.
type chore struct {
	kind   choreKind
	server string
}

type choreKind uint8

const (
	// fenceIt: it was active and could not be reached when it was retired.
	fenceIt choreKind = iota + 1
	// examineIt: it does not follow the active server, or was excluded. If it has
	// nothing that the active server has not, it shall follow and may become active.
	examineIt
	// promoteIt: it is the active server and still, or again, a replica.
	promoteIt
	// unfenceIt: it is the active server and refuses writes.
	unfenceIt
)

// chores returns what is to be done at the servers of a library that has an active
// one. Servers in maintenance are left alone. Only under FailoverPromote is it the
// cluster that says who replicates from whom and who takes writes. Otherwise the
// active server is told to take writes only if it has just become active, or was to
// be replaced: its fencing may have come late.
func chores(l *fsm.Library, v look, justSwitched bool) []chore {
	var all []chore
	active, activeSeen := v.facts(l.Active)
	for _, s := range l.Servers {
		f, seen := v.facts(s.Address)
		switch {
		case !seen || s.Maintenance || s.Address == l.Active:
		case s.Fence == fsm.FenceDue:
			all = append(all, chore{fenceIt, s.Address})
		case l.Failover.Policy != fsm.FailoverPromote || !activeSeen:
		case s.Excluded != "" || !f.ReadOnly || !v.replicates(f, l.Active) || !f.Source.Receiving || f.SemiSync.SourceEnabled:
			all = append(all, chore{examineIt, s.Address})
		}
	}
	promotes := l.Failover.Policy == fsm.FailoverPromote
	if l.Pinned || !activeSeen || l.Failover.Policy == fsm.FailoverFollow || !promotes && !justSwitched {
		return all
	}
	ownReplica := promotes && slices.ContainsFunc(l.Servers, func(s fsm.Server) bool { return v.replicates(active, s.Address) })
	switch {
	case ownReplica:
		all = append(all, chore{promoteIt, l.Active})
	case active.ReadOnly:
		all = append(all, chore{unfenceIt, l.Active})
	}
	return all
}

// tidy does the chores in the background.
func (k *keeper) tidy(ctx context.Context, l *fsm.Library, v look) {
	now := time.Now()
	odd := false
	var due []chore
	for _, c := range chores(l, v, now.Before(k.d.endedAt(l.ID).Add(justAfter))) {
		if c.kind == promoteIt || c.kind == unfenceIt {
			odd = true
			if k.oddSince.IsZero() {
				k.oddSince = now
			}
			if now.Sub(k.oddSince) < oddFor {
				continue
			}
		}
		if !k.rests(c.server, now) {
			due = append(due, c)
		}
	}
	if !odd {
		k.oddSince = time.Time{}
	}
	unguarded := l.MayFailOver() && !l.Guarded
	if !unguarded && len(due) == 0 || k.errands.busy() {
		return
	}
	k.errands.start(ctx, &k.work, func(ctx context.Context) {
		if unguarded {
			k.guard(ctx, l)
		}
		var doing sync.WaitGroup
		for _, c := range due {
			doing.Go(func() {
				if err := k.do(ctx, l, v, c); err != nil && ctx.Err() == nil {
					k.rest(c.server)
					k.d.logger.Warn("a server is not as it has to be yet", zap.String("library", l.Name), zap.String("server", c.server), zap.Error(err))
				}
			})
		}
		doing.Wait()
		k.wake()
	})
}

// rest leaves a server alone for a while.
func (k *keeper) rest(server string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.rested[server] = time.Now().Add(restAfter)
}

func (k *keeper) rests(server string, now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return now.Before(k.rested[server])
}

// guard notes that all nodes know that a library may fail over, once they do.
func (k *keeper) guard(ctx context.Context, l *fsm.Library) {
	ctx, cancel := context.WithTimeout(ctx, appliedTimeout)
	defer cancel()
	nodes := k.cluster.Nodes()
	applied := make([]error, len(nodes))
	var asked sync.WaitGroup
	for i, node := range nodes {
		asked.Go(func() { applied[i] = k.cluster.Applied(ctx, node, l.MayFailOverSince) })
	}
	asked.Wait()
	if !slices.ContainsFunc(applied, func(err error) bool { return err != nil }) {
		k.propose(ctx, fsm.GuardLibrary{Library: l.ID, Since: l.MayFailOverSince}, "guard")
	}
}

func (k *keeper) do(ctx context.Context, l *fsm.Library, v look, c chore) error {
	s, _ := l.Server(c.server)
	switch c.kind {
	case fenceIt:
		fence, err := k.fenceServer(ctx, l, v, c.server)
		if err == nil {
			k.note(ctx, l, s.Address, fence, s.Excluded)
		}
		return err
	case promoteIt:
		_, err := k.operate(ctx, v, topology.Operation{Kind: topology.Promote, Server: c.server, Timeout: promoteTimeout})
		return err
	case unfenceIt:
		_, err := k.operate(ctx, v, topology.Operation{Kind: topology.Unfence, Server: c.server, Timeout: fenceTimeout})
		return err
	default:
		return k.examine(ctx, l, s)
	}
}

// examine excludes a server that has transactions that the active one has not, and
// makes any other one a replica.
func (k *keeper) examine(ctx context.Context, l *fsm.Library, s fsm.Server) error {
	// The server first: what it has by then, the active one has when it is looked at
	// later, unless it never will.
	v := k.lookAll(ctx, l)
	its, ok := v.facts(s.Address)
	later := k.lookAll(ctx, l)
	active, activeSeen := later.facts(l.Active)
	if !ok || !activeSeen {
		return nil // there is a next time
	}
	if its.Flavour != active.Flavour {
		return fmt.Errorf("%s of %s cannot replicate from %s of %s", s.Address, its.Flavour, l.Active, active.Flavour)
	}
	missing, err := topology.Errant(its.Flavour, its.History, strings.Join([]string{active.History, active.Executed}, ","))
	switch {
	case err != nil:
		return fmt.Errorf("compare the histories of %s and %s: %w", s.Address, l.Active, err)
	case missing != "" && s.Excluded != "":
		k.rest(s.Address)
		return nil
	case missing != "":
		if _, err := k.fenceServer(ctx, l, v, s.Address); err != nil {
			return err
		}
		k.note(ctx, l, s.Address, fsm.FenceDone, fmt.Sprintf("has transactions that the active server %s has not: %s; rebuild it from %s, or keep them and give up those of %s with `mysqlda library activate %s %s --force`",
			l.Active, missing, l.Active, l.Active, l.Name, s.Address))
		return nil
	case s.Excluded != "":
		k.note(ctx, l, s.Address, s.Fence, "")
		return nil
	}
	if s.Fence == fsm.FenceNone && !its.ReadOnly && !k.note(ctx, l, s.Address, fsm.FenceDone, "") {
		return nil
	}
	_, err = k.operate(ctx, v, topology.Operation{Kind: topology.Follow, Server: s.Address, Source: l.Active, Timeout: followTimeout})
	return err
}

// note notes what became of a server and tells whether that was decided.
func (k *keeper) note(ctx context.Context, l *fsm.Library, server string, fence fsm.Fence, excluded string) bool {
	ok, _ := k.propose(ctx, fsm.NoteServer{Library: l.ID, Epoch: l.ActiveEpoch, Server: server, Fence: fence, Excluded: fsm.ClipReason(excluded)}, "note")
	if ok {
		k.d.logger.Info("a server was noted", zap.String("library", l.Name), zap.String("server", server), zap.Stringer("fence", fence), zap.String("excluded", excluded))
	}
	return ok
}

// errands are what a keeper has done in the background: one at a time. The zero
// value is ready to use, by one goroutine.
type errands struct {
	cancel context.CancelFunc
	done   chan struct{} // nil before the first one
}

func (e *errands) busy() bool {
	if e.done == nil {
		return false
	}
	select {
	case <-e.done:
		return false
	default:
		return true
	}
}

// start begins one; none is under way.
func (e *errands) start(ctx context.Context, work *sync.WaitGroup, do func(context.Context)) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	e.cancel, e.done = cancel, done
	work.Go(func() {
		defer close(done)
		defer cancel()
		do(ctx)
	})
}

// stop breaks off the one that is under way and waits for its end.
func (e *errands) stop() {
	if e.done == nil {
		return
	}
	e.cancel()
	<-e.done
}
