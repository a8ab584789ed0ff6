// Package daemon wires one node: it opens the rooms in order, passes what one
// says to the others, and closes them in reverse. Decisions are the rooms'.
//
//	daemon.go      opening, waiting, closing
//	membership.go  which cluster the node belongs to: bootstrap and join
//	node.go        what the HTTP API asks of the node
//	locate.go      where core objects live
//	effective.go   what the node goes by of its config file
//	settings.go    settings, as the API changes, compares and shows them
//	configuration.go  libraries and settings together, and the audit trail
//	failover.go    active servers and leases, as the API changes and shows them
//	datapath.go    what the config file says to the data path, with its certificates
//	security.go    keys and certificates of the config file, for the rooms that use them
//	listeners.go   the sockets for clients
//	restart.go     handing over to the next process
//	resume.go      taking over from the one before
//	observed.go    what the node saw of the servers, for itself and for the others
//	status.go      what the node knows, put together for the API
//	activity.go    what its sessions do and have done, for the API
//	report.go      the same for SHOW MYSQLDA
//	warnings.go    the same in short, and what is wrong
//	metrics.go     the same for Prometheus
//	tracing.go     where the spans of statements go to
//	statements.go  what was counted of statements, for the API
package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/adminsql"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/handover"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/secretkey"
	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy"
	"github.com/mysqlda/mysqlda/proxy/backend"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// How long the parts may take to close after the sessions have ended.
const (
	clusterCloseTimeout = 10 * time.Second
	httpCloseTimeout    = 5 * time.Second
)

// Options are what the command line says besides the config file.
type Options struct {
	Bootstrap bool     // make a new cluster, unless the node belongs to one
	Join      []string // join the cluster of these internode addresses, unless the node belongs to it
	Version   string   // the release
	// JoinToken reads the token to show with Join; nil: none. A node that is a member
	// already needs none, and does not call it.
	JoinToken func() (string, error)

	// BeforeClients runs, unless it is nil, when the node is ready and before it lets
	// clients in. The HTTP API answers meanwhile. Its error ends the node.
	BeforeClients func(ctx context.Context) error
	// Serving is called once clients are let in, unless it is nil.
	Serving func()

	// Sockets are listening sockets that the process was started with.
	Sockets *handover.Sockets
	// Before is what the process before has left, nil for none.
	Before *handover.State
	// Next is how the node restarts in place; see Next.
	Next Next

	LogLevel zap.AtomicLevel // of the logger that Run is given
}

// daemon is one node. Every part of it that is a pointer
// behind an atomic is nil until that part is open.
type daemon struct {
	cfg      *config.Config
	options  Options
	logger   *zap.Logger
	registry *prometheus.Registry

	cluster  atomic.Pointer[cluster.Node]
	backends atomic.Pointer[backend.Manager]
	proxy    atomic.Pointer[proxy.Server]
	stopping atomic.Bool // no new clients
	life     life        // restarting in place
	sockets  sockets
	waiting  atomic.Bool // for what comes before clients

	keys       *secretkey.Keys
	keyTrouble atomic.Pointer[string] // what was wrong with their file; nil: nothing

	ctx     context.Context         // of Run
	end     context.CancelCauseFunc // ends Run; the first cause counts
	tasks   sync.WaitGroup          // goroutines of Run
	closers []func() error          // in the order of opening
}

// errLeft ends a node that was asked to leave its cluster: that is a success.
var errLeft = errors.New("the node has left its cluster")

// Run runs a node until ctx ends, it was asked to leave its cluster, or it
// cannot go on; only the last is an error. When it returns everything is closed.
func Run(ctx context.Context, cfg *config.Config, options Options, logger *zap.Logger) error {
	registry, err := newRegistry(options.Version)
	if err != nil {
		return err
	}
	d := &daemon{cfg: cfg, options: options, logger: logger, registry: registry}
	d.life.born = time.Now()
	asked := ctx
	ctx, d.end = context.WithCancelCause(ctx)
	d.ctx = ctx
	defer d.end(nil)

	for _, warning := range cfg.Warnings {
		logger.Warn(warning)
	}
	err = d.open(ctx)
	if err == nil {
		<-ctx.Done()
		err = d.outcome(context.Cause(ctx))
	}
	d.end(err)
	return d.goOn(asked, errors.Join(err, d.close()))
}

// outcome turns the reason for stopping into the error of Run.
func (d *daemon) outcome(cause error) error {
	switch {
	case errors.Is(cause, errRestart):
		d.logger.Info("the sessions are at rest; closing, to go on as the next process")
		return nil
	case errors.Is(cause, errLeft):
		d.logger.Info("the node has left its cluster; stopping")
		return nil
	case errors.Is(cause, context.Canceled):
		d.logger.Info("asked to stop; a second signal ends the process at once",
			zap.Duration("shutdown_timeout", d.cfg.Server.ShutdownTimeout))
		return nil
	default:
		// Logged as well as returned: closing takes a while, and who collects logs
		// sees nothing else.
		d.logger.Error("the node cannot go on; stopping", zap.Error(cause))
		return cause
	}
}

