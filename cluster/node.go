package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/raft"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
	"github.com/mysqlda/mysqlda/cluster/lease"
	"github.com/mysqlda/mysqlda/cluster/storage"
	"github.com/mysqlda/mysqlda/cluster/transport"
	"github.com/mysqlda/mysqlda/fsm"
)

// Node is one process's part in a cluster. It implements the data path's
// Directory. All methods may be called from any goroutine.
type Node struct {
	id        string
	cfg       Config
	logger    *zap.Logger
	dir       *storage.Dir
	machine   *fsm.Machine
	replica   *replica
	lease     *lease.Keeper
	health    *healthBoard
	greetings *greetingBoard
	mux       *transport.Mux
	server    *grpc.Server
	serving   sync.WaitGroup

	lookups  lookups
	member   atomic.Pointer[member]   // nil while lonely
	killer   atomic.Pointer[killFunc] // nil until OnKill
	dataPath atomic.Pointer[DataPath] // nil until OnDataPath

	readyOnce sync.Once
	ready     chan struct{}
	fatalOnce sync.Once
	failed    atomic.Bool // something was sent to fatal
	fatal     chan error

	superseded atomic.Bool // this start does not count, see ErrSuperseded

	closeOnce sync.Once
	closeErr  error
	closing   context.Context // ends when Close begins or the node cannot go on
	cancel    context.CancelFunc

	// mu serialises what changes the node's form: bootstrap, join, leave, close.
	mu       sync.Mutex
	identity identity
	closed   bool
}

// Open opens the data directory and starts to listen. If the directory belongs
// to a cluster the node goes on as its member; it need not wait for the others.
// The context bounds Open alone.
func Open(ctx context.Context, cfg Config) (*Node, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	n := &Node{
		cfg:       cfg,
		machine:   fsm.New(),
		greetings: newGreetingBoard(cfg.GreetingInterval),
		ready:     make(chan struct{}),
		fatal:     make(chan error, 1),
	}
	n.closing, n.cancel = context.WithCancel(context.Background())
	n.replica = &replica{machine: n.machine, nodesChanged: n.nodesChanged, fatal: n.fail}
	n.replica.lost.note() // whatever was lost before
	if err := n.open(ctx); err != nil {
		return nil, errors.Join(err, n.stop())
	}
	return n, nil
}

// open does the steps of Open; stop undoes those that were done.
func (n *Node) open(ctx context.Context) error {
	var err error
	if n.dir, err = storage.OpenDir(n.cfg.DataDir); err != nil {
		return err
	}
	if n.identity, err = loadIdentity(n.dir.Path(), n.cfg.NodeID); err != nil {
		return err
	}
	n.id = n.identity.NodeID
	n.logger = n.cfg.Logger.With(zap.String("node", n.id))
	if err := n.checkLog(); err != nil {
		return err
	}
	if err := n.checkCertificate(); err != nil {
		return err
	}
	n.identity.Starts++
	if err := n.identity.save(n.dir.Path()); err != nil {
		return err
	}
	n.lease, err = lease.NewKeeper(lease.Config{
		Node: n.id, Starts: n.identity.Starts, Machine: n.machine,
		Logger: n.logger, Registerer: n.cfg.Registerer, Clock: n.cfg.clock,
	})
	if err != nil {
		return err
	}
	n.replica.lease = n.lease
	n.health = newHealthBoard(n.id, n.identity.Starts, n.objectsAt)
	n.mux, err = transport.Listen(ctx, transport.Config{
		Address:    n.cfg.Listen,
		Inherited:  n.cfg.Inherited,
		NodeID:     n.id,
		Logger:     n.logger,
		Registerer: n.cfg.Registerer,
		Security:   n.cfg.Security,
		Removed:    n.machine.Removed,
	})
	if err != nil {
		return err
	}
	if n.identity.Phase != phaseLonely {
		if err := n.startMember(nil); err != nil {
			return err
		}
	}
	if n.identity.Phase == phaseJoining { // now it has a log
		if err := n.setPhase(phaseMember); err != nil {
			return err
		}
	}
	n.server = transport.NewServer(n.checkCall)
	clusterpb.RegisterClusterServer(n.server, &service{node: n})
	n.serving.Go(func() {
		if err := n.server.Serve(n.mux.Listener(transport.RPC)); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			n.fail(fmt.Errorf("serving other nodes: %w", err))
		}
	})
	n.logger.Info("node open", zap.String("phase", string(n.identity.Phase)), zap.String("cluster", n.identity.ClusterID), zap.Stringer("listen", n.mux.Addr()))
	return nil
}

// checkLog refuses a member's directory whose log is gone: starting afresh under
// the same id would break promises that the node made as a voter.
func (n *Node) checkLog() error {
	if n.identity.Phase != phaseMember {
		return nil
	}
	exists, err := storage.HasLog(n.dir.Path())
	if err == nil && !exists {
		err = fmt.Errorf("%w: remove node %q from its cluster and let it join with an empty directory and another node id", storage.ErrDataLost, n.id)
	}
	if err != nil {
		return fmt.Errorf("data directory %s: %w", n.dir.Path(), err)
	}
	return nil
}

