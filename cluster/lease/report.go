package lease

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

const (
	// lookInterval is the longest time between two looks at the lease.
	lookInterval = time.Minute
	// maxNamed bounds the libraries that one line of the log names.
	maxNamed = 20
)

// Status is what is known of a node's lease at one moment.
type Status struct {
	Needed    bool          // the node serves sessions, and some library may fail over
	Held      bool          // false where none is needed
	Remaining time.Duration // 0 unless held
	Without   time.Duration // how long the node has needed one and had none; 0 while held
	Losses    uint64        // how often it has ended
}

// Status returns what is known of the lease now.
func (k *Keeper) Status() Status {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.cfg.Clock()
	k.expire(now)
	s := Status{Needed: k.needed, Held: k.held, Losses: k.losses}
	switch {
	case k.held:
		s.Remaining = time.Duration(k.until.Load()) - now
	case k.needed:
		s.Without = now - k.since
	}
	return s
}

// report tells once that there is no lease any more and once that there is one
// again, and returns how long there will be nothing to tell or to ask for. A node
// that has never held one has a lease's time to get it.
func (k *Keeper) report() time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.needed {
		return lookInterval
	}
	now, length := k.cfg.Clock(), k.length()
	k.expire(now)
	due := time.Duration(k.until.Load())
	if due == 0 {
		due = k.since + length
	}
	switch {
	case k.held && k.told:
		k.told = false
		k.cfg.Logger.Info("this node has a lease again", k.concerned()...)
	case !k.held && !k.told && now >= due:
		k.told = true
		k.cfg.Logger.Warn("this node has no lease: sessions wait that use libraries which may fail over", append(k.concerned(), zap.Duration("for", now-k.since))...)
	}
	wait := min(lookInterval, max(0, k.renewal.next-now))
	if !k.told {
		wait = min(wait, due-now)
	}
	return max(wait, time.Millisecond)
}

// concerned names the libraries that need a lease.
func (k *Keeper) concerned() []zap.Field {
	names := k.libraries()
	count := len(names)
	if count > maxNamed {
		names = append(names[:maxNamed:maxNamed], fmt.Sprintf("and %d more", count-maxNamed))
	}
	return []zap.Field{zap.Strings("libraries", names)}
}

type metrics struct {
	registerer prometheus.Registerer
	registered []prometheus.Collector
	renewal    prometheus.Histogram
}

func newMetrics(r prometheus.Registerer, k *Keeper) (*metrics, error) {
	m := &metrics{
		registerer: r,
		renewal: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "mysqlda_lease_renewal_seconds",
			Help:    "Time from asking for a lease to having applied the entry that grants it.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 15),
		}),
	}
	for _, c := range []prometheus.Collector{
		m.renewal,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "mysqlda_lease_remaining_seconds",
			Help: "How long this node may yet use libraries that may fail over without another grant; 0 while it has no lease or needs none.",
		}, func() float64 { return k.Status().Remaining.Seconds() }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "mysqlda_lease_losses_total",
			Help: "How often this node's lease ended before it was renewed.",
		}, func() float64 { return float64(k.Status().Losses) }),
	} {
		if err := r.Register(c); err != nil {
			m.unregister()
			return nil, fmt.Errorf("registering the metrics of the lease: %w", err)
		}
		m.registered = append(m.registered, c)
	}
	return m, nil
}

func (m *metrics) unregister() {
	for _, c := range m.registered {
		m.registerer.Unregister(c)
	}
}
