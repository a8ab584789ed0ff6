package backend

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// Manager holds the connections to all servers of all libraries and watches the
// servers' health. Its methods may be called from any goroutine.
type Manager struct {
	cfg     Config
	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	tasks   sync.WaitGroup // every goroutine of ours
	metrics *collector     // nil without a registerer

	routes      atomic.Pointer[routes]
	idleTimeout atomic.Int64  // nanoseconds
	failWait    atomic.Int64  // nanoseconds; see patience
	holdings    sync.Map      // *holding by fsm.LibraryID
	retimed     chan struct{} // buffered: the idle timeout was changed
	wanted      chan struct{} // buffered: a caller waits for a connection
	unwell      chan struct{} // buffered: health has changed since onChange was called
	measure     chan struct{} // buffered: which data is to be read has changed

	mu       sync.Mutex
	closed   bool
	set      *fsm.LibrarySet
	servers  map[string]*server // by address
	draining []*pool            // of servers that left, while sessions hold connections
	onChange func([]ServerHealth)
	database string // whose size is to be read; "": none
	// replicator is what replicas log in to their sources with; without a user it is
	// the account that operates the server. Its TLS mode says nothing.
	replicator account
	data       map[string]*dataState // by address; the reader's to add and to drop
}

// server is one server, whichever libraries list it.
type server struct {
	address  string
	pool     *pool
	clients  []string // whom sessions' connections may be logged in as; guarded by Manager.mu
	health   *health
	probe    *probe
	observe  func(error)                   // outcome of a connection attempt
	greeting atomic.Pointer[wire.Greeting] // the last one; nil before the first
	stop     context.CancelFunc            // ends the probe
}

// New makes a Manager without libraries; Update tells it of them. Close must be
// called. New panics when cfg.Registerer has another Manager's metrics already.
func New(cfg Config) *Manager {
	ctx, cancel := context.WithCancel(context.Background())
	m := &Manager{
		cfg: cfg.withDefaults(), ctx: ctx, cancel: cancel,
		retimed: make(chan struct{}, 1),
		unwell:  make(chan struct{}, 1),
		wanted:  make(chan struct{}, 1),
		measure: make(chan struct{}, 1),
		set:     fsm.NewLibrarySet(0, nil),
		servers: make(map[string]*server),
		data:    make(map[string]*dataState),
	}
	m.idleTimeout.Store(int64(DefaultIdleTimeout))
	m.failWait.Store(int64(fsm.DefaultFailoverWait))
	m.routes.Store(noRoutes(false))
	if m.cfg.Libraries == nil {
		m.cfg.Libraries = func() *fsm.LibrarySet { return m.routes.Load().set }
	}
	if cfg.Registerer != nil {
		m.metrics = newCollector(m)
		cfg.Registerer.MustRegister(m.metrics)
	}
	m.tasks.Go(m.expireIdle)
	m.tasks.Go(m.reportHealth)
	m.tasks.Go(m.readData)
	return m
}

