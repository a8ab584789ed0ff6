package backend

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func TestPoolOfAVanishedServerDrains(t *testing.T) {
	needServers(t)
	m := manage(t, Config{}, libraries([]string{first.Addr()}))
	held, spare := acquire(t, m, plain), acquire(t, m, plain)
	spare.Release()
	awaitIdle(t, m, 1)
	old := m.servers[first.Addr()].pool

	m.Update(libraries([]string{second.Addr()}), settings())
	if v := held.Begin(false); v != Gone {
		t.Errorf("a connection to a server that left the library: %d", v)
	}
	if got := query(t, held.link, "SELECT 1"); got != "1" {
		t.Errorf("a connection in use does not work on: %q", got)
	}
	if p := old.stats(); p.Idle != 0 || p.InUse != 1 {
		t.Errorf("idle connections to a vanished server: %+v", p)
	}
	held.Release()
	if p := old.stats(); p.Idle+p.InUse+p.Resetting != 0 || old.count != 0 {
		t.Errorf("after the release: %+v", p)
	}
	if got := serverOf(t, m); got != second.Addr() {
		t.Errorf("got %s", got)
	}
	if all := m.Health(); len(all) != 1 || all[0].Address != second.Addr() {
		t.Errorf("%+v", all)
	}
	root := admin(t, first.Addr())
	eventually(t, "no connection of ours is left at the vanished server, the probe's neither", func() bool {
		return othersAt(t, root) == "0"
	})
}

// othersAt counts the connections of the tests' account besides that one.
func othersAt(t *testing.T, root *link) string {
	t.Helper()
	return query(t, root, "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'test' AND ID <> CONNECTION_ID()")
}

func TestWaitingCallerFollowsItsLibraryToAnotherServer(t *testing.T) {
	needServers(t)
	m := manage(t, Config{MaxPerServer: 1, WaitTimeout: patience}, libraries([]string{first.Addr()}))
	held := acquire(t, m, plain)
	defer held.Release()
	got := make(chan string)
	go func() {
		c, err := m.Acquire(context.Background(), 1, plain)
		if err != nil {
			got <- err.Error()
			return
		}
		c.Discard()
		got <- c.Server()
	}()
	eventually(t, "the caller waits", func() bool { return statsOf(m).Waiting == 1 })
	m.Update(libraries([]string{second.Addr()}), settings())
	if server := <-got; server != second.Addr() {
		t.Errorf("got %s", server)
	}
}

func TestChangedAccountRetiresConnections(t *testing.T) {
	m := oneConnection(t)
	root := admin(t, first.Addr())
	query(t, root, "CREATE USER other IDENTIFIED BY 'secret'")
	query(t, root, "GRANT ALL ON *.* TO other")
	t.Cleanup(func() { query(t, root, "DROP USER other") })
	held, spare := acquire(t, m, plain), acquire(t, m, plain)
	spare.Release()
	awaitIdle(t, m, 1)

	changed := settings()
	changed.User, changed.Password = "other", "secret"
	m.Update(libraries([]string{first.Addr()}), changed)
	if p := statsOf(m); p.Idle != 0 || held.Begin(false) != Moved {
		t.Errorf("connections of the old account are kept: %+v", p)
	}
	held.Release()
	awaitIdle(t, m, 0)
	c := acquire(t, m, plain)
	defer c.Discard()
	if got := query(t, c.link, "SELECT USER()"); !strings.HasPrefix(got, "other@") {
		t.Errorf("logged in as %s", got)
	}
	eventually(t, "the probe uses the new account", func() bool {
		return othersAt(t, root) == "0"
	})
}

func TestCloseEndsEverything(t *testing.T) {
	needServers(t)
	m := New(Config{MaxPerServer: 2, WaitTimeout: patience, ResetTimeout: time.Hour})
	m.Update(libraries([]string{first.Addr()}), settings())
	held := acquire(t, m, plain)
	resetting := acquire(t, m, plain)
	waited := make(chan error)
	go func() {
		other := plain
		other.Collation = 8
		_, err := m.Acquire(context.Background(), 1, other)
		waited <- err
	}()
	eventually(t, "the caller waits", func() bool { return statsOf(m).Waiting == 1 })
	keepBusy(t, resetting)
	resetting.Release()
	m.Close()
	m.Close()
	if err := <-waited; !errors.Is(err, ErrClosed) {
		t.Errorf("the caller that waited: %v", err)
	}
	if held.Alive() {
		t.Error("a connection in use is still open")
	}
	held.Release()
	m.Update(libraries([]string{second.Addr()}), settings())
	if _, err := m.Acquire(t.Context(), 1, plain); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestMetricsOfVanishedServersVanish(t *testing.T) {
	needServers(t)
	registry := prometheus.NewPedanticRegistry()
	m := manage(t, Config{Registerer: registry}, libraries([]string{first.Addr()}))
	c := acquire(t, m, plain)
	defer c.Discard()
	got := series(t, registry, first.Addr())
	for name, want := range map[string]float64{
		"mysqlda_backend_connections library_1 SERVER idle":                     0,
		"mysqlda_backend_connections library_1 SERVER in_use":                   1,
		"mysqlda_backend_connections library_1 SERVER connecting":               0,
		"mysqlda_backend_connections library_1 SERVER resetting":                0,
		"mysqlda_backend_waiting library_1 SERVER":                              0,
		"mysqlda_backend_connects_total library_1 ok SERVER":                    1,
		"mysqlda_backend_connects_total library_1 failed SERVER":                0,
		"mysqlda_backend_reuses_total library_1 SERVER":                         0,
		"mysqlda_backend_resets_total library_1 ok SERVER":                      0,
		"mysqlda_backend_resets_total library_1 closed SERVER":                  0,
		"mysqlda_backend_wait_seconds library_1 SERVER":                         0,
		"mysqlda_backend_waits_in_vain_total library_1 timeout SERVER":          0,
		"mysqlda_backend_waits_in_vain_total library_1 too_many_waiting SERVER": 0,
		"mysqlda_backend_shortages_total library_1 SERVER":                      0,
		"mysqlda_server_healthy SERVER":                                         1,
	} {
		if value, ok := got[name]; !ok || value != want {
			t.Errorf("%s: %v, %t; want %v", name, value, ok, want)
		}
	}
	m.Update(libraries([]string{second.Addr()}), settings())
	if got := series(t, registry, first.Addr()); len(got) != 0 {
		t.Errorf("series of the vanished server are left: %v", got)
	}
	m.Close()
	if got := series(t, registry, second.Addr()); len(got) != 0 {
		t.Errorf("series are left after Close: %v", got)
	}
}

// series are the values with that server among their labels, by the metric's
// name and the labels' values in the order of the labels' names.
func series(t *testing.T, from prometheus.Gatherer, server string) map[string]float64 {
	t.Helper()
	families, err := from.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]float64)
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			name, ours := family.GetName(), false
			for _, label := range metric.GetLabel() {
				if label.GetValue() == server {
					name, ours = name+" SERVER", true
				} else {
					name += " " + label.GetValue()
				}
			}
			if ours {
				found[name] = metric.GetGauge().GetValue() + metric.GetCounter().GetValue()
			}
		}
	}
	return found
}
