package daemon

import (
	"fmt"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/proxy/backend"
)

// newRegistry makes the node's registry with what every process tells of itself.
func newRegistry(version string) (*prometheus.Registry, error) {
	registry := prometheus.NewRegistry()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "mysqlda_build_info",
		Help:        "Always 1; the labels tell which release runs, and by which Go it was built.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	})
	build.Set(1)
	for _, c := range []prometheus.Collector{
		build,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("registering metrics: %w", err)
		}
	}
	return registry, nil
}

// readiness tells whether the node serves clients.
func (d *daemon) readiness() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "mysqlda_ready", Help: "1 while this node serves clients.",
	}, func() float64 {
		if d.Ready() != nil {
			return 0
		}
		return 1
	})
}

// topologyCollector shows which servers are active and what they say of themselves.
// It reads that when it is asked, so that the series of a server end when it
// leaves: there are never more of them than the libraries have servers.
type topologyCollector struct {
	node     *cluster.Node
	backends *backend.Manager

	active   *prometheus.Desc
	readOnly *prometheus.Desc
	lag      *prometheus.Desc
}

func newTopologyCollector(node *cluster.Node, backends *backend.Manager) *topologyCollector {
	return &topologyCollector{
		node: node, backends: backends,
		active: prometheus.NewDesc("mysqlda_library_active",
			"Whether a server is the active one of a library: 1 or 0.", []string{"library", "server"}, nil),
		readOnly: prometheus.NewDesc("mysqlda_server_read_only",
			"Whether a server refuses writes, as this node heard last: 1 or 0.", []string{"server"}, nil),
		lag: prometheus.NewDesc("mysqlda_server_replication_lag_seconds",
			"How far a replica is behind its source, as this node heard last.", []string{"server"}, nil),
	}
}

// Describe implements prometheus.Collector.
func (c *topologyCollector) Describe(to chan<- *prometheus.Desc) {
	to <- c.active
	to <- c.readOnly
	to <- c.lag
}

// Collect implements prometheus.Collector.
func (c *topologyCollector) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	number := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	set := c.node.Libraries()
	for _, l := range set.All() {
		for _, s := range l.Servers {
			gauge(c.active, number(s.Address == l.Active), l.Name, s.Address)
		}
	}
	for address, o := range observed(set, c.backends) {
		var status admin.ServerStatus
		describe(&status, o)
		if status.ReadOnly != nil {
			gauge(c.readOnly, number(*status.ReadOnly), address)
		}
		if status.LagSeconds != nil {
			gauge(c.lag, *status.LagSeconds, address)
		}
	}
}
