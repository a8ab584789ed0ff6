package failover

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mysqlda/mysqlda/fsm"
)

// Outcomes of switches, as the metrics name them.
const (
	outcomeDone      = "done"      // another server is the active one
	outcomeBack      = "back"      // the old one is again
	outcomeCancelled = "cancelled" // the old one has been all the time
)

type metrics struct {
	switches *prometheus.CounterVec
	seconds  prometheus.Histogram
	phase    *prometheus.GaugeVec
}

func newMetrics() *metrics {
	return &metrics{
		switches: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mysqlda_switches_total",
			Help: "Changes of active servers that ended while this node led.",
		}, []string{"library", "cause", "outcome"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "mysqlda_switch_seconds",
			Help:    "Time from the beginning of a change of an active server, or of this node's term, to its end.",
			Buckets: prometheus.ExponentialBuckets(0.05, 2, 14),
		}),
		phase: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "mysqlda_switch_phase",
			Help: "How far a change of a library's active server is, on the node that leads: 0 none, 1 draining, 2 retired, 3 released, 4 fenced, 5 chosen.",
		}, []string{"library"}),
	}
}

// register registers the metrics, or takes those over that an earlier Driver of the
// process has registered.
func (m *metrics) register(r prometheus.Registerer) error {
	var err error
	m.switches, err = registered(r, m.switches, err)
	m.seconds, err = registered(r, m.seconds, err)
	m.phase, err = registered(r, m.phase, err)
	return err
}

func registered[C prometheus.Collector](r prometheus.Registerer, c C, earlier error) (C, error) {
	err := r.Register(c)
	var known prometheus.AlreadyRegisteredError
	if errors.As(err, &known) {
		if same, ok := known.ExistingCollector.(C); ok {
			return same, earlier
		}
	}
	return c, errors.Join(earlier, err)
}

func (m *metrics) at(l *fsm.Library) {
	phase := 0.0
	if l.Switch != nil {
		phase = float64(l.Switch.Phase)
	}
	m.phase.WithLabelValues(l.Name).Set(phase)
}

func (m *metrics) forget(library string) {
	m.phase.DeleteLabelValues(library)
	m.switches.DeletePartialMatch(prometheus.Labels{"library": library})
}

func (m *metrics) ended(l *fsm.Library, s *fsm.Switch, outcome string, took time.Duration) {
	m.switches.WithLabelValues(l.Name, s.Cause.String(), outcome).Inc()
	m.seconds.Observe(took.Seconds())
}