// Update tells the manager of the current libraries and settings; settings may
// be nil while the cluster has none. Servers that are new are probed from now
// on. Of servers that are gone, idle connections are closed at once and others
// when they are released; the same happens everywhere when the account was
// changed, that of the settings or a library's own, and at a server whose TLS mode was. Probes of servers of libraries with
// several log in anew when the account by which they are watched was changed. A
// server that several libraries list is reached in the strictest mode of theirs.
// Connections that sessions have by the right of a library's earlier epoch are cut.
// Where balancing goes by data,
// the sizes of the default databases are read at the libraries' active servers
// from now on. It does not wait for the network.
func (m *Manager) Update(set *fsm.LibrarySet, settings *fsm.Settings) {
	if settings == nil {
		settings = &fsm.Settings{}
	}
	m.failWait.Store(int64(settings.Failover.WithDefaults().Wait))
	timeout := positiveOr(settings.UnusedForwardSessionTimeout, DefaultIdleTimeout)

	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return
	}
	before := m.set
	m.set = set
	m.replicator = m.account(settings.Failover.ReplicationUser, settings.Failover.ReplicationPassword, fsm.TLSOff)
	listed, several, owners := strictest(set), withOthers(set), ownersOf(set)
	for address, mode := range listed {
		as := m.account(settings.User, settings.Password, mode)
		if own, ok := owners[address]; ok && own.Account.User != "" {
			as = m.account(own.Account.User, own.Account.Password, mode)
		}
		operator := m.account(settings.Failover.User, settings.Failover.Password, mode)
		if operator.user == "" {
			operator = as
		}
		known, ok := m.servers[address]
		if !ok {
			known = m.newServer(address, as)
			m.servers[address] = known
		}
		known.pool.setAccount(as)
		known.clients = clientUsers(settings.User, owners[address])
		known.probe.watchAs(operator, several[address])
		if !ok {
			m.tasks.Go(known.probe.run)
		}
	}
	var gone []*server
	for address, s := range m.servers {
		if _, ok := listed[address]; !ok {
			gone = append(gone, s)
			delete(m.servers, address)
		}
	}
	m.publish() // before retiring: who finds a pool retired finds newer routes
	m.cutRetired(before, set)
	m.draining = slices.DeleteFunc(m.draining, (*pool).empty)
	for _, s := range gone {
		s.stop()
		s.pool.retire(errRetired)
		m.draining = append(m.draining, s.pool)
	}
	if m.idleTimeout.Swap(int64(timeout)) != int64(timeout) {
		signal(m.retimed)
	}
	m.database = ""
	if settings.Balance == fsm.BalanceData {
		m.database = settings.Database
	}
	signal(m.unwell)
	signal(m.measure)
}

// newServer makes a server, whose probe is to be started.
func (m *Manager) newServer(address string, as account) *server {
	ctx, stop := context.WithCancel(m.ctx)
	s := &server{
		address: address,
		health:  newHealth(address),
		stop:    stop,
	}
	to := target{server: address, tls: m.cfg.TLS, greeted: func(g wire.Greeting) { m.greeted(s, g) }}
	s.pool = newPool(m.ctx, m.cfg, &m.tasks, m.wanted, to, as)
	s.observe = func(err error) { m.attempted(s, err) }
	s.probe = newProbe(ctx, s, func(err error) { m.observe(s, err) }, func() { signal(m.unwell) })
	s.pool.suspect = s.probe.suspect
	return s
}

// patience is how long a statement waits for its library to have an active server
// that may be used.
func (m *Manager) patience() time.Duration { return time.Duration(m.failWait.Load()) }

// withOthers finds the servers of libraries that have several.
func withOthers(set *fsm.LibrarySet) map[string]bool {
	several := make(map[string]bool)
	for _, library := range set.All() {
		for _, s := range library.Servers {
			several[s.Address] = several[s.Address] || len(library.Servers) > 1
		}
	}
	return several
}

// publish replaces the routes. The caller holds mu.
func (m *Manager) publish() {
	old := m.routes.Load()
	newer := newRoutes(m.ctx, old, m.set, m.servers)
	m.routes.Store(newer)
	close(old.replaced)
	old.endWhatEnds(newer)
}

// Close stops the probes, closes all connections, those in use too, and returns
// when every goroutine of the manager has ended. Who waits in Acquire gets
// ErrClosed. Closing again does nothing.
func (m *Manager) Close() {
	m.mu.Lock()
	if !m.closed {
		m.closed = true
		if m.metrics != nil {
			m.cfg.Registerer.Unregister(m.metrics)
		}
		old := m.routes.Swap(noRoutes(true))
		close(old.replaced)
		m.cancel()
		for _, s := range m.servers {
			s.pool.retire(ErrClosed)
		}
		for _, p := range m.draining {
			p.retire(ErrClosed)
		}
	}
	m.mu.Unlock()
	m.tasks.Wait()
}

// signal wakes the owner of a buffered channel, once however often it is called.
func signal(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}
