package lease

import (
	"cmp"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/fsm"
)

const (
	// rounds is how many entries of leases are written during one lease, and how
	// often a node asks.
	rounds = 6
	// remembered is how many of a node's latest requests may still be granted.
	remembered = 16
	// unbounded is the end of the lease of a node that needs none.
	unbounded = math.MaxInt64
)

// Config is what a Keeper needs.
type Config struct {
	Node   string // this node's id
	Starts uint64 // how often it was started: a grant to an earlier start is none
	// Machine is this node's copy of the state. What it says of libraries, nodes
	// and settings must be told by Changed when it changes.
	Machine *fsm.Machine

	Logger     *zap.Logger
	Registerer prometheus.Registerer
	// Clock is the time on a clock that never stands still; the default is the
	// time since the machine was started.
	Clock func() time.Duration
}

// Keeper is this node's lease. Holds, Renewed and Status may be called from any
// goroutine, Granted and Changed where entries are applied: they do not block.
type Keeper struct {
	cfg     Config
	metrics *metrics
	until   atomic.Int64  // ns of the clock at which the lease ends; unbounded when none is needed
	news    chan struct{} // a token: Run has something to do

	mu      sync.Mutex
	serving bool          // guarded by mu; until then there is no lease
	needed  bool          // guarded by mu; a library may fail over
	awaited bool          // guarded by mu; there was none since it is needed
	held    bool          // guarded by mu; the lease has not been seen to end
	since   time.Duration // guarded by mu; when held or needed became what it is
	losses  uint64        // guarded by mu
	told    bool          // guarded by mu; that there is no lease
	renewed chan struct{} // guarded by mu; closed at the next renewal
	renewal renewal       // guarded by mu
}

// NewKeeper makes the keeper of a node that holds nothing yet and does not ask.
func NewKeeper(cfg Config) (*Keeper, error) {
	if cfg.Clock == nil {
		cfg.Clock = bootTime
	}
	k := &Keeper{cfg: cfg, news: make(chan struct{}, 1), renewed: make(chan struct{})}
	// Two processes from copies of one data directory have the same id and starts:
	// what the one is granted must not be a nonce of the other.
	k.renewal.nonce = rand.Uint64() >> 1
	var err error
	k.metrics, err = newMetrics(cfg.Registerer, k)
	return k, err
}

// Close takes the metrics back. Run must have ended.
func (k *Keeper) Close() { k.metrics.unregister() }

// Holds reports whether this node may use libraries that may fail over at this
// moment. It is true while there are no such libraries and the node is serving.
// It costs an atomic load and a reading of the clock.
func (k *Keeper) Holds() bool {
	until := k.until.Load() // before the clock: a pause in between makes it later
	return until == unbounded || until > int64(k.cfg.Clock())
}

// Renewed returns a channel that is closed when the lease is next renewed, or no
// longer needed. Take it before asking Holds, and nothing is missed.
func (k *Keeper) Renewed() <-chan struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.renewed
}

// Awaited reports whether this node needs a lease and has had none since it does.
func (k *Keeper) Awaited() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.awaited
}

// Serve says that this node knows all that was committed before it was started, and
// serves sessions from now on: it may have a lease.
func (k *Keeper) Serve() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.serving = true
	k.change()
}

// Changed says that libraries, nodes or settings are other ones now. It must be
// called before anybody is told that the node has applied the change: then none
// uses a library without a lease that the leader believes to be guarded by one.
func (k *Keeper) Changed() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.change()
}

// change brings the lease in line with the state. k.mu is held.
func (k *Keeper) change() {
	if !k.serving {
		return
	}
	switch needed := len(k.libraries()) > 0; {
	case needed && !k.needed:
		k.until.Store(0)
		k.needed, k.held, k.told, k.since = true, false, false, k.cfg.Clock()
		k.awaited = true
		k.renewal.next = k.since
		poke(k.news)
	case needed:
		if _, known := k.cfg.Machine.Node(k.cfg.Node); !known && k.held { // it was removed
			k.until.Store(int64(k.cfg.Clock()))
			poke(k.news)
		}
	default:
		k.needed, k.held, k.told, k.awaited = false, false, false, false
		k.until.Store(unbounded)
		k.renew()
	}
}

// Granted takes in the leases of an entry that this node has just applied: see
// fsm.Result. Those of other nodes, of earlier starts and of requests that it does
// not remember are ignored.
func (k *Keeper) Granted(leases []fsm.Lease) {
	for _, l := range leases {
		if l.Node == k.cfg.Node && l.Starts == k.cfg.Starts {
			k.granted(l.Nonce)
		}
	}
}

func (k *Keeper) granted(nonce uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now, length := k.cfg.Clock(), k.length()
	asked, ok := k.renewal.granted(nonce, now, length)
	if !ok {
		return
	}
	k.metrics.renewal.Observe((now - asked).Seconds())
	if !k.needed {
		return
	}
	k.expire(now)
	end := int64(asked + length)
	if end <= k.until.Load() {
		return
	}
	k.until.Store(end)
	poke(k.news)
	if end <= int64(now) {
		return
	}
	k.awaited = false
	if !k.held {
		k.held, k.since = true, now
	}
	k.renew()
}

// renew wakes those who wait for a renewal. k.mu is held.
func (k *Keeper) renew() {
	close(k.renewed)
	k.renewed = make(chan struct{})
}

// expire notes that the lease has ended, if it has. k.mu is held.
func (k *Keeper) expire(now time.Duration) {
	if until := time.Duration(k.until.Load()); k.held && until <= now {
		k.held, k.since = false, until
		k.losses++
	}
}

// length is how long a lease is. k.mu need not be held.
func (k *Keeper) length() time.Duration { return length(k.cfg.Machine) }

func length(machine *fsm.Machine) time.Duration {
	settings := machine.Settings()
	if settings == nil {
		return fsm.DefaultLease
	}
	return cmp.Or(settings.Failover.Lease, fsm.DefaultLease)
}

// Interval is the time between two entries of leases, and between two requests of
// a node.
func Interval(machine *fsm.Machine) time.Duration { return length(machine) / rounds }

// libraries names those that this node must not use without a lease.
func (k *Keeper) libraries() []string {
	var names []string
	for _, l := range k.cfg.Machine.Libraries().All() {
		if l.MayFailOver() {
			names = append(names, l.Name)
		}
	}
	return names
}

func poke(token chan struct{}) {
	select {
	case token <- struct{}{}:
	default:
	}
}
