package backend

import "github.com/prometheus/client_golang/prometheus"

// collector shows pools and health to Prometheus. It reads them when it is
// asked, so that the series of a server end when the server leaves.
type collector struct {
	manager *Manager

	connections *prometheus.Desc
	waiting     *prometheus.Desc
	connects    *prometheus.Desc
	reuses      *prometheus.Desc
	resets      *prometheus.Desc
	waits       *prometheus.Desc
	waitsInVain *prometheus.Desc
	shortages   *prometheus.Desc
	healthy     *prometheus.Desc
	dataBytes   *prometheus.Desc
	dataReads   *prometheus.Desc
}

func newCollector(m *Manager) *collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &collector{
		manager: m,
		connections: desc("mysqlda_backend_connections",
			"Connections to a server by state: idle, in_use, connecting, resetting.", "library", "server", "state"),
		waiting: desc("mysqlda_backend_waiting",
			"Sessions that wait for a connection to a server.", "library", "server"),
		connects: desc("mysqlda_backend_connects_total",
			"Attempts to open a connection to a server for a session, by result: ok, failed.", "library", "server", "result"),
		reuses: desc("mysqlda_backend_reuses_total",
			"Times that a session got a connection that another session had used.", "library", "server"),
		resets: desc("mysqlda_backend_resets_total",
			"Connections that were cleaned after a session, by result: ok, closed.", "library", "server", "result"),
		waits: desc("mysqlda_backend_wait_seconds",
			"Time that sessions waited for a connection to a full server, also in vain.", "library", "server"),
		waitsInVain: desc("mysqlda_backend_waits_in_vain_total",
			"Sessions that got no connection to a full server, by reason: timeout, too_many_waiting.", "library", "server", "reason"),
		shortages: desc("mysqlda_backend_shortages_total",
			"Times that a server took no more connections.", "library", "server"),
		healthy: desc("mysqlda_server_healthy",
			"Whether this node can use a server: 1 or 0.", "server"),
		dataBytes: desc("mysqlda_library_data_bytes",
			"Bytes of data and indexes in a library's default database, as this node last read them.", "library"),
		dataReads: desc("mysqlda_library_data_readings_total",
			"Readings of that size, by result: ok, failed.", "library", "result"),
	}
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.connections, c.waiting, c.connects, c.reuses, c.resets, c.waits, c.waitsInVain, c.shortages, c.healthy, c.dataBytes, c.dataReads} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value int, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(value), labels...)
	}
	counter := func(d *prometheus.Desc, value uint64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(value), labels...)
	}
	for _, p := range c.manager.Pools() {
		gauge(c.connections, p.Idle, p.Library, p.Server, "idle")
		gauge(c.connections, p.InUse, p.Library, p.Server, "in_use")
		gauge(c.connections, p.Connecting, p.Library, p.Server, "connecting")
		gauge(c.connections, p.Resetting, p.Library, p.Server, "resetting")
		gauge(c.waiting, p.Waiting, p.Library, p.Server)
		counter(c.connects, p.Opened, p.Library, p.Server, "ok")
		counter(c.connects, p.Failed, p.Library, p.Server, "failed")
		counter(c.reuses, p.Reused, p.Library, p.Server)
		counter(c.resets, p.Cleaned, p.Library, p.Server, "ok")
		counter(c.resets, p.Unclean, p.Library, p.Server, "closed")
		to <- p.Waits.Metric(c.waits, p.Library, p.Server)
		counter(c.waitsInVain, p.TimedOut, p.Library, p.Server, "timeout")
		counter(c.waitsInVain, p.TurnedAway, p.Library, p.Server, "too_many_waiting")
		counter(c.shortages, p.Short, p.Library, p.Server)
	}
	for _, h := range c.manager.Health() {
		healthy := 0
		if h.Healthy {
			healthy = 1
		}
		gauge(c.healthy, healthy, h.Address)
	}
	for _, d := range c.manager.Data() {
		if d.Bytes > 0 {
			to <- prometheus.MustNewConstMetric(c.dataBytes, prometheus.GaugeValue, float64(d.Bytes), d.Library)
		}
		counter(c.dataReads, d.Read, d.Library, "ok")
		counter(c.dataReads, d.Failed, d.Library, "failed")
	}
}
