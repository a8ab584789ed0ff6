package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/peer"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
	"github.com/mysqlda/mysqlda/cluster/transport"
)

const (
	// announceTimeout bounds telling one node.
	announceTimeout = 2 * time.Second
	// maxSeeds bounds the addresses outside of the address book that are told.
	maxSeeds = 16
)

// announceLoop keeps telling the other members where this node is reached, and
// learns where they are. It is how nodes find each other again after any of them
// came back on other addresses.
func (m *member) announceLoop(ctx context.Context) {
	ticker := time.NewTicker(m.cfg.AnnounceInterval)
	defer ticker.Stop()
	for {
		m.announceRound(ctx)
		m.prune()
		if err := m.book.save(m.node.dir.Path()); err != nil {
			m.logger.Warn("addresses are not remembered", zap.Error(err))
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// announceRound tells every known address once, those that it learns on the way
// included.
func (m *member) announceRound(ctx context.Context) {
	told := make(map[string]bool)
	if self, ok := m.book.announced(m.id); ok {
		told[self.Cluster] = true
	}
	for ctx.Err() == nil {
		var round sync.WaitGroup
		for _, address := range m.announceTargets() {
			if told[address] {
				continue
			}
			told[address] = true
			round.Go(func() {
				err := m.announceTo(ctx, address)
				switch {
				case err == nil || ctx.Err() != nil:
				case errors.Is(err, ErrRemoved):
					if !m.leaving.Load() {
						m.node.fail(err)
					}
				case errors.Is(err, ErrSuperseded):
					m.node.superseded.Store(true)
					m.node.fail(err)
				case errors.Is(err, ErrOtherCluster):
					m.logger.Warn("an address that this node knows belongs to another cluster", zap.String("address", address), zap.Error(err))
				default:
					m.logger.Debug("address not announced", zap.String("address", address), zap.Error(err))
				}
			})
		}
		round.Wait()
		if !slices.ContainsFunc(m.announceTargets(), func(a string) bool { return !told[a] }) {
			return
		}
	}
}

// announceTargets are the internode addresses of all members that are known in
// any way, those that gossip names, and the seeds.
func (m *member) announceTargets() []string {
	var targets []string
	for _, r := range m.book.all() {
		targets = append(targets, r.info.Cluster)
	}
	for _, s := range m.servers() {
		if _, ok := m.book.lookup(string(s.ID)); !ok {
			targets = append(targets, string(s.Address))
		}
	}
	m.seedsMu.Lock()
	targets = append(targets, m.seeds...)
	m.seedsMu.Unlock()
	targets = append(targets, m.hints.addresses()...)
	slices.Sort(targets)
	return slices.DeleteFunc(slices.Compact(targets), func(a string) bool { return a == "" })
}

// announceTo tells one address. ErrRemoved says that this node was removed.
func (m *member) announceTo(ctx context.Context, address string) error {
	self, ok := m.book.record(m.id)
	if !ok {
		return fmt.Errorf("%w: this node's own addresses are missing", ErrUnknownNode)
	}
	ctx, cancel := context.WithTimeout(ctx, announceTimeout)
	defer cancel()
	ctx, client, err := m.dial(ctx, address)
	if err != nil {
		return err
	}
	var answering peer.Peer
	resp, err := client.Announce(ctx, &clusterpb.AnnounceRequest{Member: self.proto()}, grpc.Peer(&answering))
	// The address may be one that a stranger has named, and a node that was removed
	// still has its certificate: no word of it counts.
	if id := transport.NodeOf(&answering); m.machine.Removed(id) {
		return fmt.Errorf("node %s, which was removed from the cluster, answers at %s", id, address)
	}
	if err != nil {
		return fromStatus(err)
	}
	if resp.GetRemoved() {
		return fmt.Errorf("%w (says the leader at %s)", ErrRemoved, address)
	}
	for _, p := range resp.GetMembers() {
		r, err := recordFromProto(p)
		if err != nil {
			return fmt.Errorf("a member in the address book of %s: %w", address, err)
		}
		m.learn(r)
	}
	return nil
}

// learn takes in where another node says that a member is. Until this node is
// ready it may not know who the members are and believes it.
func (m *member) learn(r record) {
	if r.info.ID == m.id || m.node.IsReady() && !m.isMember(r.info.ID) {
		return
	}
	if m.book.hear(r) {
		poke(m.reconcile)
		poke(m.meet)
	}
}

// prune forgets what is of no use any more: nodes that are no members, and
// connections to addresses that nobody has.
func (m *member) prune() {
	if m.node.IsReady() {
		for _, r := range m.book.all() {
			if r.info.ID != m.id && !m.isMember(r.info.ID) {
				m.book.forget(r.info.ID)
			}
		}
		m.hints.retain(m.isMember)
	}
	targets := m.announceTargets()
	err := m.clients.Retain(func(address string) bool {
		_, found := slices.BinarySearch(targets, address)
		return found
	})
	if err != nil {
		m.logger.Debug("closing connections to old addresses", zap.Error(err))
	}
}

// addSeeds tells addresses that an operator named, now and from now on. It
// fails only if one of them belongs to another cluster.
func (m *member) addSeeds(ctx context.Context, addresses []string) error {
	m.seedsMu.Lock()
	for _, a := range addresses {
		if len(m.seeds) < maxSeeds && !slices.Contains(m.seeds, a) {
			m.seeds = append(m.seeds, a)
		}
	}
	m.seedsMu.Unlock()
	var errs []error
	for _, a := range addresses {
		err := m.announceTo(ctx, a)
		switch {
		case errors.Is(err, ErrOtherCluster), errors.Is(err, ErrRemoved), errors.Is(err, ErrSuperseded):
			errs = append(errs, fmt.Errorf("%s: %w", a, err))
		case err != nil:
			m.logger.Info("seed not reached", zap.String("address", a), zap.Error(err))
		}
	}
	return errors.Join(errs...)
}

// heardFrom takes in an announcement and reports whether the announcer was
// removed from the cluster. Only a leader that has just committed an entry can
// say so. The error wraps ErrSuperseded if the announcer must not go on.
func (m *member) heardFrom(ctx context.Context, r record) (removed bool, err error) {
	if m.isMember(r.info.ID) {
		if err := m.checkAnnouncer(ctx, r); err != nil {
			return false, err
		}
		m.learn(r)
		return false, nil
	}
	if !m.leads() {
		return false, nil
	}
	if _, err := m.barrier(); err != nil {
		return false, err
	}
	return !m.isMember(r.info.ID), nil
}

// checkAnnouncer refuses a process that lives under the id of another one: an
// old copy of a data directory that was put back has forgotten what its node
// once promised as a voter, and of two copies that run each forgets what the
// other promises. It is a net and no proof: who announces nothing is not seen.
func (m *member) checkAnnouncer(ctx context.Context, r record) error {
	id := r.info.ID
	last, known := m.book.record(id)
	switch {
	case !known:
		return nil
	case r.starts < last.starts, r.starts == last.starts && r.info != last.info:
		return fmt.Errorf("%w (node %s at %s is in its start number %d; number %d is known, at %s)", ErrSuperseded, id, r.info.Cluster, r.starts, last.starts, last.info.Cluster)
	case r.info.Cluster == last.info.Cluster:
		return nil
	}
	// It has moved, unless somebody lives where it was.
	old, err := m.progress(ctx, id, 0, 0)
	if err == nil && old.GetStarts() != r.starts { // it has two addresses if they are equal
		return fmt.Errorf("%w (node %s announces %s, but it also lives at %s)", ErrSuperseded, id, r.info.Cluster, last.info.Cluster)
	}
	return nil
}
