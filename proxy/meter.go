package proxy

import (
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/latency"
	"github.com/mysqlda/mysqlda/proxy/stmt"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// meterShards is in how many places a library's statements are counted, so that
// sessions on different processors seldom write to the same memory.
const meterShards = 8

// maxErrorNumbers bounds how many numbers of the servers' errors a library has
// series for. Procedures choose numbers freely (SIGNAL); what is beyond is "other".
const maxErrorNumbers = 64

// meter counts what the sessions of one library do, or of those without one.
type meter struct {
	shards [meterShards]meterShard

	mu          sync.Mutex
	errors      map[uint16]uint64 // guarded by mu
	otherErrors uint64            // guarded by mu
}

type meterShard struct {
	statements         [stmt.Effects]atomic.Uint64
	toServer, toClient atomic.Uint64 // bytes
	slow               atomic.Uint64
	relay              latency.Histogram
	_                  [64]byte // the next one is on another cache line
}

// countError counts an error with which a server has answered.
func (m *meter) countError(number uint16) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.errors[number]; !known && len(m.errors) >= maxErrorNumbers {
		m.otherErrors++
		return
	}
	m.errors[number]++
}

// countErrors is how many errors of all numbers there were.
func (m *meter) countErrors() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	sum := m.otherErrors
	for _, n := range m.errors {
		sum += n
	}
	return sum
}

// meterTotals is what all shards of a meter hold together.
type meterTotals struct {
	statements         [stmt.Effects]uint64
	toServer, toClient uint64
	slow               uint64
	relay              latency.Total
}

func (m *meter) totals() meterTotals {
	var t meterTotals
	for i := range m.shards {
		shard := &m.shards[i]
		for effect := range shard.statements {
			t.statements[effect] += shard.statements[effect].Load()
		}
		t.toServer += shard.toServer.Load()
		t.toClient += shard.toClient.Load()
		t.slow += shard.slow.Load()
		t.relay.Add(&shard.relay)
	}
	return t
}

// meters are the meters of all libraries that sessions were in. It is also what
// Prometheus asks for them.
type meters struct {
	libraries func() *fsm.LibrarySet

	mu sync.Mutex
	of map[fsm.LibraryID]*meter // guarded by mu

	statements, relay, bytes, slow, errors *prometheus.Desc
}

func newMeters(libraries func() *fsm.LibrarySet) *meters {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &meters{
		libraries: libraries,
		of:        make(map[fsm.LibraryID]*meter),
		statements: desc("mysqlda_statements_total",
			"Statements of clients, by kind: read, write, ddl, transaction, other.", "library", "kind"),
		relay: desc("mysqlda_relay_seconds",
			"Time from having received a statement to having passed on the last byte of its answer.", "library"),
		bytes: desc("mysqlda_relay_bytes_total",
			"Bytes passed on, by direction: to_server, to_client.", "library", "direction"),
		slow: desc("mysqlda_slow_statements_total",
			"Statements that took as long as the slow-statement log asks for, also those left out there.", "library"),
		errors: desc("mysqlda_server_errors_total",
			"Errors with which servers answered statements, by number.", "library", "number"),
	}
}

func (ms *meters) meterOf(id fsm.LibraryID) *meter {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	m := ms.of[id]
	if m == nil {
		m = &meter{errors: make(map[uint16]uint64)}
		ms.of[id] = m
	}
	return m
}

// all returns the meters by the names of their libraries; "" is for no library.
func (ms *meters) all() map[string]*meter {
	set := ms.libraries()
	ms.mu.Lock()
	defer ms.mu.Unlock()
	named := make(map[string]*meter, len(ms.of))
	for id, m := range ms.of {
		if library := set.ByID(id); library != nil {
			named[library.Name] = m
		} else if id == 0 {
			named[""] = m
		}
	}
	return named
}

// Describe implements prometheus.Collector.
func (ms *meters) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{ms.statements, ms.relay, ms.bytes, ms.slow, ms.errors} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (ms *meters) Collect(to chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, value uint64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(value), labels...)
	}
	for library, m := range ms.all() {
		t := m.totals()
		for effect, n := range t.statements {
			counter(ms.statements, n, library, stmt.Effect(effect).String())
		}
		counter(ms.bytes, t.toServer, library, "to_server")
		counter(ms.bytes, t.toClient, library, "to_client")
		counter(ms.slow, t.slow, library)
		to <- t.relay.Metric(ms.relay, library)
		m.mu.Lock()
		for number, n := range m.errors {
			counter(ms.errors, n, library, strconv.Itoa(int(number)))
		}
		if m.otherErrors > 0 {
			counter(ms.errors, m.otherErrors, library, "other")
		}
		m.mu.Unlock()
	}
}

// meterView is a session's view of the meter of its library.
type meterView struct {
	library fsm.LibraryID
	meter   *meter      // nil before the first use
	shard   *meterShard // of meter
}

// metered returns where the session is counted now.
func (s *session) metered() *meterView {
	v := &s.meter
	if v.meter == nil || v.library != s.library {
		v.library, v.meter = s.library, s.server.meters.meterOf(s.library)
		v.shard = &v.meter.shards[s.id%meterShards]
	}
	return v
}

// countStatement counts a statement that has come.
func (s *session) countStatement(effect stmt.Effect) {
	s.metered().shard.statements[effect].Add(1)
}

// countRelayed counts a command that was passed on with its answer, if it has one;
// size is how many bytes of it were at hand at once.
func (s *session) countRelayed(code byte, size int) {
	v := s.metered()
	v.shard.toServer.Add(uint64(size))
	if !wire.HasResponse(code) {
		return
	}
	switch code {
	case wire.ComQuery, wire.ComStmtExecute, wire.ComStmtBulkExecute:
		took := s.att.used.Sub(s.server.born) - s.begun
		v.shard.relay.Observe(took)
		s.noteSlow(took, s.tracker.ErrCode())
	}
	if number := s.tracker.ErrCode(); number != 0 {
		v.meter.countError(number)
	}
}

// countAnswered counts what was passed on of a server's answer.
func (s *session) countAnswered(n int) {
	s.metered().shard.toClient.Add(uint64(n))
	s.answered += uint64(n)
}

// countSent counts what a server took of the rest of a command, or of a file.
func (s *session) countSent(w *stickyWriter) {
	s.metered().shard.toServer.Add(uint64(w.n))
}
