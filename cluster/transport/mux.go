package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

const (
	// MaxConnections bounds the accepted connections of each service.
	MaxConnections = 512
	// MaxPending bounds the connections that have not sent their preamble yet;
	// the oldest is closed to make room for a new one.
	MaxPending = 128
	// PreambleTimeout is how long a connection may take to send its preamble.
	PreambleTimeout = 5 * time.Second

	acceptRetryDelay = 50 * time.Millisecond
)

// keepAlive finds peers that vanished without a word within half a minute.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 4}

// Config is what a Mux needs.
type Config struct {
	Address    string       // host:port to listen on; port 0 picks a free one
	Inherited  net.Listener // what to accept from instead of Address; nil: none. It is closed with the Mux
	NodeID     string       // Raft connections meant for another node are refused
	Logger     *zap.Logger
	Registerer prometheus.Registerer
	// Security says how connections are protected; nil: not at all.
	Security *Security
	// Removed reports whether the node of that id was removed from the cluster, as
	// far as is known; nil: none was. Its certificate is of no use then. It must not block.
	Removed func(id string) bool
}

// Mux is the internode port. It hands accepted connections to the listener of
// the service that their first byte names.
type Mux struct {
	nodeID   string
	logger   *zap.Logger
	warnings *zap.Logger // bounded: strangers can cause them
	security *Security
	removed  func(id string) bool

	tcp     net.Listener
	cluster atomic.Pointer[ClusterID]
	metrics *muxMetrics
	raft    *serviceListener
	rpc     *serviceListener

	closing chan struct{}
	once    sync.Once
	wg      sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	pending pendingSet
	open    map[*trackedConn]struct{}
	counts  map[Service]int
}

// Listen opens the internode port and starts to accept connections.
func Listen(ctx context.Context, cfg Config) (*Mux, error) {
	metrics, err := newMuxMetrics(cfg.Registerer)
	if err != nil {
		return nil, err
	}
	tcp := cfg.Inherited
	if tcp == nil {
		if tcp, err = (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Address); err != nil {
			metrics.unregister()
			return nil, fmt.Errorf("listening for other nodes on %s: %w", cfg.Address, err)
		}
	}
	m := &Mux{
		nodeID:   cfg.NodeID,
		logger:   cfg.Logger,
		warnings: bounded(cfg.Logger),
		security: cfg.Security,
		removed:  cfg.Removed,

		tcp:     tcp,
		metrics: metrics,
		closing: make(chan struct{}),
		open:    make(map[*trackedConn]struct{}),
		counts:  make(map[Service]int),
	}
	if m.removed == nil {
		m.removed = func(string) bool { return false }
	}
	m.raft = &serviceListener{mux: m, conns: make(chan net.Conn), closing: make(chan struct{})}
	m.rpc = &serviceListener{mux: m, conns: make(chan net.Conn), closing: make(chan struct{})}
	m.wg.Go(m.accept)
	return m, nil
}

// TCP is what the Mux accepts from. It must not be closed.
func (m *Mux) TCP() net.Listener { return m.tcp }

// Addr is the address that the port is open on.
func (m *Mux) Addr() net.Addr { return m.tcp.Addr() }

// Listener returns the listener of a service. It is the same one at each call.
func (m *Mux) Listener(s Service) net.Listener {
	if s == Raft {
		return m.raft
	}
	return m.rpc
}

// SetCluster lets Raft connections of that cluster in. Until it is called all
// of them are refused.
func (m *Mux) SetCluster(id ClusterID) { m.cluster.Store(&id) }

// Close stops listening, closes every connection and waits for the Mux's own
// goroutines. It may be called more than once.
func (m *Mux) Close() error {
	var err error
	m.once.Do(func() {
		close(m.closing)
		err = m.tcp.Close()
		m.mu.Lock()
		m.closed = true
		m.pending.closeAll()
		open := make([]*trackedConn, 0, len(m.open))
		for c := range m.open {
			open = append(open, c)
		}
		m.mu.Unlock()
		for _, c := range open {
			c.Close() //nolint:errcheck // nobody is left to tell
		}
	})
	m.wg.Wait()
	m.metrics.unregister()
	return err
}

func (m *Mux) accept() {
	for {
		conn, err := m.tcp.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			// Out of file descriptors, mostly: wait for some to come back.
			m.logger.Warn("accepting a connection of another node", zap.Error(err))
			select {
			case <-time.After(acceptRetryDelay):
				continue
			case <-m.closing:
				return
			}
		}
		m.keepAlive(conn)
		m.mu.Lock()
		if m.closed {
			m.mu.Unlock()
			conn.Close() //nolint:errcheck // nobody is left to tell
			return
		}
		if oldest := m.pending.add(conn); oldest != nil {
			oldest.Close() //nolint:errcheck // it never said who it was
			m.metrics.refused.WithLabelValues("pending_full").Inc()
		}
		m.mu.Unlock()
		m.wg.Go(func() { m.greet(conn) })
	}
}

// keepAlive is set for each connection, because a listener that was inherited does not.
func (m *Mux) keepAlive(conn net.Conn) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return
	}
	if err := tcp.SetKeepAliveConfig(keepAlive); err != nil {
		m.logger.Debug("a connection of another node may outlive it", zap.Error(err))
	}
}

func (m *Mux) check(p preamble, peer string) error {
	if p.service != Raft {
		return nil // each call is looked at; a removed node is told so
	}
	if peer != "" && m.removed(peer) {
		return fmt.Errorf("%w: %s", errRemoved, peer)
	}
	cluster := m.cluster.Load()
	switch {
	case cluster == nil:
		return errNoCluster
	case p.cluster != *cluster:
		return errOtherCluster
	case p.target != m.nodeID:
		return errOtherNode
	default:
		return nil
	}
}

// serviceListener hands out the connections of one service.
type serviceListener struct {
	mux     *Mux
	conns   chan net.Conn
	closing chan struct{}
	once    sync.Once
}

var _ net.Listener = (*serviceListener)(nil)

// Accept waits for the next connection whose preamble was accepted.
func (l *serviceListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closing:
		return nil, net.ErrClosed
	case <-l.mux.closing:
		return nil, net.ErrClosed
	}
}

// Close makes Accept fail. The port stays open for the other service.
func (l *serviceListener) Close() error {
	l.once.Do(func() { close(l.closing) })
	return nil
}

// Addr is the address of the port.
func (l *serviceListener) Addr() net.Addr { return l.mux.Addr() }
