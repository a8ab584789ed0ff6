package cluster

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/cluster/lease"
	"github.com/mysqlda/mysqlda/cluster/storage"
	"github.com/mysqlda/mysqlda/cluster/transport"
	"github.com/mysqlda/mysqlda/fsm"
)

// notifyBacklog is how many changes of leadership may wait for the leader-only
// work to be started or stopped. Raft blocks beyond it.
const notifyBacklog = 32

// raftStopTimeout bounds the wait for Raft's goroutines to end. One of them may
// hang in a write to a disk that does not answer.
const raftStopTimeout = 5 * time.Second

// failedStopTimeout is the same once a read or a write has failed or hung: then
// nothing is gained by waiting, and the process shall end soon.
const failedStopTimeout = 500 * time.Millisecond

// member is everything that a node has only inside a cluster.
type member struct {
	node      *Node
	id        string
	clusterID transport.ClusterID
	cfg       Config
	logger    *zap.Logger
	machine   *fsm.Machine
	replica   *replica
	metrics   *memberMetrics

	book       *addressBook
	clients    *transport.Clients
	stores     *storage.Stores
	transport  *transport.RaftTransport
	raft       *raft.Raft
	leadership *leadership
	gossip     *gossip
	proposer   *batcher
	forwarder  *batcher
	imports    *importGate
	leases     *lease.Gatherer // of all nodes, on the leader
	steering   *steering

	basis basis // of balancing, on the leader

	notify    chan bool     // from Raft: this node leads, or leads no more
	reconcile chan struct{} // a token: the leader has something to put right
	meet      chan struct{} // a token: gossip has new addresses to try

	// membership serialises changes of the cluster's members on the leader.
	membership sync.Mutex
	leaving    atomic.Bool // this node asked to be removed

	seedsMu sync.Mutex
	seeds   []string

	hints dialHints // addresses to announce to

	ctx      context.Context // ends when the member is stopped
	cancel   context.CancelFunc
	wg       sync.WaitGroup
	stopOnce sync.Once
	stopErr  error
}

// startMember makes this node a member of its identity's cluster. What others
// said of the members is in heard. n.mu is held, or n is not shared yet.
func (n *Node) startMember(heard []record) error {
	clusterID, err := n.identity.cluster()
	if err != nil {
		return err
	}
	m := &member{
		node:      n,
		id:        n.id,
		clusterID: clusterID,
		cfg:       n.cfg,
		logger:    n.logger,
		machine:   n.machine,
		replica:   n.replica,
		book:      newAddressBook(n.machine),
		clients:   transport.NewClients(n.cfg.Security),
		imports:   newImportGate(),
		notify:    make(chan bool, notifyBacklog),
		reconcile: make(chan struct{}, 1),
		meet:      make(chan struct{}, 1),
	}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	m.proposer = newBatcher(fsm.MaxBatchItems, m.proposeBatch)
	m.forwarder = newBatcher(maxFrameItems, m.forwardBatch)
	m.leases = lease.NewGatherer(lease.GathererConfig{
		Interval: func() time.Duration { return lease.Interval(m.machine) }, Write: m.grantLeases, Logger: m.logger,
	})
	m.steering = newSteering(m)
	if err := m.book.load(n.dir.Path()); err != nil {
		m.logger.Warn("starting without remembered addresses", zap.Error(err))
	}
	for _, r := range heard {
		m.book.hear(r)
	}
	if err := m.book.save(n.dir.Path()); err != nil { // a crash must not lose the way to the others
		m.logger.Warn("addresses are not remembered", zap.Error(err))
	}
	if err := m.start(); err != nil {
		return errors.Join(err, m.stop())
	}
	n.member.Store(m)
	m.run()
	return nil
}

// start opens what a member consists of; stop undoes what was done.
func (m *member) start() error {
	n := m.node
	var err error
	if m.metrics, err = newMemberMetrics(n.cfg.Registerer, m); err != nil {
		return err
	}
	if m.gossip, err = openGossip(m); err != nil {
		return err
	}
	self, err := n.describe(m.gossip.listenAddr())
	if err != nil {
		return err
	}
	m.book.hear(self)
	raftLogger := newHclog(m.logger, "raft", newRaftVolume(func() bool { return m.ctx.Err() != nil || n.closing.Err() != nil }))
	if n.identity.Phase != phaseMember {
		if err := storage.DiscardUnusedLog(n.dir.Path(), n.identity.Phase == phaseBootstrapping); err != nil {
			return err
		}
	}
	m.stores, err = storage.OpenStores(n.dir.Path(), storage.Config{
		SnapshotMinBytes: m.cfg.Raft.SnapshotMinBytes,
		MaxWriteStall:    m.cfg.Raft.MaxWriteStall,
		Fatal:            m.logFailed,
		Logger:           m.logger,
		Disk:             m.cfg.Raft.logStore,
	})
	if err != nil {
		return err
	}
	m.transport = transport.NewRaftTransport(n.mux, m.clusterID, self.info.Cluster, m.locate, raftLogger)
	if err := m.startRaft(raftLogger, self); err != nil {
		return err
	}
	return m.gossip.start(self)
}

