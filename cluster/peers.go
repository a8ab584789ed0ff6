package cluster

import (
	"context"
	"errors"
	"fmt"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
	"github.com/mysqlda/mysqlda/cluster/transport"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// Metadata of each call between nodes.
const (
	clusterHeader   = "mysqlda-cluster" // the caller's cluster id
	targetHeader    = "mysqlda-target"  // the node id that the call is meant for
	forwardedHeader = "mysqlda-forwarded"
)

// peer prepares a call to a member: the context carries who calls and who is
// meant, so that an address which now belongs to another node does no harm.
func (m *member) peer(ctx context.Context, id string) (context.Context, clusterpb.ClusterClient, error) {
	address, ok := m.addressOf(id)
	if !ok {
		return nil, nil, fmt.Errorf("%w: the address of node %s is not known", errNotLeader, id)
	}
	return m.dial(sendOrigin(metadata.AppendToOutgoingContext(ctx, targetHeader, id)), address)
}

// dial prepares a call to whoever is reached at address.
func (m *member) dial(ctx context.Context, address string) (context.Context, clusterpb.ClusterClient, error) {
	conn, err := m.clients.Conn(address)
	if err != nil {
		return nil, nil, ErrClosed
	}
	return metadata.AppendToOutgoingContext(ctx, clusterHeader, m.clusterID.String()), clusterpb.NewClusterClient(conn), nil
}

// elsewhere turns the answer of a node that is not the one that was meant into
// errNotLeader: nothing was done, and it will be found where it is now, or
// another one will lead.
func elsewhere(id string, err error) error {
	for _, stranger := range []error{ErrOtherNode, ErrOtherCluster, ErrNotMember} {
		if errors.Is(err, stranger) {
			return fmt.Errorf("%w: node %s was not reached: %w", errNotLeader, id, err)
		}
	}
	return err
}

// addressOf returns the internode address of a node: what is known of it, else
// what Raft's own configuration says.
func (m *member) addressOf(id string) (string, bool) {
	if info, ok := m.book.lookup(id); ok {
		return info.Cluster, true
	}
	for _, s := range m.servers() {
		if string(s.ID) == id {
			return string(s.Address), true
		}
	}
	return "", false
}

// checkCall is the server's interceptor: it refuses calls of other clusters and
// those that are meant for another node.
func (n *Node) checkCall(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	if err := n.checkHeaders(md, info.FullMethod); err != nil {
		return nil, toStatus(err)
	}
	if err := n.checkCaller(transport.PeerNode(ctx), md, req); err != nil {
		return nil, toStatus(err)
	}
	ctx, err := receiveOrigin(ctx, md)
	if err != nil {
		return nil, toStatus(err)
	}
	resp, err := handler(ctx, req)
	return resp, toStatus(err)
}

func (n *Node) checkHeaders(md metadata.MD, method string) error {
	if target := md.Get(targetHeader); len(target) > 0 && target[0] != n.id {
		return fmt.Errorf("%w: %s is meant, this is %s", ErrOtherNode, target[0], n.id)
	}
	callers := md.Get(clusterHeader)
	if len(callers) == 0 {
		if method == clusterpb.Cluster_Join_FullMethodName {
			return nil // the caller has no cluster yet
		}
		return fmt.Errorf("%w: the caller names no cluster", ErrOtherCluster)
	}
	m := n.member.Load()
	if m == nil {
		return fmt.Errorf("node %s: %w", n.id, ErrNotMember)
	}
	if callers[0] != m.clusterID.String() {
		return fmt.Errorf("%w: node %s belongs to cluster %s, the caller to %s", ErrOtherCluster, n.id, m.clusterID, callers[0])
	}
	return nil
}
