package cluster

import (
	"context"
	"fmt"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
	"github.com/mysqlda/mysqlda/fsm"
)

const (
	// importsInFlight is how many imports the leader has in its log at a time and
	// not applied yet. A second one would make the sessions' assignments wait
	// longer and the import hardly faster: the disks are busy with the first.
	importsInFlight = 1
	// importsWaiting bounds those that wait for their turn, and so the memory that
	// they take. Beyond it callers get fsm.ErrOverloaded at once.
	importsWaiting = 16
)

// Import has the cluster add records of another system and returns when they
// are durable and applied at the leader. Records are idempotent, so it tries
// again until the caller's context ends or DecisionTimeout is over. An attempt
// whose answer was lost makes records count as present that it has added.
// Errors: fsm.ErrNoLeader, fsm.ErrOverloaded, fsm.ErrBadChange, ErrNotMember, or
// the context's.
func (n *Node) Import(ctx context.Context, records fsm.Import) (fsm.ImportResult, error) {
	m, err := n.current()
	if err != nil {
		return fsm.ImportResult{}, err
	}
	ctx, cancel := m.bounded(ctx)
	defer cancel()
	for {
		leader, reign := m.leadership.current()
		var result fsm.ImportResult
		err := errNotLeader
		switch leader {
		case "":
		case m.id:
			_, result, err = m.importHere(ctx, records)
		default:
			result, err = m.importAt(ctx, leader, records)
		}
		switch {
		case err == nil:
			return result, nil
		case ctx.Err() != nil:
			return fsm.ImportResult{}, fmt.Errorf("import: %w", timedOut(ctx, err))
		case !retryable(err):
			m.metrics.countFailure(err)
			return fsm.ImportResult{}, fmt.Errorf("import: %w", err)
		}
		if !m.pause(ctx, reign) {
			return fsm.ImportResult{}, fmt.Errorf("import: %w", timedOut(ctx, err))
		}
	}
}

// importHere is for the leader.
func (m *member) importHere(ctx context.Context, records fsm.Import) (uint64, fsm.ImportResult, error) {
	if !m.leads() {
		return 0, fsm.ImportResult{}, errNotLeader
	}
	leave, err := m.imports.enter(ctx)
	if err != nil {
		return 0, fsm.ImportResult{}, err
	}
	defer leave()
	command, err := records.Encode()
	if err != nil {
		return 0, fsm.ImportResult{}, err
	}
	if command, err = m.attribute(ctx, command); err != nil {
		return 0, fsm.ImportResult{}, err
	}
	index, result, err := m.apply(command)
	if err == nil {
		err = result.Err
	}
	return index, result.Import, err
}

func (m *member) importAt(ctx context.Context, leader string, records fsm.Import) (fsm.ImportResult, error) {
	ctx, cancel := context.WithTimeout(ctx, forwardTimeout)
	defer cancel()
	ctx, client, err := m.peer(ctx, leader)
	if err != nil {
		return fsm.ImportResult{}, err
	}
	resp, err := client.Import(ctx, &clusterpb.ImportRequest{Command: records.Proto()})
	if err != nil {
		return fsm.ImportResult{}, elsewhere(leader, fromStatus(err))
	}
	result := fsm.ImportResult{Added: resp.GetAdded(), Present: resp.GetPresent()}
	for _, c := range resp.GetConflicts() {
		result.Conflicts = append(result.Conflicts, fsm.ImportConflict{Record: int(c.GetRecord()), Err: fsm.ErrorFromProto(c.GetError())})
	}
	return result, nil
}

// Import implements clusterpb.ClusterServer.
func (s *service) Import(ctx context.Context, req *clusterpb.ImportRequest) (*clusterpb.ImportResponse, error) {
	m, err := s.node.current()
	if err != nil {
		return nil, err
	}
	records, err := fsm.ImportFromProto(req.GetCommand())
	if err != nil {
		return nil, err
	}
	index, result, err := m.importHere(ctx, records)
	if err != nil {
		return nil, err
	}
	resp := &clusterpb.ImportResponse{Index: index, Added: result.Added, Present: result.Present}
	for _, c := range result.Conflicts {
		resp.Conflicts = append(resp.Conflicts, &clusterpb.ImportConflict{Record: uint32(c.Record), Error: fsm.ErrorProto(c.Err)})
	}
	return resp, nil
}

// importGate lets a few imports at a time pass, and a few more wait.
type importGate struct {
	inside chan struct{} // a token for each that is in the log
	queue  chan struct{} // a token for each that is inside or waits
}

func newImportGate() *importGate {
	return &importGate{
		inside: make(chan struct{}, importsInFlight),
		queue:  make(chan struct{}, importsInFlight+importsWaiting),
	}
}

// enter waits for its turn, or until ctx ends. The caller calls leave.
func (g *importGate) enter(ctx context.Context) (leave func(), err error) {
	select {
	case g.queue <- struct{}{}:
	default:
		return nil, fsm.ErrOverloaded
	}
	select {
	case g.inside <- struct{}{}:
		return func() { <-g.inside; <-g.queue }, nil
	case <-ctx.Done():
		<-g.queue
		return nil, context.Cause(ctx)
	}
}
