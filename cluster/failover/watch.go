package failover

import (
	"context"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/fsm"
)

// watch looks at a library that has an active server and begins a switch if it needs
// one.
func (k *keeper) watch(ctx context.Context, l *fsm.Library) time.Duration {
	every := k.lookPace(l)
	if every == 0 {
		return pace
	}
	if wait := time.Until(k.looked.Add(every)); wait > 0 {
		return wait
	}
	k.looked = time.Now()
	v := k.look(ctx, l, k.cluster.Voters(), lookAge)
	now := time.Now()
	if ctx.Err() != nil {
		return 0
	}
	k.memory.remember(now, l, v)
	k.tidy(ctx, l, v)
	if !automatic(l) || now.Before(k.d.endedAt(l.ID).Add(k.cluster.Settings().Failover.Cooldown)) {
		return every
	}
	begin, why := k.memory.decide(now, l, v)
	k.say(l, why)
	if begin == nil || begin.Cause == fsm.CauseFailback && now.Before(k.failbackAfter) {
		return min(every, k.lookPace(l))
	}
	ok, wait := k.propose(ctx, *begin, "begin")
	if ok {
		k.d.logger.Info("active server: a switch begins",
			zap.String("library", l.Name), zap.String("from", l.Active), zap.String("to", begin.To),
			zap.Uint64("epoch", l.ActiveEpoch), zap.Stringer("cause", begin.Cause), zap.String("reason", begin.Reason))
	}
	return wait
}

// lookPace is the time between two looks at a library; 0 if none is needed.
func (k *keeper) lookPace(l *fsm.Library) time.Duration {
	policy := l.Failover.Policy
	if l.MayFailOver() {
		if up, known := k.cluster.Sees()[l.Active]; known && !up || !k.memory.deadSince.IsZero() {
			return doubtPace
		}
		if policy != fsm.FailoverOrdered || l.Failover.Failback || !l.Guarded {
			return pace
		}
	}
	if time.Since(k.d.endedAt(l.ID)) < justAfter {
		return pace
	}
	if slices.ContainsFunc(l.Servers, func(s fsm.Server) bool { return s.Fence == fsm.FenceDue && !s.Maintenance }) {
		return pace
	}
	return 0
}

// say logs, once, what stands in the way of a switch.
func (k *keeper) say(l *fsm.Library, why string) {
	if why == k.said {
		return
	}
	k.said = why
	if why != "" {
		k.d.logger.Warn("the active server is not changed", zap.String("library", l.Name), zap.String("reason", why))
	}
}
