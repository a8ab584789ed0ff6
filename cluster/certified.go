package cluster

import (
	"fmt"

	"google.golang.org/grpc/metadata"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
)

// checkCertificate refuses to go on with a certificate that no other node would
// take for this node's.
func (n *Node) checkCertificate() error {
	s := n.cfg.Security
	if s == nil {
		return nil
	}
	if err := s.CheckOwn(s.Certificate(), n.id); err != nil {
		return fmt.Errorf("%w (cluster.tls.cert); `mysqlda ca issue --node %s` makes one", err, n.id)
	}
	return nil
}

// checkCaller looks at what a call may do with the certificate of the node peer,
// "" without one: then cluster.tls is off, or optional. A node that was removed may
// learn that, and nothing else; for itself only a node speaks, or the member that
// passes its request on.
func (n *Node) checkCaller(peer string, md metadata.MD, req any) error {
	if peer == "" {
		return nil
	}
	switch r := req.(type) {
	case *clusterpb.JoinRequest:
		if id := r.GetMember().GetNode().GetId(); id != peer && !n.passedOn(peer, md) {
			return fmt.Errorf("%w: the certificate is that of node %s, and node %s is to join; `mysqlda ca issue --node %s` makes one for it", ErrCertificate, peer, id, id)
		}
	case *clusterpb.AnnounceRequest:
		if id := r.GetMember().GetNode().GetId(); id != peer {
			return fmt.Errorf("%w: the certificate is that of node %s, and addresses of node %s are announced", ErrCertificate, peer, id)
		}
		return nil
	}
	if n.machine.Removed(peer) {
		return fmt.Errorf("node %s: %w", peer, ErrRemoved)
	}
	return nil
}

// passedOn says that a member has passed a request on for somebody else.
func (n *Node) passedOn(peer string, md metadata.MD) bool {
	m := n.member.Load()
	return m != nil && len(md.Get(forwardedHeader)) > 0 && m.isMember(peer)
}
