package admin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"
	"golang.org/x/net/netutil"
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
	Metrics prometheus.Gatherer
	Logger  *zap.Logger
	Debug   bool            // profiles of the process are served, too
	Level   zap.AtomicLevel // of the node's log, which the API shows and changes
}

// Server serves the HTTP address of one node.
type Server struct {
	node    Node
	logger  *zap.Logger
	level   zap.AtomicLevel
	http    *http.Server
	backups chan struct{} // a place for each that is under way
	stall   time.Duration // how long a reader of a backup may take for one piece
}

// New makes a server that serves nothing yet.
func New(cfg Config) *Server {
	s := &Server{
		node: cfg.Node, logger: cfg.Logger, level: cfg.Level,
		backups: make(chan struct{}, maxBackups), stall: backupStall,
	}
	s.http = &http.Server{
		Handler:           attributed(s.routes(cfg.Metrics, cfg.Debug)),
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
	err := s.http.Serve(netutil.LimitListener(ln, maxConnections))
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
	mux.HandleFunc("GET /api/v1/locate", s.locate)
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
	mux.HandleFunc("POST /api/v1/join", s.join)
	mux.HandleFunc("POST /api/v1/leave", s.leave)
	mux.HandleFunc("DELETE /api/v1/nodes/{id}", s.remove)
	s.userRoutes(mux)
	s.secretRoutes(mux)
	if debug {
		mux.HandleFunc("GET /debug/pprof/{profile}", s.profile)
	}
	mux.HandleFunc("/", s.nothingHere)
	return mux
}
