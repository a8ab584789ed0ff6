package failover

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/fsm"
)

// Config is what a Driver is made of.
type Config struct {
	// Node is the id of the node that runs the Driver. Servers are operated through
	// it if it reaches them; "" prefers none.
	Node   string
	Logger *zap.Logger
	// Registerer takes the metrics; nil for none.
	Registerer prometheus.Registerer
}

// Driver watches the active servers of all libraries and drives the changes of
// active servers, while its node leads.
type Driver struct {
	node    string
	logger  *zap.Logger
	metrics *metrics

	mu    sync.Mutex
	term  *term                       // guarded by mu; nil while Run does not run
	ended map[fsm.LibraryID]time.Time // guarded by mu; when a switch was seen to end last
}

// New makes a Driver. It does nothing before Run.
func New(c Config) *Driver {
	d := &Driver{
		node:    c.Node,
		logger:  c.Logger,
		metrics: newMetrics(),
		ended:   make(map[fsm.LibraryID]time.Time),
	}
	if c.Registerer != nil {
		if err := d.metrics.register(c.Registerer); err != nil {
			d.logger.Warn("there are no metrics of switches", zap.Error(err))
		}
	}
	return d
}

// term is what a Driver does and remembers while its node leads. Each library in
// need has a keeper: there are at most fsm.MaxLibraries.
type term struct {
	d       *Driver
	cluster Cluster
	ctx     context.Context
	work    sync.WaitGroup // all goroutines but that of Run
	news    bell           // rung when a library may have changed

	mu      sync.Mutex
	keepers map[fsm.LibraryID]*keeper // guarded by mu
	over    bool                      // guarded by mu; no work is begun from outside any more
}

// Run does the work of one term, which is over when ctx ends. The node must have
// applied everything that earlier leaders committed. It returns when nothing that it
// began is under way any more. Only one Run may be under way.
func (d *Driver) Run(ctx context.Context, cluster Cluster) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t := &term{d: d, cluster: cluster, ctx: ctx, keepers: make(map[fsm.LibraryID]*keeper)}
	d.enter(t)
	defer d.enter(nil)
	defer d.metrics.phase.Reset()
	defer t.work.Wait()
	defer t.close()
	defer cancel()

	changed, suspected := cluster.Changed(), cluster.Suspected()
	t.attend()
	for {
		select {
		case <-ctx.Done():
			return
		case _, ok := <-changed:
			if !ok {
				changed = nil
			}
			t.attend()
		case _, ok := <-suspected:
			if !ok {
				suspected = nil
			}
			t.attend()
		}
	}
}

func (d *Driver) enter(t *term) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.term = t
}

// join counts the caller as work of the term until it calls t.work.Done, and returns
// false when the term is over.
func (t *term) join() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		return false
	}
	t.work.Add(1)
	return true
}

func (t *term) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
}

// attend wakes the keepers of all libraries in need.
func (t *term) attend() {
	all := t.cluster.Libraries().All()
	for i := range all {
		if l := &all[i]; l.Switch != nil || len(l.Servers) > 1 {
			t.keeper(l.ID).wake()
		}
	}
	t.news.ring()
}

// keeper returns the library's keeper, which runs until the term ends or the library
// is removed.
func (t *term) keeper(id fsm.LibraryID) *keeper {
	t.mu.Lock()
	defer t.mu.Unlock()
	k := t.keepers[id]
	if k == nil {
		k = newKeeper(t, id)
		t.keepers[id] = k
		t.work.Go(func() { k.run(t.ctx) })
	}
	return k
}

// noteEnd remembers when a switch ended, for the cooldown.
func (d *Driver) noteEnd(id fsm.LibraryID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended[id] = time.Now()
}

// endedAt is when a library's last switch ended. The state holds no clock, so only
// those count that this process has seen as the leader; without one it is long ago.
func (d *Driver) endedAt(id fsm.LibraryID) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ended[id]
}

// forget forgets a library that was removed.
func (d *Driver) forget(id fsm.LibraryID, name string) {
	d.metrics.forget(name)
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.ended, id)
}

// bell wakes all that wait for it. The zero value is ready to use.
type bell struct {
	mu sync.Mutex
	ch chan struct{} // guarded by mu; nil while nobody waits
}

// next is closed when the bell is rung next.
func (b *bell) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	return b.ch
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch != nil {
		close(b.ch)
		b.ch = nil
	}
}
