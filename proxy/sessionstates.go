package proxy

import "github.com/prometheus/client_golang/prometheus"

// The states of sessions, as metrics and the HTTP API call them.
const (
	stateLogin   = "login"   // has not logged in yet
	stateRunning = "running" // a command is carried out
	stateIdle    = "idle"    // waits for a command, with a backend connection
	stateParked  = "parked"  // waits for a command, without one
)

// sessionStates counts the sessions by state when Prometheus asks. Sessions go on
// meanwhile, so the numbers are those of about one moment.
type sessionStates struct {
	server *Server
	count  *prometheus.Desc
}

func newSessionStates(server *Server) *sessionStates {
	return &sessionStates{server, prometheus.NewDesc("mysqlda_sessions_by_state",
		"Client connections open now, by state: login, running, idle, parked.", []string{"state"}, nil)}
}

// Describe implements prometheus.Collector.
func (c *sessionStates) Describe(to chan<- *prometheus.Desc) { to <- c.count }

// Collect implements prometheus.Collector.
func (c *sessionStates) Collect(to chan<- prometheus.Metric) {
	counts := map[string]int{stateLogin: 0, stateRunning: 0, stateIdle: 0, stateParked: 0}
	for _, s := range c.server.appendSessions(nil) {
		counts[s.doing()]++
	}
	for state, n := range counts {
		to <- prometheus.MustNewConstMetric(c.count, prometheus.GaugeValue, float64(n), state)
	}
}

// doing returns the session's state, as others see it.
func (s *session) doing() string {
	switch {
	case !s.loggedIn.Load():
		return stateLogin
	case !s.idle.Load():
		return stateRunning
	case s.attached.Load():
		return stateIdle
	default:
		return stateParked
	}
}
