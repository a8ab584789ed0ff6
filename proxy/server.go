package proxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/proxy/backend"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// Defaults of a Config.
const (
	DefaultMaxSessions      = 10_000
	DefaultHandshakeTimeout = 10 * time.Second
	DefaultAcquireTimeout   = 10 * time.Second
	// DefaultServerVersion is what the greeting says. "5.5.5-" is how MariaDB 10
	// and later present themselves to clients that expect one digit.
	DefaultServerVersion = "5.5.5-10.11.0-MariaDB-mysqlda"
	// DefaultCollation is utf8mb4_general_ci, known to all servers.
	DefaultCollation = 45
)

// Config says how a Server works. Zero values mean the defaults above.
type Config struct {
	Directory  Directory             // required
	Backends   *backend.Manager      // required
	Logger     *zap.Logger           // required
	Registerer prometheus.Registerer // required

	// Reports are what SHOW MYSQLDA shows besides the reports that the proxy
	// makes itself, by their names in capitals.
	Reports map[string]Reporter

	MaxSessions      int
	HandshakeTimeout time.Duration // for a client to log in
	AcquireTimeout   time.Duration // for a statement to wait for a backend connection
	ServerVersion    string
	Collation        uint8
}

func (c Config) withDefaults() (Config, error) {
	if c.Directory == nil || c.Backends == nil || c.Logger == nil || c.Registerer == nil {
		return c, errors.New("proxy: Directory, Backends, Logger and Registerer are required")
	}
	c.MaxSessions = cmp.Or(c.MaxSessions, DefaultMaxSessions)
	c.HandshakeTimeout = cmp.Or(c.HandshakeTimeout, DefaultHandshakeTimeout)
	c.AcquireTimeout = cmp.Or(c.AcquireTimeout, DefaultAcquireTimeout)
	c.ServerVersion = cmp.Or(c.ServerVersion, DefaultServerVersion)
	c.Collation = cmp.Or(c.Collation, DefaultCollation)
	return c, nil
}

// Server accepts MySQL clients and runs their sessions.
// All methods may be called from any goroutine.
type Server struct {
	cfg     Config
	log     *zap.Logger
	metrics *metrics
	reports map[string]Reporter

	ctx    context.Context // ends when sessions are cut off
	cancel context.CancelFunc

	ready    atomic.Bool
	draining atomic.Bool

	mu        sync.Mutex
	listeners map[net.Listener]struct{} // guarded by mu
	sessions  map[uint32]*session       // guarded by mu
	lastID    uint32                    // guarded by mu
	running   sync.WaitGroup            // sessions; added to under mu while not draining
}

// New makes a Server that refuses clients until SetReady(true).
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	server := &Server{
		cfg:       cfg,
		log:       cfg.Logger,
		listeners: make(map[net.Listener]struct{}),
		sessions:  make(map[uint32]*session),
	}
	server.lastID = firstID + rand.N(uint32(idSpread))
	server.ctx, server.cancel = context.WithCancel(context.Background())
	server.reports = map[string]Reporter{
		"LIBRARIES": server.librariesReport,
		"SESSIONS":  server.sessionsReport,
		"POOLS":     server.poolsReport,
		"SETTINGS":  server.settingsReport,
	}
	for name, reporter := range cfg.Reports {
		server.reports[name] = reporter
	}
	if server.metrics, err = newMetrics(cfg.Registerer, server.countSessions); err != nil {
		return nil, fmt.Errorf("registering metrics: %w", err)
	}
	return server, nil
}

// SetReady says whether clients are served. While they are not, each gets an
// error that names the reason, and is disconnected.
func (server *Server) SetReady(ready bool) { server.ready.Store(ready) }

// Bounds of the pause after a failed accept, as when descriptors run out.
const (
	minAcceptPause = 5 * time.Millisecond
	maxAcceptPause = time.Second
)

// Serve accepts clients until Shutdown; it then returns nil. It closes l.
func (server *Server) Serve(l net.Listener) error {
	server.mu.Lock()
	if server.draining.Load() {
		server.mu.Unlock()
		return l.Close()
	}
	server.listeners[l] = struct{}{}
	server.mu.Unlock()

	pause := minAcceptPause
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			pause = minAcceptPause
			server.admit(conn)
		case server.draining.Load():
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accepting clients: %w", err)
		default:
			server.log.Warn("accepting a client failed", zap.Error(err), zap.Duration("pause", pause))
			select {
			case <-time.After(pause):
			case <-server.ctx.Done():
				return nil
			}
			pause = min(2*pause, maxAcceptPause)
		}
	}
}

