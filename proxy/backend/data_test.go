package backend

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

// readings are what a manager said of the data at its servers.
type readings struct {
	mu  sync.Mutex
	all map[string][]uint64 // by address
}

func (r *readings) note(address string, bytes uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all == nil {
		r.all = make(map[string][]uint64)
	}
	r.all[address] = append(r.all[address], bytes)
}

func (r *readings) count(address string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.all[address])
}

// last is the last one, or -1.
func (r *readings) last(address string) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if all := r.all[address]; len(all) > 0 {
		return int64(all[len(all)-1])
	}
	return -1
}

// byData are settings with which the size of that database counts.
func byData(database string) *fsm.Settings {
	s := settings()
	s.Database, s.Balance = database, fsm.BalanceData
	return s
}

func readOften(r *readings) Config {
	return Config{DataInterval: 20 * time.Millisecond, Measured: r.note}
}

// makeDatabase makes a database of the test's own at a server.
func makeDatabase(t *testing.T, address, name string) *link {
	t.Helper()
	root := admin(t, address)
	query(t, root, "CREATE DATABASE "+name)
	t.Cleanup(func() { query(t, root, "DROP DATABASE "+name) })
	return root
}

func TestSizesOfDefaultDatabasesAreRead(t *testing.T) {
	needServers(t)
	const name = "data_sizes"
	root := makeDatabase(t, first.Addr(), name)
	makeDatabase(t, second.Addr(), name)
	var r readings
	m := manage(t, readOften(&r), libraries([]string{first.Addr()}, []string{second.Addr(), "127.0.0.1:1"}))
	if got := m.Data(); got != nil {
		t.Errorf("balancing goes by placements, and it reads %+v", got)
	}
	m.Update(m.set, byData(name))
	for _, address := range []string{first.Addr(), second.Addr()} {
		eventually(t, "an empty database is known", func() bool { return r.last(address) == 1 })
	}
	query(t, root, "CREATE TABLE "+name+".rows (id INT PRIMARY KEY, text VARCHAR(1000)) ENGINE=InnoDB")
	query(t, root, "INSERT INTO "+name+".rows SELECT seq, REPEAT('x', 1000) FROM test.seq_1_to_2000")
	query(t, root, "CREATE VIEW "+name+".view AS SELECT * FROM "+name+".rows")
	query(t, root, "ANALYZE TABLE "+name+".rows")
	eventually(t, "the rows are seen", func() bool { return r.last(first.Addr()) > 2_000_000 })
	if got := r.last(second.Addr()); got != 1 {
		t.Errorf("the other library has %d bytes", got)
	}
	if n := r.count("127.0.0.1:1"); n != 0 {
		t.Errorf("a server that is not active was read %d times", n)
	}
	data := m.Data()
	if len(data) != 2 || data[0].Library != "library_1" || data[0].Bytes < 2_000_000 || data[0].Read == 0 || data[0].Failed != 0 || data[1].Bytes != 1 {
		t.Errorf("%+v", data)
	}
	for _, p := range m.Pools() {
		if p.Opened != 0 {
			t.Errorf("readings opened connections of sessions: %+v", p)
		}
	}

	byPlacements := byData(name)
	byPlacements.Balance = fsm.BalancePlacements
	m.Update(m.set, byPlacements)
	for _, address := range []string{first.Addr(), second.Addr()} {
		eventually(t, "nothing is known any more", func() bool { return r.last(address) == 0 })
	}
	if got := m.Data(); got != nil {
		t.Errorf("%+v", got)
	}
}

func TestAnotherActiveServerIsReadInstead(t *testing.T) {
	needServers(t)
	var r readings
	m := manage(t, readOften(&r), libraries([]string{first.Addr(), second.Addr()}))
	m.Update(m.set, byData("test"))
	eventually(t, "the active server is read", func() bool { return r.last(first.Addr()) > 0 })
	m.Update(libraries([]string{second.Addr(), first.Addr()}), byData("test"))
	eventually(t, "the new one is read, and the old one forgotten", func() bool {
		return r.last(second.Addr()) > 0 && r.last(first.Addr()) == 0
	})
	read := r.count(second.Addr())
	eventually(t, "the new one is read again", func() bool { return r.count(second.Addr()) > read+1 })
	if got := r.last(first.Addr()); got != 0 {
		t.Errorf("the old one is known again: %d", got)
	}
}