// logFailed ends this node because its log cannot be written or read. At once, so
// that a leader whose disk hangs sends no more heartbeats and another one is elected
// while this node is still being closed.
func (m *member) logFailed(err error) {
	m.node.fail(err)
	if err := m.transport.Interrupt(); err != nil {
		m.logger.Debug("interrupting Raft's connections", zap.Error(err))
	}
}

func (m *member) startRaft(logger *hclogAdapter, self record) error {
	conf := m.raftConfig(logger)
	r, err := m.newRaft(conf, raft.ServerAddress(self.info.Cluster))
	if failure := m.stores.Failure(); failure != nil { // Raft's own words say less
		err = failure
	} else if err != nil && m.replica.unrestored != nil {
		err = storage.Damaged(filepath.Join(m.node.dir.Path(), storage.SnapshotsDir), m.replica.unrestored)
	}
	if r != nil { // to be stopped, whatever happened
		m.raft = r
		logger.volume.listenTo(r)
		m.leadership = newLeadership(m.ctx, r)
	}
	if err != nil {
		return fmt.Errorf("starting Raft: %w", err)
	}
	return nil
}

// newRaft starts Raft, on a goroutine of its own because it panics of a log that
// cannot be read, and the stores end the goroutine of one that cannot be written.
func (m *member) newRaft(conf *raft.Config, self raft.ServerAddress) (r *raft.Raft, err error) {
	err = errors.New("it ended at once")
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("it cannot go on from what lies in %s: %v", m.node.dir.Path(), p)
			}
		}()
		r, err = m.bootstrapRaft(conf, self)
	}()
	<-done
	return r, err
}

func (m *member) bootstrapRaft(conf *raft.Config, self raft.ServerAddress) (*raft.Raft, error) {
	if m.node.identity.Phase == phaseBootstrapping {
		first := raft.Configuration{Servers: []raft.Server{{Suffrage: raft.Voter, ID: raft.ServerID(m.id), Address: self}}}
		err := raft.BootstrapCluster(conf, m.stores.Log, m.stores.Stable, m.stores.Snapshots, m.transport, first)
		if err != nil && !errors.Is(err, raft.ErrCantBootstrap) { // that: it was done before a crash
			return nil, fmt.Errorf("making a log for cluster %s: %w", m.clusterID, err)
		}
	}
	return raft.NewRaft(conf, m.replica, m.stores.Log, m.stores.Stable, m.stores.Snapshots, m.transport)
}

func (m *member) raftConfig(logger *hclogAdapter) *raft.Config {
	conf := raft.DefaultConfig()
	conf.LocalID = raft.ServerID(m.id)
	conf.HeartbeatTimeout = m.cfg.Raft.HeartbeatTimeout
	conf.ElectionTimeout = m.cfg.Raft.ElectionTimeout
	conf.LeaderLeaseTimeout = m.cfg.Raft.LeaderLeaseTimeout
	conf.CommitTimeout = m.cfg.Raft.CommitTimeout
	conf.SnapshotInterval = 24 * time.Hour // never: takeSnapshots does it
	conf.SnapshotThreshold = math.MaxUint64
	conf.TrailingLogs = 0         // the stores know what is still needed
	conf.ShutdownOnRemove = false // a removed node is told so, and closed by its owner
	conf.NoLegacyTelemetry = true
	conf.NotifyCh = m.notify
	conf.Logger = logger
	return conf
}

