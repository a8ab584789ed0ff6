package cluster

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"

	"github.com/mysqlda/mysqlda/cluster/failover"
	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
)

// steering is what changing active servers needs of this node while it leads. What
// it asks of this node itself does not go over the wire.
type steering struct {
	*member
	driver *failover.Driver
	term   atomic.Pointer[term] // nil unless this node leads
}

// term is one term of this node as leader.
type term struct {
	ctx    context.Context // ends with it
	number uint64          // Raft's
}

var _ failover.Cluster = (*steering)(nil)

func newSteering(m *member) *steering {
	s := &steering{member: m}
	s.driver = failover.New(failover.Config{
		Node: m.id, Logger: m.logger.Named("failover"), Registerer: m.cfg.Registerer,
	})
	return s
}

// lead changes active servers during one term.
func (s *steering) lead(ctx context.Context) {
	s.term.Store(&term{ctx: ctx, number: s.raft.CurrentTerm()})
	defer s.term.Store(nil)
	s.driver.Run(ctx, s)
}

// current returns the term, or errNotLeader when this node leads no more.
func (s *steering) current() (*term, error) {
	if t := s.term.Load(); t != nil && s.leads() {
		return t, nil
	}
	return nil, errNotLeader
}

// Libraries implements failover.Cluster.
func (s *steering) Libraries() *fsm.LibrarySet { return s.machine.Libraries() }

// Settings implements failover.Cluster.
func (s *steering) Settings() *fsm.Settings { return s.machine.Settings() }

// Changed implements failover.Cluster.
func (s *steering) Changed() <-chan fsm.Event {
	ctx := s.ctx
	if t := s.term.Load(); t != nil {
		ctx = t.ctx
	}
	return s.replica.watch.subscribe(ctx)
}

// Suspected implements failover.Cluster.
func (s *steering) Suspected() <-chan struct{} { return s.node.health.suspected }

// Sees implements failover.Cluster.
func (s *steering) Sees() map[string]bool {
	voters := s.Voters()
	return s.node.health.sees(func(id string) bool {
		return s.gossip.isAlive(id) && slices.Contains(voters, id)
	})
}

// Nodes implements failover.Cluster. A node that is not known gets no lease and is
// not made ready, whatever Raft's configuration says of it.
func (s *steering) Nodes() []string {
	var ids []string
	for _, info := range s.machine.Nodes() {
		ids = append(ids, info.ID)
	}
	slices.Sort(ids)
	return ids
}

// Voters implements failover.Cluster.
func (s *steering) Voters() []string {
	var ids []string
	for _, server := range s.servers() {
		if server.Suffrage == raft.Voter {
			ids = append(ids, string(server.ID))
		}
	}
	slices.Sort(ids)
	return ids
}

// NodeLostAt implements failover.Cluster.
func (s *steering) NodeLostAt() time.Time { return *s.replica.lost.at.Load() }

// Propose implements failover.Cluster.
func (s *steering) Propose(ctx context.Context, command failover.Command) (index uint64, err error) {
	if err := context.Cause(ctx); err != nil {
		return 0, err
	}
	entry, err := command.Encode()
	if err != nil {
		return 0, err
	}
	if entry, err = s.attribute(s.worthNoting(ctx, command), entry); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.ctx, func() { cancel(ErrClosed) })()
	index, result, err := s.applyUntil(ctx, entry)
	if err != nil {
		return 0, err
	}
	return index, result.Err
}

// Observe implements failover.Cluster.
func (s *steering) Observe(ctx context.Context, node string, servers []string, maxAge time.Duration) ([]topology.Observation, error) {
	return s.observe(ctx, node, servers, maxAge)
}

// Operate implements failover.Cluster.
func (s *steering) Operate(ctx context.Context, node string, op topology.Operation) (topology.Facts, error) {
	t, err := s.current()
	if err != nil {
		return topology.Facts{}, err
	}
	return s.operate(ctx, t.number, node, op)
}

// Applied implements failover.Cluster.
func (s *steering) Applied(ctx context.Context, node string, index uint64) error {
	if node == s.id {
		return s.replica.applied.wait(ctx, index)
	}
	for {
		wait := maxProgressWait
		if w := answering(ctx); w > 0 {
			wait = min(wait, w)
		}
		p, err := s.progress(ctx, node, index, wait)
		switch {
		case err != nil:
			return fmt.Errorf("asking node %s how far it is: %w", node, err)
		case p.GetAppliedIndex() >= index:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
	}
}

// Release implements failover.Cluster.
func (s *steering) Release(ctx context.Context, node string, library fsm.LibraryID, epoch, index uint64) error {
	if err := s.release(ctx, node, library, epoch, index); err != nil {
		return fmt.Errorf("waiting for node %s to let go: %w", node, err)
	}
	return nil
}

// Drained implements failover.Cluster.
func (s *steering) Drained(ctx context.Context, node string, library fsm.LibraryID, epoch, index uint64) (open int, err error) {
	open, err = s.drained(ctx, node, library, epoch, index)
	if err != nil {
		return open, fmt.Errorf("waiting for the transactions of node %s: %w", node, err)
	}
	return open, nil
}
