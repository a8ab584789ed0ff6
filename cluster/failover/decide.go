package failover

import (
	"fmt"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
)

const (
	// hesitation is how long an active server has to stay unreachable while its
	// replicas still receive from it: it may be stopped, or the network slow.
	hesitation = 3 * time.Second
	// steady is how long an earlier server of the list has to be reachable before a
	// library goes back to it.
	steady = 30 * time.Second
)

// memory is what is remembered of a library from one look to the next. The zero
// value remembers nothing.
type memory struct {
	epoch     uint64
	deadSince time.Time            // since when every look has found the active server dead
	upSince   map[string]time.Time // since when every look has found a server usable
}

// remember adds a look to the memory.
func (m *memory) remember(now time.Time, l *fsm.Library, v look) {
	if m.epoch != l.ActiveEpoch || m.upSince == nil {
		*m = memory{epoch: l.ActiveEpoch, upSince: make(map[string]time.Time)}
	}
	if !v.dead(l.Active) {
		m.deadSince = time.Time{}
	} else if m.deadSince.IsZero() {
		m.deadSince = now
	}
	for _, s := range l.Servers {
		if !v.usable(s.Address) {
			delete(m.upSince, s.Address)
		} else if m.upSince[s.Address].IsZero() {
			m.upSince[s.Address] = now
		}
	}
}

// automatic tells whether a library's active server may be changed without an
// operator now.
func automatic(l *fsm.Library) bool {
	return l.MayFailOver() && l.Guarded && !l.Pinned && l.Switch == nil && l.Active != ""
}

// decide returns the switch that the library needs, if any. Without one, why says
// what stands in the way of one, if anything does. l is automatic, and the memory
// has v.
func (m *memory) decide(now time.Time, l *fsm.Library, v look) (begin *fsm.BeginSwitch, why string) {
	switch {
	case v.dead(l.Active):
		return m.replaceDead(now, l, v)
	case l.Failover.Policy == fsm.FailoverFollow:
		return followWritable(l, v)
	case l.Failover.Failback:
		return m.goBack(now, l, v), ""
	}
	return nil, ""
}

func (m *memory) replaceDead(now time.Time, l *fsm.Library, v look) (*fsm.BeginSwitch, string) {
	if held := v.receivers(l, l.Active); len(held) > 0 && now.Sub(m.deadSince) < hesitation {
		return nil, fmt.Sprintf("server %s cannot be reached, but %s still receives from it", l.Active, strings.Join(held, ", "))
	}
	to, why := prospect(l, v)
	if why != "" {
		return nil, fmt.Sprintf("server %s cannot be reached (%s), and it is not replaced: %s", l.Active, v.complaint(l.Active), why)
	}
	_, down := v.votes(l.Active)
	return &fsm.BeginSwitch{
		Library: l.ID, Epoch: l.ActiveEpoch, To: to, Cause: fsm.CauseFailed,
		Reason: fsm.ClipReason(fmt.Sprintf("%d of %d voters cannot reach %s: %s", down, len(v.voters), l.Active, v.complaint(l.Active))),
	}, ""
}

// prospect tells whether it is worth while to take a dead active server away: why
// is "" if another one could come after it. What is certain by now is named; the
// choice itself is made when the old server has been retired.
func prospect(l *fsm.Library, v look) (to, why string) {
	switch l.Failover.Policy {
	case fsm.FailoverFollow:
		return onlyWritable(l, v, l.Active)
	case fsm.FailoverOrdered:
		if next := firstUsable(l, v, l.Active); next != "" {
			return next, ""
		}
		return "", "no other server that may become active can be reached"
	}
	for _, s := range l.Servers {
		f, ok := v.facts(s.Address)
		if ok && s.Address != l.Active && eligible(s) && v.usable(s.Address) && v.replicates(f, l.Active) {
			return "", ""
		}
	}
	return "", "no replica of it that may become active can be reached"
}

// followWritable notices that an outside tool has promoted another server while the
// old one is alive.
func followWritable(l *fsm.Library, v look) (*fsm.BeginSwitch, string) {
	f, ok := v.facts(l.Active)
	if !ok || !v.usable(l.Active) {
		return nil, ""
	}
	if !f.ReadOnly {
		if others := writable(l, v, l.Active); len(others) > 0 {
			return nil, fmt.Sprintf("beside the active server %s, writes are taken by %s, too", l.Active, strings.Join(others, ", "))
		}
		return nil, ""
	}
	others := writable(l, v, l.Active)
	switch len(others) {
	case 0:
		return nil, ""
	case 1:
		return &fsm.BeginSwitch{
			Library: l.ID, Epoch: l.ActiveEpoch, To: others[0], Cause: fsm.CauseFollowed,
			Reason: fsm.ClipReason(fmt.Sprintf("%s is read-only and %s takes writes", l.Active, others[0])),
		}, ""
	}
	return nil, fmt.Sprintf("%s is read-only, and several servers take writes: %s", l.Active, strings.Join(others, ", "))
}

// goBack returns to the first server of the list that has been reachable for long
// enough and comes before the active one.
func (m *memory) goBack(now time.Time, l *fsm.Library, v look) *fsm.BeginSwitch {
	for _, s := range l.Servers {
		if s.Address == l.Active {
			return nil
		}
		since := m.upSince[s.Address]
		if eligible(s) && s.Fence != fsm.FenceDue && v.usable(s.Address) && !since.IsZero() && now.Sub(since) >= steady {
			return &fsm.BeginSwitch{
				Library: l.ID, Epoch: l.ActiveEpoch, Drain: true, To: s.Address, Cause: fsm.CauseFailback,
				Reason: fsm.ClipReason(fmt.Sprintf("%s comes before %s and has been reachable for %s", s.Address, l.Active, steady)),
			}
		}
	}
	return nil
}

// eligible tells whether a server may become active without an operator.
func eligible(s fsm.Server) bool { return !s.Maintenance && s.Excluded == "" }

// firstUsable returns the first server of the list that may become active and that
// a majority reaches; "" for none.
func firstUsable(l *fsm.Library, v look, but string) string {
	for _, s := range l.Servers {
		if s.Address != but && eligible(s) && v.usable(s.Address) {
			return s.Address
		}
	}
	return ""
}

// writable returns the servers that may become active, that a majority reaches, and
// that take writes.
func writable(l *fsm.Library, v look, but string) []string {
	var all []string
	for _, s := range l.Servers {
		f, ok := v.facts(s.Address)
		if ok && s.Address != but && eligible(s) && v.usable(s.Address) && !f.ReadOnly {
			all = append(all, s.Address)
		}
	}
	return all
}

// onlyWritable returns the one server that takes writes, or why there is none.
func onlyWritable(l *fsm.Library, v look, but string) (to, why string) {
	switch all := writable(l, v, but); len(all) {
	case 0:
		return "", "no server that can be reached takes writes yet"
	case 1:
		return all[0], ""
	default:
		return "", "several servers take writes: " + strings.Join(all, ", ")
	}
}