// run starts the member's goroutines.
func (m *member) run() {
	m.wg.Go(func() { m.leadership.follow(m.ctx) })
	for range entriesInFlight {
		m.wg.Go(func() { m.proposer.work(m.ctx) })
	}
	for range framesInFlight {
		m.wg.Go(func() { m.forwarder.work(m.ctx) })
	}
	m.wg.Go(func() { m.followOwnLeadership(m.ctx) })
	m.wg.Go(func() { m.announceLoop(m.ctx) })
	m.wg.Go(func() { m.recordGreetings(m.ctx) })
	m.wg.Go(func() { m.gossip.meetLoop(m.ctx) })
	m.wg.Go(func() { m.gossip.followKeys(m.ctx) })
	m.wg.Go(func() { m.becomeReady(m.ctx) })
	m.wg.Go(func() { m.node.lease.Run(m.ctx, leaders{m}) })
	m.wg.Go(func() { m.takeSnapshots(m.ctx) })
}

// stop ends the member at once and waits for its goroutines. After errHung some of
// them remain, and only the end of the process ends them.
func (m *member) stop() error {
	m.stopOnce.Do(func() { m.stopErr = m.stopAll() })
	return m.stopErr
}

func (m *member) stopAll() error {
	var errs []error
	m.cancel()
	if m.raft != nil {
		// Calls to nodes that do not answer are broken off first: Raft waits
		// for them.
		future := m.raft.Shutdown()
		errs = append(errs, m.transport.Interrupt())
		timeout := raftStopTimeout
		if m.stores.Failure() != nil {
			timeout = failedStopTimeout
		}
		ctx, cancel := context.WithTimeoutCause(context.Background(), timeout, errHung)
		defer cancel()
		if err := await(ctx, future); err != nil {
			return errors.Join(append(errs, err)...)
		}
	}
	if m.transport != nil {
		errs = append(errs, m.transport.Close())
	}
	m.proposer.close()
	m.forwarder.close()
	errs = append(errs, m.clients.Close())
	if m.gossip != nil {
		errs = append(errs, m.gossip.shutdown())
	}
	m.wg.Wait()
	if m.stores != nil {
		errs = append(errs, m.stores.Close())
	}
	if m.metrics != nil {
		m.metrics.unregister()
	}
	return errors.Join(errs...)
}

// errHung says that goroutines remain which cannot be ended.
var errHung = errors.New("a write to the log hangs, so this node can only be stopped by the end of its process")

// servers returns Raft's latest configuration.
func (m *member) servers() []raft.Server {
	return m.raft.GetConfiguration().Configuration().Servers
}

func (m *member) server(id string) (raft.Server, bool) {
	for _, s := range m.servers() {
		if string(s.ID) == id {
			return s, true
		}
	}
	return raft.Server{}, false
}

// isMember reports whether id belongs to the cluster as far as this node knows.
func (m *member) isMember(id string) bool {
	if _, ok := m.server(id); ok {
		return true
	}
	_, ok := m.machine.Node(id)
	return ok
}

// locate tells Raft's transport where a node is reached.
func (m *member) locate(id string) (string, bool) {
	info, ok := m.book.lookup(id)
	return info.Cluster, ok && info.Cluster != ""
}

func (m *member) pokeReconcile() { poke(m.reconcile) }

func poke(token chan struct{}) {
	select {
	case token <- struct{}{}:
	default:
	}
}

// becomeReady marks the node ready once it has applied a barrier of a current
// leader, the cluster has its settings, and it has given this node its number.
func (m *member) becomeReady(ctx context.Context) {
	said := ""
	for ctx.Err() == nil {
		_, reign := m.leadership.current()
		err := m.catchUp(ctx)
		if err == nil && m.machine.Settings() != nil && m.node.NodeNumber() != 0 {
			m.node.markReady()
			m.logger.Info("node ready", zap.Uint64("applied_index", m.machine.AppliedIndex()))
			return
		}
		if err != nil && err.Error() != said {
			said = err.Error()
			m.logger.Debug("not ready yet", zap.Error(err))
		}
		if !m.pause(ctx, reign) {
			return
		}
	}
}

// catchUp waits until this node has applied everything that was committed
// before the call.
func (m *member) catchUp(ctx context.Context) error {
	index, err := m.clusterBarrier(ctx)
	if err != nil {
		return err
	}
	return m.replica.applied.wait(ctx, index)
}

// clusterBarrier commits a barrier, whoever leads. It makes one attempt.
func (m *member) clusterBarrier(ctx context.Context) (uint64, error) {
	if m.leads() {
		return m.barrier()
	}
	leader, reign := m.leadership.current()
	if leader == "" || leader == m.id {
		return 0, errNotLeader
	}
	ctx, cancel := context.WithTimeout(ctx, forwardTimeout)
	defer cancel()
	defer context.AfterFunc(reign, cancel)()
	index, _, err := m.decideAt(ctx, leader, nil)
	return index, err
}