// setPhase makes a new phase durable. n.mu is held.
func (n *Node) setPhase(p phase) error {
	next := n.identity
	next.Phase = p
	if err := next.save(n.dir.Path()); err != nil {
		return err
	}
	n.identity = next
	return nil
}

// forgetStart takes back the counting of this start: the next one must not look
// newer than the process that has the better claim to the node id.
func (n *Node) forgetStart() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.identity.Starts--
	return n.identity.save(n.dir.Path())
}

// ID returns the node id.
func (n *Node) ID() string { return n.id }

// ClusterID returns the id of the node's cluster, or "" while it is lonely.
func (n *Node) ClusterID() string {
	if m := n.member.Load(); m != nil {
		return m.clusterID.String()
	}
	return ""
}

// Addr returns the internode address that the node listens on.
func (n *Node) Addr() string { return n.mux.Addr().String() }

// Ready returns a channel that is closed once this node has applied everything
// that was committed before it asked a leader, so that what it answers is not
// older than its start. It stays closed.
func (n *Node) Ready() <-chan struct{} { return n.ready }

// IsReady reports whether Ready is closed.
func (n *Node) IsReady() bool {
	select {
	case <-n.ready:
		return true
	default:
		return false
	}
}

// Fatal gives at most one error, after which this node must be closed and its
// process ended: its state differs from the cluster's, it cannot write its log,
// or it was removed.
func (n *Node) Fatal() <-chan error { return n.fatal }

func (n *Node) fail(err error) {
	n.fatalOnce.Do(func() {
		n.failed.Store(true)
		n.cancel() // who waits for a decision shall ask another node
		n.fatal <- err
	})
}

func (n *Node) markReady() {
	n.readyOnce.Do(func() {
		n.lease.Serve()
		close(n.ready)
	})
}

// current returns the member, or ErrNotMember.
func (n *Node) current() (*member, error) {
	if m := n.member.Load(); m != nil {
		return m, nil
	}
	return nil, ErrNotMember
}

// scoped ends ctx also when the node is closed or cannot go on.
func (n *Node) scoped(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(n.closing, func() { cancel(ErrClosed) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

func (n *Node) nodesChanged() {
	if m := n.member.Load(); m != nil {
		m.pokeReconcile()
		n.mux.DropRemoved()
	}
}

// Close hands leadership over, tells the others, and stops. The context bounds
// the polite part; everything is stopped when Close returns. The exception is an
// error that says that a write to the log hangs: then the process has to end.
func (n *Node) Close(ctx context.Context) error {
	n.closeOnce.Do(func() {
		n.cancel()
		if m := n.member.Load(); m != nil {
			if !n.failed.Load() { // what has failed leads nobody
				m.handOver(ctx)
			}
			m.gossip.leave(ctx)
		}
		n.closeErr = n.stop()
	})
	return n.closeErr
}

// stop ends everything at once, in the reverse order of open.
func (n *Node) stop() error {
	n.cancel()
	n.mu.Lock()
	n.closed = true
	n.mu.Unlock()
	var errs []error
	if m := n.member.Load(); m != nil {
		err := m.stop()
		if errors.Is(err, errHung) {
			// Calls that wait for the log would be waited for, and the directory
			// stays locked: the write may still be carried out.
			return errors.Join(err, n.mux.Close())
		}
		errs = append(errs, err)
	}
	if n.server != nil {
		n.server.Stop()
	}
	n.serving.Wait()
	if n.mux != nil {
		errs = append(errs, n.mux.Close())
	}
	n.replica.watch.close()
	if n.lease != nil {
		n.lease.Close()
	}
	if n.superseded.Load() {
		errs = append(errs, n.forgetStart())
	}
	if n.dir != nil {
		errs = append(errs, n.dir.Close())
	}
	return errors.Join(errs...)
}

// handOver gives leadership to another voter, if this node leads and one is
// alive. A failure is no reason not to stop.
func (m *member) handOver(ctx context.Context) {
	if !m.leads() || !slices.ContainsFunc(m.servers(), m.mayLead) {
		return
	}
	if err := m.transferLeadership(ctx); err != nil {
		m.logger.Warn("leadership was not handed over before closing", zap.Error(err))
	}
}

// transferLeadership hands over to the voter that Raft sees furthest, which may
// have just gone, and then to the others that gossip sees alive.
func (m *member) transferLeadership(ctx context.Context) error {
	err := await(ctx, m.raft.LeadershipTransfer())
	for _, s := range m.servers() {
		if err == nil || ctx.Err() != nil || !m.leads() {
			break
		}
		if m.mayLead(s) {
			err = await(ctx, m.raft.LeadershipTransferToServer(s.ID, s.Address))
		}
	}
	return err
}

// mayLead reports whether a server is another voter that gossip sees alive.
func (m *member) mayLead(s raft.Server) bool {
	return s.Suffrage == raft.Voter && string(s.ID) != m.id && m.gossip.isAlive(string(s.ID))
}

// await waits for a future that Raft may never answer when a shutdown overtakes
// it, or until ctx ends.
func await(ctx context.Context, future raft.Future) error {
	done := make(chan error, 1)
	go func() { done <- future.Error() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (m *member) otherVoters() int {
	others := 0
	for _, s := range m.servers() {
		if s.Suffrage == raft.Voter && string(s.ID) != m.id {
			others++
		}
	}
	return others
}
