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

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/digests"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// Server accepts MySQL clients and runs their sessions.
// All methods may be called from any goroutine.
type Server struct {
	cfg     Config
	log     *zap.Logger
	metrics *metrics
	meters  *meters
	born    time.Time
	slow    *slowLog       // nil: there is none
	digests *digests.Table // nil: there is none
	texts   sync.Pool      // of *textRoom
	reports map[string]func(viewer) Report

	ctx    context.Context // ends when sessions are cut off
	cancel context.CancelFunc

	passwordKey wire.PasswordKey
	account     atomic.Pointer[accountVerifier] // nil before it was needed
	recheck     chan struct{}                   // buffered: users were changed
	checked     *fsm.UserSet                    // the users at the last look; belongs to watch
	offer       atomic.Pointer[offer]           // nil before the node was ready

	ready atomic.Bool
	stage atomic.Uint32 // see stageServing
	leave departures    // of sessions that the next process goes on with

	mu        sync.Mutex
	listeners map[net.Listener]struct{} // guarded by mu
	sessions  map[uint32]*session       // guarded by mu
	lastID    uint32                    // guarded by mu
	perUser   map[string]int            // sessions; guarded by mu
	// perLibrary counts sessions while there is a limit to them; guarded by mu.
	perLibrary map[fsm.LibraryID]int
	running    sync.WaitGroup // sessions, added to under mu while not draining
	accepting  sync.WaitGroup // Serve, added to under mu while not draining

	watching sync.WaitGroup // watch
}

// New makes a Server that refuses clients until SetReady(true).
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	server := &Server{
		cfg:        cfg,
		log:        cfg.Logger,
		born:       time.Now(),
		slow:       newSlowLog(cfg.Logger.Named("slow"), cfg.SlowStatement),
		meters:     newMeters(cfg.Directory.Libraries),
		listeners:  make(map[net.Listener]struct{}),
		sessions:   make(map[uint32]*session),
		perUser:    make(map[string]int),
		perLibrary: make(map[fsm.LibraryID]int),
		recheck:    make(chan struct{}, 1),
		checked:    cfg.Directory.Users(),
	}
	// A restarted node begins somewhere else, so that an old id finds nobody.
	server.lastID = rand.Uint32()
	server.ctx, server.cancel = context.WithCancel(context.Background())
	server.reports = map[string]func(viewer) Report{
		"LIBRARIES": forEverybody(server.librariesReport),
		"SESSIONS":  server.sessionsReport,
		"USERS":     server.usersReport,
		"POOLS":     forEverybody(server.poolsReport),
		"SETTINGS":  forEverybody(server.settingsReport),
	}
	server.texts.New = func() any { return new(textRoom) }
	if cfg.StatementDigests > 0 {
		server.digests = digests.New(cfg.StatementDigests)
		server.reports["STATEMENTS"] = forEverybody(server.statementsReport)
		if err := registerDigests(cfg.Registerer, server.digests); err != nil {
			return nil, fmt.Errorf("registering metrics: %w", err)
		}
	}
	for name, reporter := range cfg.Reports {
		server.reports[name] = forEverybody(reporter)
	}
	if server.metrics, err = newMetrics(cfg.Registerer, server.countSessions, server.meters, newSessionStates(server)); err != nil {
		return nil, fmt.Errorf("registering metrics: %w", err)
	}
	server.watching.Go(server.watch)
	return server, nil
}

// SetReady says whether clients are served. While they are not, each gets an
// error that names the reason, and is disconnected.
func (server *Server) SetReady(ready bool) {
	if ready {
		server.updateOffer()
	}
	server.ready.Store(ready)
}

// Ready says whether clients are served.
func (server *Server) Ready() bool { return server.ready.Load() }

// Bounds of the pause after a failed accept, as when descriptors run out.
const (
	minAcceptPause = 5 * time.Millisecond
	maxAcceptPause = time.Second
)

// Serve accepts clients until Shutdown; it then returns nil. It closes l.
func (server *Server) Serve(l net.Listener) error {
	server.mu.Lock()
	if server.draining() {
		server.mu.Unlock()
		return l.Close()
	}
	server.listeners[l] = struct{}{}
	server.accepting.Add(1)
	server.mu.Unlock()
	defer server.accepting.Done()

	pause := minAcceptPause
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			pause = minAcceptPause
			server.admit(conn)
		case server.draining():
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
	all := server.appendSessions(nil)
	infos := make([]SessionInfo, len(all))
	for i, s := range all {
		infos[i] = s.describe()
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
	server.stage.Store(stageStopping)
	closeErr := server.closeListeners()
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
	server.watching.Wait()
	return errors.Join(closeErr, err)
}

// closeListeners ends all Serve. server.mu must be held.
func (server *Server) closeListeners() error {
	var errs []error
	for l := range server.listeners {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
