package admin

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"
	"golang.org/x/net/netutil"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/console"
)

// Bounds of what clients of the HTTP address can take up.
const (
	maxConnections    = 256
	maxHeaderBytes    = 16 << 10
	maxBodyBytes      = 1 << 20
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second
	idleTimeout       = 30 * time.Second
	// writeTimeout outlasts the slowest request, so that its answer gets through.
	writeTimeout = memberTimeout + 10*time.Second
)

// How long a request may take inside the node.
const (
	readRequestTimeout = 10 * time.Second
	changeTimeout      = 20 * time.Second
	joinTimeout        = 20 * time.Second
	memberTimeout      = 60 * time.Second // leave, remove
)

// Config is what a Server is made of.
type Config struct {
	Node    Node
	Life    Life // nil: the API has nothing about the process
	Metrics prometheus.Gatherer
	Logger  *zap.Logger
	Debug   bool            // profiles of the process are served, too
	Level   zap.AtomicLevel // of the node's log, which the API shows and changes
	Access  *Access         // nil: everybody who reaches the address may do everything
	TLS     *tls.Config     // nil: connections are in the clear
	// HostNames are those by which, besides IP addresses and localhost, the node may be
	// asked by anybody. They count where Access is nil.
	HostNames []string
	// Members is how other nodes' HTTP addresses are connected to. Requests there show
	// what whoever is asked on behalf of has shown.
	Members Credentials
}

// Server serves the HTTP address of one node.
type Server struct {
	node    Node
	members *http.Client // asks other nodes
	towards Credentials  // by which it connects
	life    Life
	logger  *zap.Logger
	level   zap.AtomicLevel
	http    *http.Server
	tls     *tls.Config   // nil: none
	backups chan struct{} // a place for each that is under way
	stall   time.Duration // how long a reader of a backup may take for one piece
}

// New makes a server that serves nothing yet.
func New(cfg Config) *Server {
	s := &Server{
		node: cfg.Node, life: cfg.Life, members: newMembersClient(cfg.Members), towards: cfg.Members, logger: cfg.Logger, level: cfg.Level, tls: cfg.TLS,
		backups: make(chan struct{}, maxBackups), stall: backupStall,
	}
	s.http = &http.Server{
		Handler:           s.guard(cfg.Access, cfg.HostNames, attributed(s.routes(cfg.Metrics, cfg.Debug))),
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          zap.NewStdLog(cfg.Logger.WithOptions(zap.IncreaseLevel(zap.WarnLevel))),
	}
	return s
}

// Serve answers until Shutdown; then it returns nil. It closes ln.
func (s *Server) Serve(ln net.Listener) error {
	limited := netutil.LimitListener(ln, maxConnections)
	if s.tls != nil {
		limited = tls.NewListener(limited, s.tls)
	}
	err := s.http.Serve(limited)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("http %s: %w", ln.Addr(), err)
}

// Shutdown takes no new requests and waits for those under way until ctx ends;
// then it cuts them off.
func (s *Server) Shutdown(ctx context.Context) error {
	if err := s.http.Shutdown(ctx); err != nil {
		return errors.Join(err, s.http.Close())
	}
	return nil
}

func (s *Server) routes(metrics prometheus.Gatherer, debug bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{
		ErrorLog: zap.NewStdLog(s.logger),
		Timeout:  readRequestTimeout,
	}))
	mux.HandleFunc("GET /api/v1/status", s.status)
	mux.HandleFunc("GET /api/v1/activity", s.activity)
	mux.HandleFunc("GET /api/v1/sessions", s.sessions)
	mux.HandleFunc("GET /api/v1/locate", s.locate)
	mux.HandleFunc("GET /api/v1/effective", s.effective)
	mux.HandleFunc("GET /api/v1/nodes/{id}/{page}", s.ofNode)
	mux.HandleFunc("GET /api/v1/backup", s.backup)
	mux.HandleFunc("POST /api/v1/libraries", s.changeLibraries)
	mux.HandleFunc("POST /api/v1/libraries/{library}/activate", s.activate)
	mux.HandleFunc("POST /api/v1/import", s.importRecords)
	mux.HandleFunc("POST /api/v1/settings", s.changeSettings)
	mux.HandleFunc("POST /api/v1/settings/compare", s.compareSettings)
	mux.HandleFunc("POST /api/v1/configuration", s.configure)
	mux.HandleFunc("GET /api/v1/audit", s.audit)
	mux.HandleFunc("GET /api/v1/log", s.showLogLevel)
	mux.HandleFunc("POST /api/v1/log", s.setLogLevel)
	mux.HandleFunc("GET /api/v1/statements", s.statements)
	mux.HandleFunc("DELETE /api/v1/statements", s.resetStatements)
	mux.HandleFunc("POST /api/v1/join", s.join)
	mux.HandleFunc("POST /api/v1/leave", s.leave)
	mux.HandleFunc("DELETE /api/v1/nodes/{id}", s.remove)
	s.userRoutes(mux)
	s.secretRoutes(mux)
	if s.life != nil {
		mux.HandleFunc("GET /api/v1/process", s.process)
		mux.HandleFunc("POST /api/v1/restart", s.restart)
	}
	if debug {
		mux.HandleFunc("GET /debug/pprof/{profile}", s.profile)
	}
	mux.Handle("GET "+console.Path, console.Handler())
	mux.HandleFunc("GET /{$}", s.front)
	mux.HandleFunc("/", s.nothingHere)
	return mux
}
