package cluster

import (
	"context"
	"fmt"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
	"github.com/mysqlda/mysqlda/cluster/lease"
	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// Lease returns what says whether this node may use libraries that may fail over.
func (n *Node) Lease() *lease.Keeper { return n.lease }

// leaders are whom this node's keeper asks for leases.
type leaders struct{ m *member }

var _ lease.Leader = leaders{}

// Current implements lease.Leader.
func (l leaders) Current() (id string, reign context.Context) { return l.m.leadership.current() }

// Ask implements lease.Leader.
func (l leaders) Ask(ctx context.Context, leader string, r lease.Request) error {
	if leader == l.m.id {
		return l.m.requestLease(r)
	}
	ctx, client, err := l.m.peer(ctx, leader)
	if err != nil {
		return err
	}
	_, err = client.RequestLease(ctx, &clusterpb.RequestLeaseRequest{
		Lease: &fsmpb.LeaseGrant{Node: r.Node, Starts: r.Starts, Nonce: r.Nonce}, Urgent: r.Urgent,
	})
	return fromStatus(err)
}

// requestLease takes in a node's request. This node must lead.
func (m *member) requestLease(r lease.Request) error {
	if !m.leads() {
		return errNotLeader
	}
	if _, known := m.machine.Node(r.Node); !known {
		return fmt.Errorf("%w: %s", ErrUnknownNode, r.Node) // its grant would be void
	}
	return m.leases.Add(r)
}

// grantLeases puts an entry of leases through the log.
func (m *member) grantLeases(entry fsm.GrantLeases) error {
	command, err := entry.Encode()
	if err != nil {
		return err
	}
	_, _, err = m.apply(command)
	return err
}

// RequestLease implements clusterpb.ClusterServer.
func (s *service) RequestLease(_ context.Context, req *clusterpb.RequestLeaseRequest) (*clusterpb.RequestLeaseResponse, error) {
	m, err := s.node.current()
	if err != nil {
		return nil, err
	}
	p := req.GetLease()
	err = m.requestLease(lease.Request{
		Lease:  fsm.Lease{Node: p.GetNode(), Starts: p.GetStarts(), Nonce: p.GetNonce()},
		Urgent: req.GetUrgent(),
	})
	if err != nil {
		return nil, err
	}
	return &clusterpb.RequestLeaseResponse{}, nil
}
