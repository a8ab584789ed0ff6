package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/raft"
	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/fsm"
)

// admit takes a node into the cluster as a non-voter. This node must lead.
func (m *member) admit(ctx context.Context, r record) error {
	m.membership.Lock()
	defer m.membership.Unlock()
	// A barrier: the checks below must see everything that was decided.
	if _, err := m.barrier(); err != nil {
		return err
	}
	if m.machine.Settings() == nil {
		return fmt.Errorf("%w: cluster %s is still being bootstrapped", errNotLeader, m.clusterID)
	}
	if err := m.checkFree(ctx, r.info); err != nil {
		return err
	}
	if err := m.setNode(orItself(ctx, r.info.ID), r.info); err != nil {
		if errors.Is(err, fsm.ErrRemoved) {
			return fmt.Errorf("node %s: %w", r.info.ID, ErrRemoved)
		}
		return err
	}
	if last, ok := m.book.record(r.info.ID); ok && last.starts >= r.starts {
		r.starts = last.starts + 1 // it starts afresh; what is known of it is older
	}
	m.book.hear(r)
	id, address := raft.ServerID(r.info.ID), raft.ServerAddress(r.info.Cluster)
	if _, ok := m.server(r.info.ID); ok {
		return nil // it was added when it asked before
	}
	if err := m.raft.AddNonvoter(id, address, 0, configTimeout).Error(); err != nil {
		return raftError(err)
	}
	m.logger.Info("node joined as non-voter", zap.String("member", r.info.ID), zap.String("address", r.info.Cluster))
	return nil
}

// checkFree refuses an id that belongs to another node. A non-voter that joined
// but never became reachable as a member may try again: it has promised nothing
// yet.
func (m *member) checkFree(ctx context.Context, info fsm.NodeInfo) error {
	s, taken := m.server(info.ID)
	if !taken {
		return nil
	}
	if s.Suffrage == raft.Voter {
		return fmt.Errorf("%w: %s votes at %s; give the new node another id, or remove the old one and still give it another", ErrIDTaken, info.ID, s.Address)
	}
	if m.ping(ctx, info.ID) == nil {
		return fmt.Errorf("%w: %s lives at %s; give the new node another id", ErrIDTaken, info.ID, s.Address)
	}
	return nil
}

// remove takes a node out of the cluster. This node must lead and be another
// one.
func (m *member) remove(ctx context.Context, id string) error {
	m.membership.Lock()
	defer m.membership.Unlock()
	if _, err := m.barrier(); err != nil {
		return err
	}
	if !m.isMember(id) {
		return fmt.Errorf("%w: %s", ErrUnknownNode, id)
	}
	if err := m.checkQuorumWithout(ctx, id); err != nil {
		return err
	}
	command, err := fsm.RemoveNode{ID: id}.Encode()
	if err != nil {
		return err
	}
	if command, err = m.attribute(orItself(ctx, m.id), command); err != nil {
		return err
	}
	if _, result, err := m.apply(command); err != nil || result.Err != nil {
		return errors.Join(err, result.Err)
	}
	m.book.forget(id)
	if _, ok := m.server(id); ok {
		if err := m.raft.RemoveServer(raft.ServerID(id), 0, configTimeout).Error(); err != nil {
			return raftError(err)
		}
	}
	m.logger.Info("node removed", zap.String("member", id))
	return nil
}

// checkQuorumWithout refuses a removal after which the voters that answer would
// be no majority: the cluster could not even undo it.
func (m *member) checkQuorumWithout(ctx context.Context, id string) error {
	s, ok := m.server(id)
	if !ok || s.Suffrage != raft.Voter {
		return nil
	}
	voters := 0
	var healthy atomic.Int64
	var pings sync.WaitGroup
	for _, s := range m.servers() {
		other := string(s.ID)
		if s.Suffrage != raft.Voter || other == id {
			continue
		}
		voters++
		if other == m.id {
			healthy.Add(1)
			continue
		}
		pings.Go(func() {
			if m.ping(ctx, other) == nil {
				healthy.Add(1)
			}
		})
	}
	pings.Wait()
	if need := voters/2 + 1; int(healthy.Load()) < need {
		return fmt.Errorf("%w: without %s there are %d voters, %d of them answer and %d are needed; bring one back or let one join first", ErrQuorum, id, voters, healthy.Load(), need)
	}
	return nil
}
