package cluster

import (
	"context"
	"errors"
	"fmt"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
)

// operate has a node do something at a server, on behalf of a leader of that term.
// After an error it may have been done, or may yet be.
func (m *member) operate(ctx context.Context, term uint64, node string, op topology.Operation) (topology.Facts, error) {
	if node == m.id {
		return m.operateHere(ctx, term, op)
	}
	ctx, client, err := m.peer(ctx, node)
	if err != nil {
		return topology.Facts{}, fmt.Errorf("having node %s %s server %s: %w", node, op.Kind, op.Server, err)
	}
	resp, err := client.Operate(ctx, operationProto(op, term))
	if err != nil {
		return topology.Facts{}, fmt.Errorf("having node %s %s server %s: %w", node, op.Kind, op.Server, fromStatus(err))
	}
	return factsFromProto(resp.GetFacts()), fsm.ErrorFromProto(resp.GetError())
}

// operateHere refuses what a leader asks whose term is over: it may have been
// paused since it decided, and its successor wants something else.
func (m *member) operateHere(ctx context.Context, term uint64, op topology.Operation) (topology.Facts, error) {
	if now := m.raft.CurrentTerm(); term < now {
		return topology.Facts{}, fmt.Errorf("%w: the request is of a leader of term %d, this is term %d", errNotLeader, term, now)
	}
	d := m.node.path()
	if d == nil {
		return topology.Facts{}, errNoDataPath
	}
	return d.Operate(ctx, op)
}

// Operate implements clusterpb.ClusterServer.
func (s *service) Operate(ctx context.Context, req *clusterpb.OperateRequest) (*clusterpb.OperateResponse, error) {
	m, err := s.node.current()
	if err != nil {
		return nil, err
	}
	op, err := operationFromProto(req)
	if err != nil {
		return nil, err
	}
	facts, err := m.operateHere(ctx, req.GetTerm(), op)
	if errors.Is(err, errNoDataPath) || errors.Is(err, errNotLeader) {
		return nil, err
	}
	return &clusterpb.OperateResponse{Facts: factsProto(facts), Error: fsm.ErrorProto(err)}, nil
}
