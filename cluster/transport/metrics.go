package transport

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/prometheus/client_golang/prometheus"
)

type muxMetrics struct {
	registerer prometheus.Registerer
	open       *prometheus.GaugeVec
	refused    *prometheus.CounterVec
}

func newMuxMetrics(r prometheus.Registerer) (*muxMetrics, error) {
	m := &muxMetrics{
		registerer: r,
		open: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "mysqlda_internode_connections",
			Help: "Accepted connections of other nodes that are open, by service.",
		}, []string{"service"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mysqlda_internode_refused_total",
			Help: "Connections on the internode port that were turned away, by reason.",
		}, []string{"reason"}),
	}
	for _, c := range []prometheus.Collector{m.open, m.refused} {
		if err := r.Register(c); err != nil {
			m.unregister()
			return nil, fmt.Errorf("registering the metrics of the internode port: %w", err)
		}
	}
	return m, nil
}

func (m *muxMetrics) unregister() {
	m.registerer.Unregister(m.open)
	m.registerer.Unregister(m.refused)
}

// refusal names the reason of a refusal for the metric.
func refusal(err error) string {
	switch {
	case errors.Is(err, errGarbage):
		return "garbage"
	case errors.Is(err, errVersion):
		return "version"
	case errors.Is(err, errNoCluster):
		return "no_cluster"
	case errors.Is(err, errOtherCluster):
		return "other_cluster"
	case errors.Is(err, errOtherNode):
		return "other_node"
	case errors.Is(err, errPlain):
		return "plain"
	case errors.Is(err, errTLSOff):
		return "tls_off"
	case errors.Is(err, ErrCertificate):
		return "certificate"
	case errors.Is(err, errRemoved):
		return "removed"
	case errors.Is(err, errHandshake):
		return "tls"
	case errors.Is(err, errFull):
		return "full"
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "timeout"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "closed_early"
	default:
		return "broken"
	}
}