// open opens the parts in order. What it opened is closed by close, also when
// it fails half-way.
func (d *daemon) open(ctx context.Context) error {
	d.logger.Info("starting", zap.String("version", d.options.Version), zap.String("config", d.cfg.Path),
		zap.String("data_dir", d.cfg.Node.DataDir))
	var err error
	if d.keys, err = secretkey.Open(d.cfg.Secrets.KeyFile, os.Getenv); err != nil {
		return err
	}
	if err := d.registry.Register(d.readiness()); err != nil {
		return fmt.Errorf("registering metrics: %w", err)
	}
	if err := d.openHTTP(ctx); err != nil {
		return err
	}
	// Bound before the cluster opens, so that a taken port is known at once.
	if err := d.openClients(ctx); err != nil {
		return err
	}
	d.tasks.Go(func() { boundGarbage(ctx) })
	// The cluster asks the data path about servers, and has it let go of them, until
	// it is closed: so it closes first, though it opens first, too.
	d.closers = append(d.closers, func() error {
		if backends := d.backends.Load(); backends != nil {
			backends.Close()
		}
		return nil
	})
	if err := d.openCluster(ctx); err != nil {
		return err
	}
	if err := d.openDataPath(); err != nil {
		return err
	}
	if err := d.options.Sockets.Close(); err != nil {
		return fmt.Errorf("closing sockets that nothing is for: %w", err)
	}
	d.letIn(ctx)
	d.watch(ctx)
	d.run(func() error { return d.restartWhenAsked(ctx) })
	d.run(func() error { return d.findCluster(ctx) })
	return nil
}

func (d *daemon) openHTTP(ctx context.Context) error {
	logger := d.logger.Named("http")
	secured, access, err := httpAccess(d.cfg.HTTP.Access, d.mayAsk, logger)
	if err != nil {
		return err
	}
	ln, err := d.listenHTTP(ctx)
	if err != nil {
		return err
	}
	members, err := towardsMembers(d.cfg)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	server := admin.New(admin.Config{
		Node: d, Life: d, Metrics: d.registry, Logger: logger, Level: d.options.LogLevel, Debug: d.cfg.HTTP.Debug,
		TLS: secured, Access: access, HostNames: hostNames(d.cfg), Members: members,
	})
	d.closers = append(d.closers, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), httpCloseTimeout)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			d.logger.Warn("requests of the HTTP API were cut off", zap.Error(err))
		}
		return nil
	})
	d.run(func() error { return server.Serve(ln) })
	d.logger.Info("serving API, metrics and probes", zap.String("http", ln.Addr().String()),
		zap.Bool("tls", secured != nil), zap.Bool("open_to_all", access == nil))
	return nil
}

func (d *daemon) openCluster(ctx context.Context) error {
	mysqlAddr, err := d.cfg.Advertised(d.cfg.Server.Listen)
	if err != nil {
		return err
	}
	httpAddr, err := d.cfg.Advertised(d.cfg.HTTP.Listen)
	if err != nil {
		return err
	}
	security, err := tlsForNodes(d.cfg.Cluster.TLS, d.logger.Named("tls"))
	if err != nil {
		return err
	}
	gossipKeys, err := gossipKeysOf(d.cfg.Cluster.GossipKeyFile, d.logger.Named("gossip"))
	if err != nil {
		return err
	}
	joinTokens, err := joinTokensOf(d.cfg.Cluster, d.logger.Named("join"))
	if err != nil {
		return err
	}
	internode, err := d.inherited(handover.Cluster, d.cfg.Cluster.Listen)
	if err != nil {
		return err
	}
	node, err := cluster.Open(ctx, cluster.Config{
		Inherited:     internode,
		NodeID:        d.cfg.Node.ID,
		DataDir:       d.cfg.Node.DataDir,
		Listen:        d.cfg.Cluster.Listen,
		GossipListen:  d.cfg.Cluster.Gossip,
		AdvertiseHost: d.cfg.Node.Advertise,
		MySQLAddr:     mysqlAddr,
		HTTPAddr:      httpAddr,
		Security:      security,
		GossipKeys:    gossipKeys,
		JoinTokens:    joinTokens,
		Version:       d.options.Version,
		Logger:        d.logger.Named("cluster"),
		Registerer:    d.registry,
		Raft:          cluster.RaftConfig{SnapshotMinBytes: d.cfg.Node.SnapshotAfter},
	})
	if err != nil {
		return fmt.Errorf("opening the cluster: %w", err)
	}
	d.closers = append(d.closers, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), clusterCloseTimeout)
		defer cancel()
		if err := node.Close(ctx); err != nil {
			return fmt.Errorf("closing the cluster: %w", err)
		}
		return nil
	})
	d.cluster.Store(node)
	return nil
}

