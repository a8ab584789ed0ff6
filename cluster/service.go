package cluster

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc/metadata"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
	"github.com/mysqlda/mysqlda/cluster/transport"
	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// maxProgressWait bounds how long a call may wait for this node to apply an
// index.
const maxProgressWait = 10 * time.Second

// service answers the other nodes' calls.
type service struct {
	clusterpb.UnimplementedClusterServer
	node *Node
}

// Join implements clusterpb.ClusterServer.
func (s *service) Join(ctx context.Context, req *clusterpb.JoinRequest) (*clusterpb.JoinResponse, error) {
	m, err := s.node.current()
	if err != nil {
		return nil, fmt.Errorf("node %s: %w", s.node.id, err)
	}
	r, err := recordFromProto(req.GetMember())
	if err != nil {
		return nil, err
	}
	md, _ := metadata.FromIncomingContext(ctx)
	if err := s.node.checkJoinToken(transport.PeerNode(ctx), md, req); err != nil {
		return nil, err
	}
	if !m.leads() {
		return m.forwardJoin(ctx, req)
	}
	if err := s.node.checkGossipKeys(req); err != nil {
		return nil, err
	}
	if err := m.admit(ctx, r); err != nil {
		return nil, err
	}
	return &clusterpb.JoinResponse{ClusterId: m.clusterID[:], Members: recordsProto(m.book.all())}, nil
}

// forwardJoin passes a request on to the leader, once.
func (m *member) forwardJoin(ctx context.Context, req *clusterpb.JoinRequest) (*clusterpb.JoinResponse, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	leader := m.leaderID()
	if leader == "" || leader == m.id || len(md.Get(forwardedHeader)) > 0 {
		return nil, errNotLeader
	}
	ctx, client, err := m.peer(metadata.AppendToOutgoingContext(ctx, forwardedHeader, m.id), leader)
	if err != nil {
		return nil, err
	}
	resp, err := client.Join(ctx, req)
	return resp, fromStatus(err)
}

// Announce implements clusterpb.ClusterServer.
func (s *service) Announce(ctx context.Context, req *clusterpb.AnnounceRequest) (*clusterpb.AnnounceResponse, error) {
	m, err := s.node.current()
	if err != nil {
		return nil, err
	}
	r, err := recordFromProto(req.GetMember())
	if err != nil {
		return nil, err
	}
	removed, err := m.heardFrom(ctx, r)
	if err != nil {
		return nil, err
	}
	return &clusterpb.AnnounceResponse{Members: recordsProto(m.book.all()), Removed: removed}, nil
}

// Decide implements clusterpb.ClusterServer.
func (s *service) Decide(ctx context.Context, req *clusterpb.DecideRequest) (*clusterpb.DecideResponse, error) {
	m, err := s.node.current()
	if err != nil {
		return nil, err
	}
	if !m.leads() {
		return nil, errNotLeader
	}
	if len(req.GetItems()) == 0 {
		index, err := m.barrier()
		return &clusterpb.DecideResponse{Index: index}, err
	}
	if len(req.GetItems()) > maxFrameItems {
		return nil, fmt.Errorf("%d items in a frame, at most %d are allowed", len(req.GetItems()), maxFrameItems)
	}
	return m.decideFrame(ctx, req.GetItems())
}

// decideFrame puts a follower's items into the leader's queue. An item that is
// wrong gets its error; the others are decided.
func (m *member) decideFrame(ctx context.Context, frame []*fsmpb.Item) (*clusterpb.DecideResponse, error) {
	resp := &clusterpb.DecideResponse{Results: make([]*fsmpb.ItemResult, len(frame))}
	items := make([]fsm.Item, 0, len(frame))
	places := make([]int, 0, len(frame))
	for i, p := range frame {
		item, err := fsm.ItemFromProto(p)
		if err != nil {
			resp.Results[i] = fsm.ItemResult{Err: err}.Proto()
			continue
		}
		items = append(items, item)
		places = append(places, i)
	}
	if len(items) == 0 {
		return resp, nil
	}
	group := newAskGroup(items...)
	if err := m.proposer.submit(group); err != nil {
		m.metrics.countFailure(err)
		return nil, err
	}
	select {
	case <-group.done:
	case <-ctx.Done():
		group.abandon()
		return nil, context.Cause(ctx)
	}
	for i := range group.asks {
		a := &group.asks[i]
		if a.err != nil {
			return nil, a.err
		}
		resp.Index = max(resp.Index, a.index)
		resp.Results[places[i]] = a.result.Proto()
	}
	return resp, nil
}

// Remove implements clusterpb.ClusterServer.
func (s *service) Remove(ctx context.Context, req *clusterpb.RemoveRequest) (*clusterpb.RemoveResponse, error) {
	m, err := s.node.current()
	if err != nil {
		return nil, err
	}
	if !m.leads() {
		return nil, errNotLeader
	}
	if err := m.removeAsLeader(ctx, req.GetId()); err != nil {
		return nil, err
	}
	return &clusterpb.RemoveResponse{}, nil
}

// Progress implements clusterpb.ClusterServer.
func (s *service) Progress(ctx context.Context, req *clusterpb.ProgressRequest) (*clusterpb.ProgressResponse, error) {
	m, err := s.node.current()
	if err != nil {
		return nil, err
	}
	wait := min(time.Duration(req.GetWaitMs())*time.Millisecond, maxProgressWait)
	if wait > 0 {
		ctx, cancel := context.WithTimeout(ctx, wait)
		defer cancel()
		if err := m.replica.applied.wait(ctx, req.GetIndex()); err != nil && ctx.Err() == nil {
			return nil, err
		}
	}
	self, _ := m.book.record(m.id)
	// Not what the machine says, which is ahead of those who depend on it.
	return &clusterpb.ProgressResponse{AppliedIndex: m.replica.applied.reached(), Starts: self.starts}, nil
}

// clusterIDFromWire reads the id in a join's answer.
func clusterIDFromWire(b []byte) (transport.ClusterID, error) {
	var id transport.ClusterID
	if len(b) != len(id) || transport.ClusterID(b).IsZero() {
		return id, fmt.Errorf("the cluster id in the answer has %d bytes, not %d, or is zero", len(b), len(id))
	}
	return transport.ClusterID(b), nil
}
