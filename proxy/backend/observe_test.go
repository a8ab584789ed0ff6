package backend

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap/zaptest"

	"github.com/mysqlda/mysqlda/fsm/topology"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

func TestObservationsTellWhatServersSay(t *testing.T) {
	t.Parallel()
	g := replicated(t, 3, mysqld.GroupOptions{})
	g.exec(0, mysqld.App, "INSERT INTO t VALUES (1)")
	g.awaitRows(1, 1)

	source := g.see(0)
	f := source.Facts
	if !source.Known || !source.Reachable || source.LastError != "" || source.Missing != "" || source.Age > time.Minute {
		t.Errorf("%+v", source)
	}
	if f.Flavour != topology.MariaDB || !strings.Contains(f.Version, "MariaDB") || f.ID != "1" || f.ReadOnly || !f.Feeds || f.Source != nil {
		t.Errorf("%+v", f)
	}
	if f.Executed != "0-1-2" || f.History != "0-1-2" {
		t.Errorf("%+v", f)
	}
	if s := f.SemiSync; !s.SourceEnabled || !s.SourceActive || !s.ReplicaEnabled || s.Acks != 1 || s.Timeout != 1e9*time.Millisecond {
		t.Errorf("%+v", s)
	}

	eventually(t, "the replica has all", func() bool { return g.see(1).Facts.Executed == "0-1-2" })
	f = g.see(1).Facts
	if f.ID != "2" || !f.ReadOnly || !f.Feeds || f.History != "0-1-2" || f.SemiSync.SourceEnabled || !f.SemiSync.ReplicaEnabled {
		t.Errorf("%+v", f)
	}
	want := topology.Source{
		Address: g.Servers[0].Addr(), ID: "1", Receiving: true, Applying: true,
		Received: "0-1-2", UsesGTID: true, LagKnown: true,
	}
	if f.Source == nil || *f.Source != want {
		t.Errorf("%+v, want %+v", f.Source, want)
	}

	// What a replica has received is seen although it cannot execute it.
	g.exec(1, root, "SET sql_log_bin = 0", "INSERT INTO t VALUES (2)")
	g.exec(0, mysqld.App, "INSERT INTO t VALUES (2)", "INSERT INTO t VALUES (3)")
	eventually(t, "the replica breaks", func() bool {
		s := g.see(1).Facts.Source
		return s != nil && !s.Applying && s.Receiving && s.Received == "0-1-4" &&
			strings.Contains(s.LastError, "Duplicate entry") && !s.LagKnown
	})
	if f := g.see(1).Facts; f.Executed != "0-1-2" {
		t.Errorf("%+v", f)
	}

	old := g.see(2).Facts
	if err := g.Servers[2].Kill(); err != nil {
		t.Fatal(err)
	}
	dead := g.see(2)
	if !dead.Known || dead.Reachable || dead.LastError == "" || dead.Facts.ID != old.ID || dead.Facts.Source == nil {
		t.Errorf("%+v", dead)
	}
	if h := healthOf(g.manager, g.Servers[0].Addr()); h.Facts.ID != "1" {
		t.Errorf("%+v", h)
	}
}

func TestReplicaOfADeadSourceSaysSo(t *testing.T) {
	t.Parallel()
	g := replicated(t, 2, mysqld.GroupOptions{})
	if err := g.Servers[0].Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the replica has noticed", func() bool {
		s := g.see(1).Facts.Source
		return s != nil && !s.Receiving && s.Applying && !s.LagKnown && s.LastError != ""
	})
}

func TestObserveLooksAgainAtWhatIsTooOld(t *testing.T) {
	needServers(t)
	m := manage(t, Config{ProbeInterval: time.Hour}, libraries([]string{first.Addr(), second.Addr()}))
	ctx := t.Context()
	servers := []string{first.Addr(), "127.0.0.1:1", second.Addr()}
	seen := m.Observe(ctx, servers, time.Hour)
	if !seen[0].Known || seen[1].Known || !seen[2].Known {
		t.Fatalf("%+v", seen)
	}
	for i, o := range seen {
		if o.Address != servers[i] || o.Known != o.Reachable || o.Known != (o.Facts.ID != "") {
			t.Errorf("%+v", o)
		}
	}
	checked := healthOf(m, first.Addr()).CheckedAt
	if again := m.Observe(ctx, servers, time.Hour); !healthOf(m, first.Addr()).CheckedAt.Equal(checked) || again[0].Age < seen[0].Age {
		t.Errorf("a young observation was made again: %+v", again)
	}
	began := time.Now()
	if again := m.Observe(ctx, servers, 0); healthOf(m, first.Addr()).CheckedAt.Equal(checked) || again[0].Age > time.Since(began) {
		t.Errorf("an old observation was told: %+v", again)
	}
}