func (d *daemon) openDataPath() error {
	node := d.cluster.Load()
	path, err := configureDataPath(d.cfg, node.ID(), d.logger.Named("tls"))
	if err != nil {
		return err
	}
	path.backend.Logger, path.backend.Registerer = d.logger.Named("backend"), d.registry
	path.backend.TLS = path.servers
	path.backend.Greeted = func(address string, g wire.Greeting) {
		node.ReportGreeting(address, fsm.Greeting{
			Version: g.Version, Capabilities: uint64(g.Capabilities), Collation: g.Collation,
		})
	}
	path.backend.Measured = node.ReportData
	path.backend.Open = func(stored string) (string, error) { return d.keys.Ring().Open(stored) }
	path.backend.Lease, path.backend.Libraries = node.Lease(), node.Libraries
	backends := backend.New(path.backend)
	d.backends.Store(backends)
	backends.OnHealthChange(func(health []backend.ServerHealth) {
		var addresses []string
		for _, h := range health {
			addresses = append(addresses, h.Address)
		}
		node.SetHealth(seenHealth(health, observations(backends, addresses)))
	})
	node.OnDataPath(backends)
	if err := d.registry.Register(newTopologyCollector(node, backends)); err != nil {
		return fmt.Errorf("registering metrics: %w", err)
	}

	path.proxy.Directory, path.proxy.Backends, path.proxy.Reports = node, backends, d.reports()
	path.proxy.Console = adminsql.New(d, d.logger.Named("console"), d.options.LogLevel)
	path.proxy.Logger, path.proxy.Registerer = d.logger.Named("proxy"), d.registry
	if path.proxy.Tracer, err = d.openTracing(node.ID()); err != nil {
		return err
	}
	server, err := proxy.New(path.proxy)
	if err != nil {
		return err
	}
	d.closers = append(d.closers, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), d.cfg.Server.ShutdownTimeout)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			d.logger.Warn("sessions were cut off: their statements took longer than the shutdown timeout", zap.Error(err))
		}
		return nil
	})
	d.proxy.Store(server)
	node.OnKill(server.Kill)
	return nil
}

// watch passes on what the cluster says, until ctx ends.
func (d *daemon) watch(ctx context.Context) {
	node, backends, server := d.cluster.Load(), d.backends.Load(), d.proxy.Load()
	d.run(func() error {
		events, ready, prepared := node.Watch(ctx), node.Ready(), make(chan struct{})
		rekeyed := d.watchKeys(ctx)
		for open := true; open; {
			backends.Update(node.Libraries(), node.Settings())
			select {
			case _, open = <-events:
				server.UsersChanged()
			case <-rekeyed: // passwords may be known now that were not
			case <-ready:
				ready = nil
				d.run(func() error { return d.beforeClients(ctx, prepared) })
			case <-prepared:
				prepared = nil
				// The first client shall find the libraries.
				backends.Update(node.Libraries(), node.Settings())
				server.SetReady(true)
				d.resume()
				d.logger.Info("serving clients", zap.String("mysql", d.cfg.Server.Listen), zap.String("node", node.ID()))
				if d.options.Serving != nil {
					d.options.Serving()
				}
			}
		}
		return nil
	})
	d.run(func() error {
		select {
		case err := <-node.Fatal():
			return err
		case <-ctx.Done():
			return nil
		}
	})
}

// beforeClients closes prepared when clients may be let in.
func (d *daemon) beforeClients(ctx context.Context, prepared chan<- struct{}) error {
	if d.options.BeforeClients != nil {
		d.waiting.Store(true)
		if err := d.options.BeforeClients(ctx); err != nil {
			return err
		}
		d.waiting.Store(false)
	}
	close(prepared)
	return nil
}

// run runs a task in a goroutine that close waits for. Its error ends the node.
func (d *daemon) run(task func() error) {
	d.tasks.Go(func() {
		if err := task(); err != nil {
			d.end(err)
		}
	})
}

// close closes the parts in reverse order and waits for their goroutines.
func (d *daemon) close() error {
	d.stopping.Store(true)
	var errs []error
	for i := len(d.closers) - 1; i >= 0; i-- {
		errs = append(errs, d.closers[i]())
	}
	d.tasks.Wait()
	d.logger.Info("stopped")
	return errors.Join(errs...)
}

// listen binds a TCP address that the named config keys give.
func listen(ctx context.Context, keys, address string) (net.Listener, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	switch {
	case err == nil:
		return ln, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("cannot listen on %s (%s): the port is taken; does this node run already? `mysqlda status` asks it: %w", address, keys, err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("cannot listen on %s (%s): this machine has no such address: %w", address, keys, err)
	default:
		return nil, fmt.Errorf("cannot listen on %s (%s): %w", address, keys, err)
	}
}
