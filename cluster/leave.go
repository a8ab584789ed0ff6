package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
)

// removeTimeout bounds one attempt to have the leader remove a node.
const removeTimeout = 20 * time.Second

// Leave takes this node out of its cluster for good: leadership is handed over,
// the node is removed, and its data directory is marked so that it cannot come
// back under the same id. Then the member is stopped; only Close is left to do.
// Errors: ErrLastNode, ErrQuorum, ErrNotMember, or the context's with what was
// answered last.
func (n *Node) Leave(ctx context.Context) error {
	ctx, cancel := n.scoped(ctx)
	defer cancel()
	n.mu.Lock()
	defer n.mu.Unlock()
	m, err := n.current()
	if err != nil {
		return err
	}
	if len(m.servers()) <= 1 {
		return fmt.Errorf("node %s: %w", n.id, ErrLastNode)
	}
	m.leaving.Store(true)
	if err := m.removeAnywhere(ctx, n.id); err != nil {
		m.leaving.Store(false)
		return fmt.Errorf("leaving the cluster: %w", err)
	}
	if err := n.setPhase(phaseLeft); err != nil {
		return err
	}
	n.logger.Info("left the cluster", zap.Stringer("cluster", m.clusterID))
	m.gossip.leave(ctx)
	n.member.Store(nil)
	return m.stop()
}

// Remove takes another node out of the cluster for good. Errors:
// ErrUnknownNode, ErrQuorum, ErrNotMember, or the context's with what was
// answered last.
func (n *Node) Remove(ctx context.Context, id string) error {
	m, err := n.current()
	if err != nil {
		return err
	}
	if id == n.id {
		return fmt.Errorf("removing node %s: %w: it is this node; let it leave instead", id, ErrOtherNode)
	}
	if err := m.removeAnywhere(ctx, id); err != nil {
		return fmt.Errorf("removing node %s: %w", id, err)
	}
	return nil
}

// removeAnywhere has whoever leads remove a node, and tries again until ctx
// ends. Removing a node twice is harmless: the second time it is unknown, which
// after an attempt with an unknown outcome means that it worked.
func (m *member) removeAnywhere(ctx context.Context, id string) error {
	maybeDone := false
	for {
		leader, reign := m.leadership.current()
		err := m.removeOnce(ctx, leader, id)
		switch {
		case err == nil, maybeDone && errors.Is(err, ErrUnknownNode):
			return nil
		case !retryable(err):
			return err
		}
		maybeDone = maybeDone || errors.Is(err, errOutcomeUnknown)
		if !m.pause(ctx, reign) {
			return stopped(ctx, err)
		}
	}
}

func (m *member) removeOnce(ctx context.Context, leader, id string) error {
	switch leader {
	case "":
		return errNotLeader
	case m.id:
		return m.removeAsLeader(ctx, id)
	}
	ctx, cancel := context.WithTimeout(ctx, removeTimeout)
	defer cancel()
	ctx, client, err := m.peer(ctx, leader)
	if err != nil {
		return err
	}
	_, err = client.Remove(ctx, &clusterpb.RemoveRequest{Id: id})
	return elsewhere(leader, fromStatus(err))
}

// removeAsLeader removes another node. A leader that is to go itself hands
// leadership over first and has the caller ask again.
func (m *member) removeAsLeader(ctx context.Context, id string) error {
	if id != m.id {
		return m.remove(ctx, id)
	}
	if err := m.checkQuorumWithout(ctx, id); err != nil {
		return err
	}
	if err := m.transferLeadership(ctx); err != nil {
		m.logger.Warn("leadership was not handed over before leaving", zap.Error(err))
	}
	return errNotLeader
}
