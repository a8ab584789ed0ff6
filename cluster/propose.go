package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/raft"
	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/ring"
)

// enqueueTimeout bounds how long Raft may take to accept an entry.
const enqueueTimeout = 2 * time.Second

// entriesInFlight is how many batches a leader has in the log at a time: while
// the followers write one, the leader writes the next.
const entriesInFlight = 2

// apply puts one command through the log of this node, which must lead, and
// waits until it is applied here. Errors: errNotLeader when nothing was done, or
// errOutcomeUnknown, also when this node cannot write its log or follow it.
func (m *member) apply(command []byte) (uint64, fsm.Result, error) {
	// An entry that was queued when Raft shut down is forgotten: its future never
	// ends, so the end of the member counts too.
	return m.applyUntil(m.ctx, command)
}

// applyUntil is apply for a caller that waits no longer than ctx, which ends with
// the member at the latest. Then the outcome is unknown.
func (m *member) applyUntil(ctx context.Context, command []byte) (uint64, fsm.Result, error) {
	future := m.raft.Apply(command, enqueueTimeout)
	if err := await(ctx, future); err != nil {
		err = raftError(err)
		if !retryable(err) {
			// The entry could not be written here. It may have reached the others.
			err = fmt.Errorf("%w: %w", errOutcomeUnknown, err)
		}
		return 0, fsm.Result{}, err
	}
	switch response := future.Response().(type) {
	case fsm.Result:
		return future.Index(), response, nil
	case error:
		// The entry is committed, but this node cannot follow the log any further
		// and stops; the others can say what became of it.
		return 0, fsm.Result{}, fmt.Errorf("%w: %w", errOutcomeUnknown, response)
	default:
		return 0, fsm.Result{}, fmt.Errorf("the state machine answered with a %T", response)
	}
}

// raftError sorts Raft's errors by whether something may have been done.
func raftError(err error) error {
	switch {
	case errors.Is(err, raft.ErrNotLeader), errors.Is(err, raft.ErrLeadershipTransferInProgress), errors.Is(err, raft.ErrEnqueueTimeout):
		return fmt.Errorf("%w: %w", errNotLeader, err)
	case errors.Is(err, raft.ErrLeadershipLost), errors.Is(err, raft.ErrRaftShutdown), errors.Is(err, raft.ErrAbortedByRestore):
		return fmt.Errorf("%w: %w", errOutcomeUnknown, err)
	default:
		return err
	}
}

// barrier commits an entry that changes nothing and returns its index: whoever
// has applied it has applied everything that was committed before the call.
func (m *member) barrier() (uint64, error) {
	command, err := fsm.Batch{}.Encode()
	if err != nil {
		return 0, err
	}
	index, _, err := m.apply(command)
	return index, err
}

// proposeBatch is the leader's batch run: it chooses a library for each core
// object that has none, puts the batch through the log as one entry, and hands
// out the answers. A fact that this node has applied is answered as it is: it
// is committed, and written once.
func (m *member) proposeBatch(_ context.Context, batch []*ask) {
	began := time.Now()
	chooser := m.newChooser()
	asks := make([]*ask, 0, len(batch))
	items := make([]fsm.Item, 0, len(batch))
	for _, a := range batch {
		if result, ok := m.known(a.item); ok {
			a.answer(m.machine.BegunIndex(), result)
			continue
		}
		asks = append(asks, a)
		items = append(items, chooser.complete(a.item))
	}
	if len(asks) == 0 {
		return
	}
	command, err := fsm.Batch{RingVersion: chooser.version, Items: items}.Encode()
	if err != nil {
		failAll(asks, err)
		return
	}
	index, result, err := m.apply(command)
	if err == nil && len(result.Batch.Items) != len(asks) {
		err = fmt.Errorf("the state machine gave %d answers to %d items", len(result.Batch.Items), len(asks))
	}
	if err != nil {
		failAll(asks, err)
		return
	}
	m.metrics.observeBatch(len(asks), time.Since(began))
	m.distribute(asks, chooser.version, index, result.Batch.Items)
}

// distribute hands out the results of a batch whose libraries were chosen at
// that ring version.
func (m *member) distribute(asks []*ask, version, index uint64, results []fsm.ItemResult) {
	// Versions only grow: if it is still this one, it was when the batch was
	// applied.
	chosenBlind := m.machine.Libraries().Version() != version
	var again []*ask
	for i, a := range asks {
		r := results[i]
		homeless := a.item.Kind == fsm.KindAssign && errors.Is(r.Err, fsm.ErrNoPlacement)
		switch {
		case r.Retry, homeless && chosenBlind:
			// The libraries changed between choosing and applying, or this node, new
			// as leader, had not applied all of its predecessor's entries yet.
			again = append(again, a)
		case homeless:
			a.answer(index, fsm.ItemResult{Err: fmt.Errorf("%w: %s cannot be given a home; open a library, or give one a weight above 0", fsm.ErrNoOpenLibrary, a.item.Core)})
		default:
			a.answer(index, r)
		}
	}
	if len(again) > 0 {
		m.proposer.again(again)
	}
}

// known answers an item from this node's own state, if it is a hit.
func (m *member) known(item fsm.Item) (fsm.ItemResult, bool) {
	core := item.Core
	switch item.Kind {
	case fsm.KindFind, fsm.KindBind:
		bound, ok := m.machine.FindBinding(item.Class, item.Object)
		if !ok || item.Kind == fsm.KindBind && bound != core {
			return fsm.ItemResult{}, false
		}
		core = bound
	}
	placement, ok := m.machine.Locate(core)
	return fsm.ItemResult{Placement: placement}, ok
}

// chooser chooses libraries for the new core objects of one batch. A new one for
// each batch costs a twentieth of a millisecond for 1000 libraries, little beside
// the batch's way through the log, and follows the counts at once.
type chooser struct {
	version uint64
	ring    *ring.Ring
}

func (m *member) newChooser() chooser {
	set, settings := m.machine.Libraries(), m.machine.Settings()
	if settings == nil {
		settings = new(fsm.Settings)
	}
	loads, unknown := m.loads(set, settings)
	if settings.Balance == fsm.BalanceData {
		m.basis.note(m.logger, unknown)
	} else {
		m.basis.forget()
	}
	return chooser{version: set.Version(), ring: ringOf(set, settings, loads)}
}

// complete gives an assignment its library. Where none takes new core objects
// the log is asked instead whether the core object has a home: that it has none
// is not for one node to say.
func (c chooser) complete(item fsm.Item) fsm.Item {
	if item.Kind != fsm.KindAssign {
		return item
	}
	id, ok := c.ring.Pick(item.Core)
	if !ok {
		return fsm.LocateItem(item.Core)
	}
	item.Library = fsm.LibraryID(id)
	return item
}