func TestReadingsThatFailAreCountedAndLoggedOnce(t *testing.T) {
	needServers(t)
	const name = "data_missing"
	core, logged := observer.New(zap.InfoLevel)
	registry := prometheus.NewPedanticRegistry()
	var r readings
	cfg := readOften(&r)
	cfg.Logger, cfg.Registerer = zap.New(core), registry
	m := manage(t, cfg, libraries([]string{first.Addr()}))
	m.Update(m.set, byData(name))
	failed := func() uint64 {
		if data := m.Data(); len(data) == 1 {
			return data[0].Failed
		}
		return 0
	}
	eventually(t, "three readings failed", func() bool { return failed() >= 3 })
	if n := logged.FilterMessage("the size of the data cannot be read").Len(); n != 1 {
		t.Errorf("logged %d times", n)
	}
	if n := r.count(first.Addr()); n != 0 {
		t.Errorf("%d sizes of a database that is not there", n)
	}
	if h := healthOf(m, first.Addr()); !h.Healthy {
		t.Errorf("the server counts as dead: %+v", h)
	}
	root := admin(t, first.Addr())
	query(t, root, "CREATE DATABASE "+name)
	eventually(t, "the size is read", func() bool { return r.last(first.Addr()) == 1 })
	got := dataSeries(t, registry)
	if got["mysqlda_library_data_bytes library_1"] != 1 || got["mysqlda_library_data_readings_total library_1 failed"] < 3 ||
		got["mysqlda_library_data_readings_total library_1 ok"] < 1 {
		t.Errorf("%v", got)
	}

	// What was read once counts on for a while, then no more.
	query(t, root, "DROP DATABASE "+name)
	before := failed()
	eventually(t, "readings fail again", func() bool { return failed() > before })
	eventually(t, "the old size is given up", func() bool { return r.last(first.Addr()) == 0 })
	if got := dataSeries(t, registry); got["mysqlda_library_data_bytes library_1"] != 0 {
		t.Errorf("%v", got)
	}
}

// dataSeries are the values of the metrics about data, by name and labels.
func dataSeries(t *testing.T, from prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := from.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]float64)
	for _, family := range families {
		if !strings.HasPrefix(family.GetName(), "mysqlda_library_data_") {
			continue
		}
		for _, metric := range family.GetMetric() {
			name := family.GetName()
			for _, label := range metric.GetLabel() {
				name += " " + label.GetValue()
			}
			found[name] = metric.GetGauge().GetValue() + metric.GetCounter().GetValue()
		}
	}
	return found
}

// What takes too long is ended by the server, not only left alone by us.
func TestReadingsAreBoundedAtTheServer(t *testing.T) {
	needServers(t)
	s := mysqld.ForTest(t, mysqld.Options{})
	root := admin(t, s.Addr())
	query(t, root, "SET GLOBAL log_output = 'TABLE'")
	query(t, root, "SET GLOBAL general_log = ON")
	var r readings
	m := manage(t, readOften(&r), libraries([]string{s.Addr()}))
	m.Update(m.set, byData("test"))
	eventually(t, "a reading", func() bool { return r.last(s.Addr()) > 0 })
	bounded := query(t, root, fmt.Sprintf(`SELECT COUNT(*) FROM mysql.general_log reading JOIN mysql.general_log bound USING (thread_id)
		WHERE reading.argument LIKE 'SELECT CAST%%data_length%%' AND bound.argument = 'SET SESSION max_statement_time = %d'
		AND bound.event_time <= reading.event_time`, dataStatementSeconds))
	if bounded == "0" {
		t.Errorf("no reading was bounded: %s", query(t, root, "SELECT COUNT(*) FROM mysql.general_log"))
	}
}
