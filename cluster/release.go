package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
	"github.com/mysqlda/mysqlda/fsm"
)

// How long before a call's end the callee gives up waiting, so that its answer is
// on time: an eighth of what is left, at most answerTime.
const (
	answerPart = 8
	answerTime = 500 * time.Millisecond
)

// release waits until a node that has applied the command of that index uses no
// server any more that was a library's active one before this epoch.
func (m *member) release(ctx context.Context, node string, library fsm.LibraryID, epoch, index uint64) error {
	if node == m.id {
		return m.releaseHere(ctx, library, epoch, index)
	}
	ctx, client, err := m.peer(ctx, node)
	if err != nil {
		return err
	}
	resp, err := client.Release(ctx, &clusterpb.ReleaseRequest{Library: uint32(library), Epoch: epoch, Index: index})
	if err != nil {
		return fromStatus(err)
	}
	return fsm.ErrorFromProto(resp.GetError())
}

// releaseHere: a data path that comes later is told of libraries as they are now
// at the earliest, so a node that has none yet has let go of everything.
func (m *member) releaseHere(ctx context.Context, library fsm.LibraryID, epoch, index uint64) error {
	if err := m.replica.applied.wait(ctx, index); err != nil {
		return fmt.Errorf("waiting for this node to apply entry %d: %w", index, err)
	}
	if err := m.awaitEpoch(ctx, library, epoch); err != nil {
		return fmt.Errorf("waiting for this node to learn of epoch %d of library %d: %w", epoch, library, err)
	}
	if d := m.node.path(); d != nil {
		return d.Release(ctx, library, epoch)
	}
	return nil
}

// awaitEpoch waits until a library has come to an epoch in this node's state.
func (m *member) awaitEpoch(ctx context.Context, library fsm.LibraryID, epoch uint64) error {
	watching, stop := context.WithCancel(ctx)
	defer stop()
	changes := m.replica.watch.subscribe(watching)
	for {
		if l := m.machine.Libraries().ByID(library); l != nil && l.ActiveEpoch >= epoch {
			return nil
		}
		select {
		case _, open := <-changes:
			if !open && ctx.Err() == nil {
				return ErrClosed
			}
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// Release implements clusterpb.ClusterServer.
func (s *service) Release(ctx context.Context, req *clusterpb.ReleaseRequest) (*clusterpb.ReleaseResponse, error) {
	m, err := s.node.current()
	if err != nil {
		return nil, err
	}
	ctx, unscope := s.node.scoped(ctx)
	defer unscope()
	err = m.releaseHere(ctx, fsm.LibraryID(req.GetLibrary()), req.GetEpoch(), req.GetIndex())
	return &clusterpb.ReleaseResponse{Error: fsm.ErrorProto(err)}, nil
}

// drained waits until a node that has applied the command of that index has no
// session inside a statement or a transaction of a library that drains. Shortly
// before ctx ends it answers how many there are.
func (m *member) drained(ctx context.Context, node string, library fsm.LibraryID, epoch, index uint64) (open int, err error) {
	wait := answering(ctx)
	if node == m.id {
		return m.drainedHere(ctx, wait, library, epoch, index)
	}
	ctx, client, err := m.peer(ctx, node)
	if err != nil {
		return 0, err
	}
	resp, err := client.Drained(ctx, &clusterpb.DrainedRequest{
		Library: uint32(library), Epoch: epoch, Index: index, WaitNs: int64(wait),
	})
	if err != nil {
		return 0, fromStatus(err)
	}
	return int(resp.GetOpen()), fsm.ErrorFromProto(resp.GetError())
}

// answering returns for how long a callee may wait so that its answer comes before
// ctx ends; 0 for as long as the call lasts.
func answering(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return 0
	}
	left := time.Until(deadline)
	return max(left-min(left/answerPart, answerTime), time.Millisecond)
}

// drainedHere waits for that long at most, 0 for as long as ctx lasts. That the
// time is up is no error once it is known how many are open.
func (m *member) drainedHere(ctx context.Context, wait time.Duration, library fsm.LibraryID, epoch, index uint64) (open int, err error) {
	if wait > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, wait)
		defer cancel()
	}
	if err := m.replica.applied.wait(ctx, index); err != nil {
		return 0, fmt.Errorf("waiting for this node to apply entry %d: %w", index, err)
	}
	d := m.node.path()
	if d == nil {
		return 0, nil
	}
	open, err = d.Drained(ctx, library, epoch)
	if open > 0 && errors.Is(err, context.DeadlineExceeded) {
		err = nil
	}
	return open, err
}

// Drained implements clusterpb.ClusterServer.
func (s *service) Drained(ctx context.Context, req *clusterpb.DrainedRequest) (*clusterpb.DrainedResponse, error) {
	m, err := s.node.current()
	if err != nil {
		return nil, err
	}
	ctx, unscope := s.node.scoped(ctx)
	defer unscope()
	open, err := m.drainedHere(ctx, time.Duration(req.GetWaitNs()), fsm.LibraryID(req.GetLibrary()), req.GetEpoch(), req.GetIndex())
	return &clusterpb.DrainedResponse{Open: uint32(max(open, 0)), Error: fsm.ErrorProto(err)}, nil
}
