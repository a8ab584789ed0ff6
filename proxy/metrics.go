package proxy

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what Prometheus sees of the data path.
type metrics struct {
	opened            prometheus.Counter
	handshakeFailures prometheus.Counter
	commands          prometheus.Counter
	panics            prometheus.Counter
	abandoned         prometheus.Counter
	parked            prometheus.Counter
	errors            *prometheus.CounterVec // by error number, our own errors only
	replicaReads      [readBys]prometheus.Counter
}

func newMetrics(reg prometheus.Registerer, sessions func() float64, others ...prometheus.Collector) (*metrics, error) {
	m := &metrics{
		opened: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "mysqlda_sessions_opened_total", Help: "Client connections accepted.",
		}),
		handshakeFailures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "mysqlda_handshake_failures_total", Help: "Client connections that did not log in.",
		}),
		commands: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "mysqlda_commands_total", Help: "Commands received from clients.",
		}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "mysqlda_session_panics_total", Help: "Sessions ended by a bug in mysqlda.",
		}),
		abandoned: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "mysqlda_abandoned_statements_total", Help: "Statements ended because their client had gone.",
		}),
		parked: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "mysqlda_parked_sessions_total", Help: "Times that an idle session gave its backend connection back.",
		}),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mysqlda_client_errors_total", Help: "Errors of mysqlda's own sent to clients.",
		}, []string{"number"}),
	}
	replicaReads := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "mysqlda_replica_reads_total",
		Help: "Statements of sessions that read from replicas: executed by a replica, or why by the active server.",
	}, []string{"outcome"})
	for by, word := range readByWords {
		m.replicaReads[by] = replicaReads.WithLabelValues(word)
	}
	open := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "mysqlda_sessions", Help: "Client connections open now.",
	}, sessions)
	var errs []error
	for _, c := range append(others, m.opened, m.handshakeFailures, m.commands, m.panics, m.abandoned, m.parked, m.errors, replicaReads, open) {
		errs = append(errs, reg.Register(c))
	}
	return m, errors.Join(errs...)
}
