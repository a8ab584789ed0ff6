package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/raft"
	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
	"github.com/mysqlda/mysqlda/fsm"
)

const (
	// reconcileInterval is the time between two looks at whether the cluster's
	// members are as they should be; news is looked at sooner.
	reconcileInterval = time.Second
	// promoteInterval is the time between two looks at whether a non-voter has
	// caught up.
	promoteInterval = 250 * time.Millisecond
	// promoteWait is how long a non-voter may take to apply a barrier and count
	// as caught up.
	promoteWait = 2 * time.Second
	// configTimeout bounds how long Raft may take to accept a change of members.
	configTimeout = 5 * time.Second
	// pingTimeout bounds asking a member for a sign of life.
	pingTimeout = time.Second
)

// followOwnLeadership does the leader-only work while this node leads. The work
// of one term ends before that of the next begins.
func (m *member) followOwnLeadership(ctx context.Context) {
	var work sync.WaitGroup
	revoke := func() {}
	for {
		select {
		case leads := <-m.notify:
			revoke()
			work.Wait()
			revoke = func() {}
			if leads {
				term, cancel := context.WithCancel(ctx)
				revoke = cancel
				work.Go(func() { m.lead(term) })
			}
			m.logger.Info("leadership", zap.Bool("leads", leads), zap.Uint64("term", m.raft.CurrentTerm()))
		case <-ctx.Done():
			revoke()
			work.Wait()
			return
		}
	}
}

// lead does one term's leader-only work. It begins once this node has applied
// everything that earlier leaders committed.
func (m *member) lead(ctx context.Context) {
	for {
		_, err := m.barrier()
		if err == nil {
			break
		}
		m.logger.Debug("leadership is not established yet", zap.Error(err))
		if !m.pause(ctx, ctx) {
			return
		}
	}
	var work sync.WaitGroup
	work.Go(func() { m.every(ctx, reconcileInterval, m.reconcile, "putting the members right", m.reconcileMembers) })
	work.Go(func() { m.every(ctx, promoteInterval, nil, "promoting a non-voter", m.promote) })
	checkpoints := &checkpointer{member: m}
	work.Go(func() { m.every(ctx, m.cfg.CheckpointInterval, nil, "comparing the nodes' states", checkpoints.check) })
	work.Go(func() { m.leases.Run(ctx) })
	work.Go(func() { m.steering.lead(ctx) })
	work.Wait()
}

// every does a piece of work now, whenever poked, and at every interval until
// ctx ends. Its failure is logged: the next round tries again.
func (m *member) every(ctx context.Context, interval time.Duration, poked <-chan struct{}, what string, work func(context.Context) error) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		if err := work(ctx); err != nil && ctx.Err() == nil {
			m.logger.Warn(what, zap.Error(err))
		}
		select {
		case <-ticker.C:
		case <-poked:
		case <-ctx.Done():
			return
		}
	}
}

// reconcileMembers makes Raft's configuration and the known nodes agree with
// what was decided and announced: it finishes removals that were interrupted,
// and makes announced addresses known.
func (m *member) reconcileMembers(ctx context.Context) error {
	m.membership.Lock()
	defer m.membership.Unlock()
	var errs []error
	for _, s := range m.servers() {
		if err := m.reconcileMember(ctx, s); err != nil {
			errs = append(errs, fmt.Errorf("node %s: %w", s.ID, err))
		}
	}
	return errors.Join(errs...)
}

func (m *member) reconcileMember(ctx context.Context, s raft.Server) error {
	id := string(s.ID)
	known, ok := m.machine.Node(id)
	// Nodes are made known before they are added, and unknown before they are
	// taken away.
	switch {
	case !ok && id != m.id:
		return raftError(m.raft.RemoveServer(s.ID, 0, configTimeout).Error())
	case !ok && m.otherVoters() > 0:
		return m.transferLeadership(ctx) // so that the next leader takes this node away
	}
	announced, heard := m.book.announced(id)
	known.Number = 0 // not the node's to announce
	if !heard || announced == known {
		return nil
	}
	m.logger.Info("what is known of a member changes", zap.String("member", id), zap.String("was", known.Cluster), zap.String("is", announced.Cluster))
	return m.setNode(ctx, announced)
}

func (m *member) setNode(ctx context.Context, info fsm.NodeInfo) error {
	command, err := fsm.SetNode{NodeInfo: info}.Encode()
	if err != nil {
		return err
	}
	if command, err = m.attribute(ctx, command); err != nil {
		return err
	}
	_, result, err := m.apply(command)
	if err != nil {
		return err
	}
	return result.Err
}

// promote gives non-voters that have caught up their vote.
func (m *member) promote(ctx context.Context) error {
	var errs []error
	for _, s := range m.servers() {
		if s.Suffrage != raft.Nonvoter || ctx.Err() != nil {
			continue
		}
		if err := m.promoteOne(ctx, string(s.ID)); err != nil {
			errs = append(errs, fmt.Errorf("node %s: %w", s.ID, err))
		}
	}
	return errors.Join(errs...)
}

func (m *member) promoteOne(ctx context.Context, id string) error {
	if m.ping(ctx, id) != nil {
		return nil // not there; asking costs no log entry
	}
	index, err := m.barrier()
	if err != nil {
		return err
	}
	if p, err := m.progress(ctx, id, index, promoteWait); err != nil || p.GetAppliedIndex() < index {
		m.logger.Debug("non-voter has not caught up", zap.String("member", id), zap.Uint64("applied", p.GetAppliedIndex()), zap.Uint64("barrier", index), zap.Error(err))
		return nil
	}
	m.membership.Lock()
	defer m.membership.Unlock()
	s, ok := m.server(id)
	if !ok || s.Suffrage != raft.Nonvoter || ctx.Err() != nil {
		return nil // removed meanwhile
	}
	if err := m.raft.AddVoter(s.ID, s.Address, 0, configTimeout).Error(); err != nil {
		return raftError(err)
	}
	m.logger.Info("member votes now", zap.String("member", id))
	return nil
}

// ping asks a member for a sign of life.
func (m *member) ping(ctx context.Context, id string) error {
	_, err := m.progress(ctx, id, 0, 0)
	return err
}

// progress has a member wait until it has applied index, and returns how far it
// has come.
func (m *member) progress(ctx context.Context, id string, index uint64, wait time.Duration) (*clusterpb.ProgressResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, wait+pingTimeout)
	defer cancel()
	ctx, client, err := m.peer(ctx, id)
	if err != nil {
		return nil, err
	}
	resp, err := client.Progress(ctx, &clusterpb.ProgressRequest{Index: index, WaitMs: uint32(wait.Milliseconds())})
	return resp, fromStatus(err)
}
