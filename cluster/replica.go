package cluster

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/hashicorp/raft"
	"github.com/mysqlda/mysqlda/cluster/lease"
	"github.com/mysqlda/mysqlda/cluster/storage"
	"github.com/mysqlda/mysqlda/fsm"
)

// replica feeds the state machine from Raft. Apply, Snapshot and Restore are
// called by Raft, from one goroutine at a time; capture by any.
type replica struct {
	machine *fsm.Machine
	applied indexGate
	decided decided
	watch   watchers
	lease   *lease.Keeper
	lost    lostNodes
	// nodesChanged is called after a command changed the nodes; it must not block.
	nodesChanged func()
	// fatal is called once if this node cannot follow the log any further.
	fatal func(error)

	mu         sync.Mutex // held while the state changes or is captured
	broken     error      // guarded by mu
	unrestored error      // why a snapshot was not taken over; to be read when Raft did not start
}

var _ raft.FSM = (*replica)(nil)

// Apply carries out a committed entry and returns an fsm.Result, or an error if
// this node must stop.
func (r *replica) Apply(entry *raft.Log) any {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken != nil {
		return r.broken
	}
	result, err := r.machine.Apply(entry.Index, entry.Data)
	if err != nil {
		r.fail(err)
		return err
	}
	if result.LibrariesChanged || result.NodesChanged {
		r.lease.Changed()
	}
	r.lease.Granted(result.Leases)
	if result.NodesChanged {
		r.lost.look(r.machine)
	}
	r.advance(entry.Index)
	if result.LibrariesChanged || result.UsersChanged {
		r.watch.notify(fsm.LibrariesChanged)
	}
	if result.NodesChanged {
		r.nodesChanged()
	}
	return result
}

// advance tells those who wait that the machine has applied everything up to
// index.
func (r *replica) advance(index uint64) {
	r.decided.advance(index)
	r.applied.advance(index)
}

// fail is called with mu held.
func (r *replica) fail(err error) {
	r.broken = err
	r.fatal(err)
}

// Snapshot captures the state. A broken replica gives none: its state lacks an
// entry that the log has.
func (r *replica) Snapshot() (raft.FSMSnapshot, error) {
	state, err := r.capture()
	if err != nil {
		return nil, err
	}
	return capturedState{state: state, fatal: r.fatal}, nil
}

// capture captures the state between two entries. It may be called from any
// goroutine.
func (r *replica) capture() (*fsm.Snapshot, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken != nil {
		return nil, r.broken
	}
	return r.machine.Snapshot(), nil
}

// Restore replaces the state by a snapshot's.
func (r *replica) Restore(source io.ReadCloser) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken != nil {
		return r.broken
	}
	if err := r.machine.Restore(source); err != nil {
		r.unrestored = fmt.Errorf("restoring a snapshot: %w", err)
		return r.unrestored
	}
	r.lease.Changed()
	r.lost.restored(r.machine)
	r.advance(r.machine.AppliedIndex())
	r.watch.notify(fsm.LibrariesChanged)
	r.nodesChanged()
	return nil
}

// capturedState is a snapshot that Raft has written whenever it likes.
type capturedState struct {
	state io.WriterTo
	fatal func(error)
}

// Persist streams the captured state while Apply goes on. When it turns out that
// the memory does not hold what was stored there, this node must not go on.
func (c capturedState) Persist(sink raft.SnapshotSink) error {
	err := storage.WriteSnapshot(c.state, sink)
	if errors.Is(err, fsm.ErrDamaged) {
		c.fatal(fmt.Errorf("%w; start the node again, and look after the machine's memory", err))
	}
	return err
}

// Release implements raft.FSMSnapshot; the garbage collector does it.
func (capturedState) Release() {}
