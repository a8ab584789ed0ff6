package cluster

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
)

// maxObserved bounds the servers of one call: what they say of their positions must
// fit into a message.
const maxObserved = fsm.MaxServers

// observe returns what a node sees of the servers, in their order. Their age counts
// from when they left that node, plus their way here.
func (m *member) observe(ctx context.Context, node string, servers []string, maxAge time.Duration) ([]topology.Observation, error) {
	var seen []topology.Observation
	for part := range slices.Chunk(servers, maxObserved) {
		got, err := m.observePart(ctx, node, part, maxAge)
		if err != nil {
			return nil, fmt.Errorf("asking node %s what it sees: %w", node, err)
		}
		seen = append(seen, got...)
	}
	return seen, nil
}

func (m *member) observePart(ctx context.Context, node string, servers []string, maxAge time.Duration) ([]topology.Observation, error) {
	if node == m.id {
		return m.node.observeHere(ctx, servers, maxAge)
	}
	began := time.Now()
	ctx, client, err := m.peer(ctx, node)
	if err != nil {
		return nil, err
	}
	resp, err := client.Observe(ctx, &clusterpb.ObserveRequest{Servers: servers, MaxAgeNs: int64(maxAge)})
	if err != nil {
		return nil, fromStatus(err)
	}
	if len(resp.GetObservations()) != len(servers) {
		return nil, fmt.Errorf("it told of %d servers, asked for %d", len(resp.GetObservations()), len(servers))
	}
	onTheWay := max(0, time.Since(began)-time.Duration(resp.GetTookNs()))
	seen := make([]topology.Observation, len(servers))
	for i, p := range resp.GetObservations() {
		if p.GetAddress() != servers[i] {
			return nil, fmt.Errorf("it told of server %s, asked for %s", p.GetAddress(), servers[i])
		}
		seen[i] = observationFromProto(p)
		seen[i].Age += onTheWay
	}
	return seen, nil
}

// observeHere answers before ctx ends, if need be with what was seen earlier: one
// server that hangs must not hide the others.
func (n *Node) observeHere(ctx context.Context, servers []string, maxAge time.Duration) ([]topology.Observation, error) {
	if wait := answering(ctx); wait > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, wait)
		defer cancel()
	}
	d := n.path()
	if d == nil {
		return nil, errNoDataPath
	}
	return d.Observe(ctx, servers, maxAge), nil
}

// Observe implements clusterpb.ClusterServer.
func (s *service) Observe(ctx context.Context, req *clusterpb.ObserveRequest) (*clusterpb.ObserveResponse, error) {
	began := time.Now()
	if len(req.GetServers()) > maxObserved {
		return nil, fmt.Errorf("%d servers in one request, at most %d are allowed", len(req.GetServers()), maxObserved)
	}
	seen, err := s.node.observeHere(ctx, req.GetServers(), time.Duration(req.GetMaxAgeNs()))
	if err != nil {
		return nil, err
	}
	resp := &clusterpb.ObserveResponse{Observations: make([]*clusterpb.Observation, len(seen))}
	for i, o := range seen {
		resp.Observations[i] = observationProto(o)
	}
	resp.TookNs = int64(time.Since(began))
	return resp, nil
}
