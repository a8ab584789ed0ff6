package cluster

import (
	"context"
	"fmt"
	"time"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
)

// killTimeout bounds asking another node to end a session.
const killTimeout = 5 * time.Second

// killFunc ends a session of this node, or only its statement, on behalf of a
// user, and reports whether there is such a session that the user may end.
type killFunc func(ctx context.Context, id uint32, user string, statementOnly bool) (found bool)

// NodeNumber returns this node's number in the connection ids that it gives to
// its clients, from 1 to fsm.MaxNodeNumber. It is 0 until this node has learned
// that the cluster knows it, and known once the node is ready.
func (n *Node) NodeNumber() uint16 {
	info, _ := n.machine.Node(n.id)
	return info.Number
}

// OnKill says what ends sessions of this node, whichever node a client asks. It
// may be called again; until it is called there are no sessions. The function
// is called from any goroutine.
func (n *Node) OnKill(end func(ctx context.Context, id uint32, user string, statementOnly bool) (found bool)) {
	f := killFunc(end)
	n.killer.Store(&f)
}

// Kill has the node with that number end the session with that connection id, or
// only its statement, on behalf of a user. It returns false when no node has the
// number, or the node has no such session that the user may end. The error says
// which node could not be asked: whether it has ended the session is not known.
func (n *Node) Kill(ctx context.Context, number uint16, id uint32, user string, statementOnly bool) (found bool, err error) {
	m, err := n.current()
	if err != nil {
		return false, err
	}
	node, ok := m.numbered(number)
	switch {
	case !ok:
		return false, nil
	case node == n.id:
		return n.killHere(ctx, id, user, statementOnly), nil
	}
	ctx, cancel := context.WithTimeout(ctx, killTimeout)
	defer cancel()
	ctx, unscope := n.scoped(ctx)
	defer unscope()
	ctx, client, err := m.peer(ctx, node)
	if err != nil {
		return false, fmt.Errorf("ending connection %d of node %s: %w", id, node, err)
	}
	resp, err := client.Kill(ctx, &clusterpb.KillRequest{Id: id, User: user, StatementOnly: statementOnly})
	if err != nil {
		return false, fmt.Errorf("ending connection %d of node %s: %w", id, node, fromStatus(err))
	}
	return resp.GetFound(), nil
}

// numbered returns the id of the node with that number.
func (m *member) numbered(number uint16) (id string, ok bool) {
	for _, info := range m.machine.Nodes() {
		if number != 0 && info.Number == number {
			return info.ID, true
		}
	}
	return "", false
}

func (n *Node) killHere(ctx context.Context, id uint32, user string, statementOnly bool) bool {
	end := n.killer.Load()
	return end != nil && (*end)(ctx, id, user, statementOnly)
}

// Kill implements clusterpb.ClusterServer.
func (s *service) Kill(ctx context.Context, req *clusterpb.KillRequest) (*clusterpb.KillResponse, error) {
	return &clusterpb.KillResponse{Found: s.node.killHere(ctx, req.GetId(), req.GetUser(), req.GetStatementOnly())}, nil
}