func TestServerWithoutOthersIsOnlyPinged(t *testing.T) {
	needServers(t)
	m := manage(t, Config{}, libraries([]string{first.Addr()}))
	eventually(t, "probed", func() bool { return !healthOf(m, first.Addr()).CheckedAt.IsZero() })
	if h := healthOf(m, first.Addr()); h.Facts.ID != "" {
		t.Errorf("%+v", h)
	}
	m.Update(libraries([]string{first.Addr(), second.Addr()}), settings())
	eventually(t, "asked for its facts", func() bool { return healthOf(m, first.Addr()).Facts.ID != "" })
}

func TestOneServerThatHangsDelaysNoOther(t *testing.T) {
	needServers(t)
	s := mysqld.ForTest(t, mysqld.Options{})
	m := manage(t, Config{ProbeTimeout: time.Hour}, libraries([]string{s.Addr(), first.Addr()}))
	m.Observe(t.Context(), []string{s.Addr()}, 0)
	if err := s.Pause(); err != nil {
		t.Fatal(err)
	}
	m.Suspect(s.Addr())
	for range 2 {
		if o := m.Observe(t.Context(), []string{first.Addr()}, 0)[0]; !o.Reachable {
			t.Errorf("%+v", o)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	o := m.Observe(ctx, []string{s.Addr()}, 0)[0]
	if !o.Known || o.Age < 50*time.Millisecond {
		t.Errorf("%+v", o)
	}
	if err := s.Resume(); err != nil {
		t.Fatal(err)
	}
}

func TestObservationNamesTheMissingRight(t *testing.T) {
	t.Parallel()
	g := replicated(t, 2, mysqld.GroupOptions{})
	g.exec(1, root, "SET sql_log_bin = 0", "REVOKE SLAVE MONITOR, REPLICATION SLAVE ADMIN ON *.* FROM failover", "KILL USER failover")
	eventually(t, "the right is missed", func() bool {
		o := g.see(1)
		return o.Reachable && o.Facts.ID == "2" && o.Facts.ReadOnly && o.Facts.Source == nil &&
			strings.Contains(o.Missing, "SLAVE MONITOR") && strings.Contains(o.Missing, "to 'failover'")
	})
}

func TestServerThatRefusesTheFailoverAccountServesClients(t *testing.T) {
	t.Parallel()
	g := replicated(t, 2, mysqld.GroupOptions{})
	s := groupSettings()
	s.Failover.Password = "wrong"
	g.manager.Update(libraries(g.Addrs()), s)
	eventually(t, "the account is refused", func() bool { return g.see(0).Missing != "" })
	o := g.see(0)
	if !o.Reachable || o.Facts.ID != "1" || !strings.Contains(o.Missing, "failover account is refused") || strings.Contains(o.Missing, "wrong") {
		t.Errorf("%+v", o)
	}
	if h := healthOf(g.manager, g.Servers[0].Addr()); !h.Healthy || h.Missing == "" {
		t.Errorf("%+v", h)
	}
	// The change of the password reaches the probes.
	g.exec(0, root, "SET sql_log_bin = 0", "SET PASSWORD FOR failover = PASSWORD('wrong')")
	s = groupSettings()
	s.Failover.Password = "right"
	g.exec(0, root, "SET sql_log_bin = 0", "SET PASSWORD FOR failover = PASSWORD('right')")
	g.manager.Update(libraries(g.Addrs()), s)
	eventually(t, "the account is let in", func() bool { return g.see(0).Missing == "" })
}

func TestServerIsLookedAtAtOnceWhenSomethingWentWrong(t *testing.T) {
	needServers(t)
	s := mysqld.ForTest(t, mysqld.Options{})
	m := New(Config{Logger: zaptest.NewLogger(t), ProbeInterval: time.Hour})
	t.Cleanup(m.Close)
	m.Update(libraries([]string{s.Addr()}), settings())
	eventually(t, "probed", func() bool { return !healthOf(m, s.Addr()).CheckedAt.IsZero() })
	c := acquire(t, m, plain)
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	c.Discard() // as a session does that finds it broken
	eventually(t, "found dead", func() bool { return foundDead(m, s.Addr()) })
}
