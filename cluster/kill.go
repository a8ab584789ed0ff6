package cluster

import (
	"context"
	"fmt"
	"time"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
	"github.com/mysqlda/mysqlda/fsm"
)

// killTimeout bounds asking another node to end a session.
const killTimeout = 5 * time.Second

// killFunc ends a session of this node, or only its statement, on behalf of a
// user, and reports whether there is such a session that the user may end. The
// error says why it could not be done.
type killFunc func(ctx context.Context, id uint32, user string, statementOnly bool) (found bool, err error)

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
func (n *Node) OnKill(end func(ctx context.Context, id uint32, user string, statementOnly bool) (found bool, err error)) {
	f := killFunc(end)
	n.killer.Store(&f)
}

// Kill has the node with that number end the session with that connection id, or
// only its statement, on behalf of a user; user "" stands for whoever's it is. It returns false when no node has the
// number, or the node has no such session that the user may end. The error says why
// it could not be done, or which node could not be asked; then it may have been
// done.
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
		return n.killHere(ctx, id, user, statementOnly)
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
	return resp.GetFound(), fsm.ErrorFromProto(resp.GetError())
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

func (n *Node) killHere(ctx context.Context, id uint32, user string, statementOnly bool) (found bool, err error) {
	end := n.killer.Load()
	if end == nil {
		return false, nil
	}
	return (*end)(ctx, id, user, statementOnly)
}

// Kill implements clusterpb.ClusterServer.
func (s *service) Kill(ctx context.Context, req *clusterpb.KillRequest) (*clusterpb.KillResponse, error) {
	found, err := s.node.killHere(ctx, req.GetId(), req.GetUser(), req.GetStatementOnly())
	return &clusterpb.KillResponse{Found: found, Error: fsm.ErrorProto(err)}, nil
}
