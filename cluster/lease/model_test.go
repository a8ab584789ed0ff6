package lease

import (
	"testing"
	"time"

	"go.uber.org/zap"
	"pgregory.net/rapid"

	"github.com/mysqlda/mysqlda/fsm"
)

// entry is a committed command.
type entry struct {
	command   command
	committed time.Duration
	retires   bool          // the active server
	lease     time.Duration // that the leader goes by when it has applied it
}

// replica is the node under test: what it has applied of the log, and its lease.
type replica struct {
	*log
	keeper  *Keeper
	starts  uint64
	barrier int // entries of the log that it serves after
	serving bool
}

// world is a cluster whose nodes all read one clock. The leader has always applied
// the whole log.
type world struct {
	t       *rapid.T
	tb      testing.TB
	clock   clock
	entries []entry
	leader  *log
	node    *replica
	asked   []fsm.Lease // on their way to the leader, or lost, or to arrive twice
}

func (w *world) commit(c command, retires bool) {
	w.leader.apply(c)
	w.entries = append(w.entries, entry{
		command: c, committed: w.clock.now, retires: retires, lease: length(w.leader.machine),
	})
}

func (w *world) start() {
	starts := uint64(1)
	if w.node != nil {
		starts = w.node.starts + 1
	}
	l := &log{tb: w.tb, machine: fsm.New()}
	w.node = &replica{log: l, starts: starts, barrier: len(w.entries), keeper: newTestKeeper(w.tb, l, starts, w.clock.read, zap.NewNop())}
}

func (w *world) apply(n int) {
	r := w.node
	for ; n > 0 && r.index < uint64(len(w.entries)); n-- {
		result := r.apply(w.entries[r.index].command)
		if result.LibrariesChanged || result.NodesChanged {
			r.keeper.Changed()
		}
		r.keeper.Granted(result.Leases)
	}
	if !r.serving && r.index >= uint64(r.barrier) {
		r.serving = true
		r.keeper.Serve()
	}
}

// step takes the library's switch on, or begins one.
func (w *world) step() {
	l := w.leader.machine.Libraries().ByName(guarded)
	switch {
	case l.Switch == nil && l.Active == "a:1":
		w.commit(fsm.BeginSwitch{Library: l.ID, Epoch: l.ActiveEpoch, To: "b:1", Cause: fsm.CauseFailed}, true)
	case l.Switch == nil:
		w.commit(fsm.BeginSwitch{Library: l.ID, Epoch: l.ActiveEpoch, To: "a:1", Cause: fsm.CauseFailed}, true)
	default:
		w.commit(fsm.AdvanceSwitch{Library: l.ID, Epoch: l.ActiveEpoch, At: l.Switch.Phase, Next: l.Switch.Phase + 1}, false)
	}
}

// act does one of the things that happen; the first ones happen most.
func (w *world) act(what int) {
	switch {
	case what < 30:
		w.clock.now += time.Duration(rapid.IntRange(1, 3000).Draw(w.t, "ms")) * time.Millisecond
	case what < 50:
		w.node.keeper.askNow()
		if r, due := w.node.keeper.request(); due {
			w.asked = append(w.asked, r.Lease)
		}
	case what < 65:
		w.grant()
	case what < 85:
		w.apply(rapid.IntRange(1, 3).Draw(w.t, "entries"))
	case what < 88:
		w.apply(len(w.entries))
	case what < 96:
		w.step()
	case what < 97:
		if longer := length(w.leader.machine) + time.Second; longer < 2*fsm.DefaultLease {
			settings := fsm.FailoverSettings{Lease: longer}.WithDefaults()
			w.commit(fsm.ChangeSettings{Failover: &settings}, false)
		}
	case what < 98:
		w.commit(setPolicy(fsm.FailoverPromote), false)
	default:
		w.start()
	}
}

// grant writes one of the requests that were made, some of them more than once.
func (w *world) grant() {
	if len(w.asked) == 0 {
		return
	}
	i := rapid.IntRange(0, len(w.asked)-1).Draw(w.t, "which")
	w.commit(fsm.GrantLeases{Leases: []fsm.Lease{w.asked[i], {Node: "n2", Starts: 1, Nonce: 1}}}, false)
	if rapid.Bool().Draw(w.t, "for the last time") {
		w.asked = append(w.asked[:i], w.asked[i+1:]...)
	}
}

// check: a node that has not applied that an active server was retired has stopped
// using it when the leader goes on without that node.
func (w *world) check() {
	if !w.node.keeper.Holds() || !w.node.keeper.Status().Needed {
		return
	}
	for i := int(w.node.index); i < len(w.entries); i++ {
		if e := w.entries[i]; e.retires && w.clock.now >= e.committed+e.lease {
			w.t.Fatalf("at %s the node holds a lease and has applied %d entries; entry %d retired a server at %s", w.clock.now, w.node.index, i+1, e.committed)
		}
	}
}

func TestNoLeaseOutlivesARetirementThatTheNodeHasNotApplied(t *testing.T) {
	held := 0
	rapid.Check(t, func(rt *rapid.T) {
		w := &world{t: rt, tb: t, clock: clock{now: time.Hour}, leader: &log{tb: t, machine: fsm.New()}}
		for _, c := range foundation(fsm.FailoverOrdered, self, "n2") {
			w.commit(c, false)
		}
		w.start()
		w.apply(len(w.entries))
		for range rapid.IntRange(50, 300).Draw(rt, "steps") {
			w.act(rapid.IntRange(0, 99).Draw(rt, "what"))
			if w.node.keeper.Holds() {
				held++
			}
			w.check()
		}
	})
	if held == 0 {
		t.Error("no lease was ever held")
	}
}