// admit starts a session for the client or tells it why there is none.
func (server *Server) admit(conn net.Conn) {
	server.mu.Lock()
	var refusal *clientError
	switch {
	case server.draining.Load():
		refusal = kindShutdown.with()
	case !server.ready.Load():
		refusal = kindNotReady.with()
	case len(server.sessions) >= server.cfg.MaxSessions:
		refusal = kindTooManySessions.with(server.cfg.MaxSessions)
	}
	if refusal != nil {
		server.mu.Unlock()
		server.turnAway(conn, refusal)
		return
	}
	s := newSession(server, server.nextID(), conn)
	server.sessions[s.id] = s
	server.running.Add(1)
	server.mu.Unlock()
	server.metrics.opened.Inc()

	go func() {
		defer server.running.Done()
		defer server.remove(s)
		s.run()
	}()
}

// Connection ids are in the upper half of what the greeting can hold, where no
// server's thread ids are, and each node begins somewhere else: a KILL with the
// id of a server's thread, or through another node, finds nobody rather than a
// stranger.
const (
	firstID  = 1 << 31
	idSpread = 1 << 30
)

// nextID returns a connection id that no session has. mu must be held.
func (server *Server) nextID() uint32 {
	for {
		server.lastID = max(server.lastID+1, firstID)
		if _, taken := server.sessions[server.lastID]; !taken {
			return server.lastID
		}
	}
}

// turnAway sends an ERR instead of the greeting. It fits into the socket's
// buffer, so writing does not wait.
func (server *Server) turnAway(conn net.Conn, refusal *clientError) {
	server.metrics.errors.WithLabelValues(fmt.Sprint(refusal.code)).Inc()
	_, err := conn.Write(wire.AppendErr(nil, 0, refusal.code, refusal.state, refusal.text))
	if err := errors.Join(err, conn.Close()); err != nil {
		server.log.Debug("turning a client away", zap.Error(err))
	}
}

func (server *Server) remove(s *session) {
	server.mu.Lock()
	defer server.mu.Unlock()
	delete(server.sessions, s.id)
}

func (server *Server) session(id uint32) *session {
	server.mu.Lock()
	defer server.mu.Unlock()
	return server.sessions[id]
}

func (server *Server) countSessions() float64 {
	server.mu.Lock()
	defer server.mu.Unlock()
	return float64(len(server.sessions))
}

// Sessions describes the sessions of this node in the order of their ids.
func (server *Server) Sessions() []SessionInfo {
	server.mu.Lock()
	all := make([]*session, 0, len(server.sessions))
	for _, s := range server.sessions {
		all = append(all, s)
	}
	server.mu.Unlock()

	infos := make([]SessionInfo, len(all))
	for i, s := range all {
		s.mu.Lock()
		infos[i] = s.info
		s.mu.Unlock()
	}
	slices.SortFunc(infos, func(a, b SessionInfo) int { return cmp.Compare(a.ID, b.ID) })
	return infos
}

// Shutdown stops accepting clients, ends idle sessions, and waits until running
// statements and open transactions have ended. When ctx ends first, the
// remaining sessions are cut off and the context's error is returned. All
// sessions have ended when it returns.
func (server *Server) Shutdown(ctx context.Context) error {
	server.mu.Lock()
	server.draining.Store(true)
	var closeErrs []error
	for l := range server.listeners {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			closeErrs = append(closeErrs, err)
		}
	}
	for _, s := range server.sessions {
		s.wake()
	}
	server.mu.Unlock()

	done := make(chan struct{})
	go func() {
		server.running.Wait()
		close(done)
	}()
	var err error
	select {
	case <-done:
	case <-ctx.Done():
		err = fmt.Errorf("sessions were cut off: %w", context.Cause(ctx))
		server.cancel()
		server.mu.Lock()
		for _, s := range server.sessions {
			s.cut()
		}
		server.mu.Unlock()
		<-done
	}
	server.cancel()
	return errors.Join(append(closeErrs, err)...)
}
