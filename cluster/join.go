package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
	"github.com/mysqlda/mysqlda/cluster/transport"
	"github.com/mysqlda/mysqlda/fsm"
)

const (
	// joinTimeout bounds asking one member.
	joinTimeout = 5 * time.Second
	// joinRetryDelay is the wait between two rounds of asking.
	joinRetryDelay = 250 * time.Millisecond
)

// Bootstrap makes this node the first of a new cluster with these settings and
// libraries; the cluster id in them is ignored. It is harmless when the data
// directory already belongs to a cluster, and finishes a bootstrap that a crash
// has interrupted. Errors: fsm.ErrBadChange, fsm.ErrBadName, the context's.
func (n *Node) Bootstrap(ctx context.Context, b fsm.Bootstrap) error {
	ctx, cancel := n.scoped(ctx)
	defer cancel()
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.closed:
		return ErrClosed
	case n.identity.Phase == phaseLeft:
		return ErrLeft
	case n.identity.Phase == phaseJoining || n.identity.Phase == phaseMember:
		return nil
	}
	id, err := n.identity.cluster()
	if err != nil {
		return err
	}
	if id.IsZero() {
		id = transport.NewClusterID()
	}
	b.Settings.ClusterID = id.String()
	command, err := b.Encode() // checks it, before anything is made
	if err != nil {
		return fmt.Errorf("bootstrapping: %w", err)
	}
	if n.identity.Phase == phaseLonely {
		n.identity.ClusterID = id.String()
		if err := n.setPhase(phaseBootstrapping); err != nil {
			return err
		}
	}
	if n.member.Load() == nil {
		if err := n.startMember(nil); err != nil {
			n.fail(err) // a restart goes on from here, this process cannot
			return err
		}
	}
	if err := n.member.Load().firstCommands(ctx, command); err != nil {
		return fmt.Errorf("bootstrapping cluster %s: %w", id, err)
	}
	n.logger.Info("cluster bootstrapped", zap.Stringer("cluster", id))
	return n.setPhase(phaseMember)
}

// firstCommands waits until this node, so far the only one, leads, and gives the
// cluster its settings and its first node.
func (m *member) firstCommands(ctx context.Context, bootstrap []byte) error {
	for {
		_, reign := m.leadership.current()
		entry, err := m.attribute(orItself(ctx, m.id), bootstrap)
		if err != nil {
			return err
		}
		_, result, err := m.apply(entry)
		if err == nil && result.Err != nil && !errors.Is(result.Err, fsm.ErrBootstrapped) {
			return result.Err
		}
		if err == nil {
			self, _ := m.book.announced(m.id)
			err = m.setNode(orItself(ctx, m.id), self)
		}
		if err == nil || !retryable(err) {
			return err
		}
		if !m.pause(ctx, reign) {
			return stopped(ctx, err)
		}
	}
}

// Join makes this node a member of the cluster that any of the internode
// addresses belongs to; it keeps asking until ctx ends. On a data directory that
// belongs to a cluster already the addresses are only told where this node is
// now. Errors: ErrOtherCluster, ErrIDTaken, ErrRemoved,
// ErrCertificate, ErrGossipKey, ErrJoinToken, or the context's with
// what was answered last.
func (n *Node) Join(ctx context.Context, addrs []string) error {
	return n.JoinWithToken(ctx, addrs, "")
}

// JoinWithToken is Join for a cluster that wants a token of new nodes; see JoinKeys.
func (n *Node) JoinWithToken(ctx context.Context, addrs []string, token string) error {
	ctx, cancel := n.scoped(ctx)
	defer cancel()
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.closed:
		return ErrClosed
	case n.identity.Phase == phaseLeft:
		return ErrLeft
	case n.identity.Phase != phaseLonely:
		m, err := n.current()
		if err != nil {
			return err
		}
		if err := m.addSeeds(ctx, addrs); err != nil {
			return fmt.Errorf("this node belongs to cluster %s already (if it is to join another one, stop it, remove %s from its cluster, and start it with an empty data directory in place of %s): %w", m.clusterID, n.id, n.dir.Path(), err)
		}
		return nil
	}
	self, err := n.describe(n.cfg.GossipListen)
	if err != nil {
		return err
	}
	clients := transport.NewClients(n.cfg.Security)
	resp, err := askToJoin(ctx, clients, addrs, &clusterpb.JoinRequest{Member: self.proto(), Token: token, GossipKeys: n.gossipKeys().wire()})
	if err = errors.Join(err, clients.Close()); err != nil {
		return fmt.Errorf("joining a cluster as %s: %w", n.id, err)
	}
	return n.becomeMember(resp)
}

// becomeMember notes the cluster before any of its traffic is let in.
func (n *Node) becomeMember(resp *clusterpb.JoinResponse) error {
	id, err := clusterIDFromWire(resp.GetClusterId())
	if err != nil {
		return fmt.Errorf("joining a cluster: %w", err)
	}
	heard := make([]record, 0, len(resp.GetMembers()))
	for _, p := range resp.GetMembers() {
		r, err := recordFromProto(p)
		if err != nil {
			return fmt.Errorf("joining cluster %s: a member's description: %w", id, err)
		}
		if r.info.ID != n.id {
			heard = append(heard, r)
			continue
		}
		// Another data directory may have been started under this id before.
		n.identity.Starts = max(n.identity.Starts, r.starts)
	}
	n.identity.ClusterID = id.String()
	n.identity.Starts++ // what was told when asking to join may be incomplete
	if err := n.setPhase(phaseJoining); err != nil {
		return err
	}
	if err := n.startMember(heard); err != nil {
		n.fail(err) // a restart goes on from here, this process cannot
		return err
	}
	n.logger.Info("joined", zap.Stringer("cluster", id))
	return n.setPhase(phaseMember)
}

// askToJoin asks one address after the other, round after round, until one says
// yes or no.
func askToJoin(ctx context.Context, clients *transport.Clients, addrs []string, req *clusterpb.JoinRequest) (*clusterpb.JoinResponse, error) {
	if len(addrs) == 0 {
		return nil, fmt.Errorf("%w: no address of a member is given", ErrConfig)
	}
	var last error
	for {
		for _, a := range addrs {
			resp, err := askOneToJoin(ctx, clients, a, req)
			if err == nil {
				return resp, nil
			}
			if last == nil || ctx.Err() == nil { // that the time is up tells less
				last = fmt.Errorf("%s: %w", a, err)
			}
			if !retryable(err) && !errors.Is(err, ErrNotMember) {
				return nil, last
			}
		}
		select {
		case <-time.After(joinRetryDelay):
		case <-ctx.Done():
			return nil, stopped(ctx, last)
		}
	}
}

func askOneToJoin(ctx context.Context, clients *transport.Clients, address string, req *clusterpb.JoinRequest) (*clusterpb.JoinResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	conn, err := clients.Conn(address)
	if err != nil {
		return nil, err
	}
	resp, err := clusterpb.NewClusterClient(conn).Join(sendOrigin(ctx), req)
	return resp, fromStatus(err)
}
