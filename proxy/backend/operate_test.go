package backend

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/fsm/topology"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

var (
	fenceWrites = topology.Operation{Kind: topology.Fence, ReadOnly: true}
	promote     = topology.Operation{Kind: topology.Promote}
	seal        = topology.Operation{Kind: topology.Seal}
	unfence     = topology.Operation{Kind: topology.Unfence}
)

func (g *group) followOf(i int) topology.Operation {
	return topology.Operation{Kind: topology.Follow, Source: g.Servers[i].Addr()}
}

// commitThatWaits begins a commit that no replica acknowledges, and returns what
// becomes of it.
func (g *group) commitThatWaits(i, id int) <-chan error {
	g.t.Helper()
	done := make(chan error, 1)
	db := g.db(i, mysqld.App)
	go func() {
		_, err := db.ExecContext(context.WithoutCancel(g.t.Context()), fmt.Sprintf("INSERT INTO t VALUES (%d)", id))
		done <- err
	}()
	eventually(g.t, "a commit waits", func() bool {
		return g.ask(i, "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Waiting for semi-sync ACK%'") == "1"
	})
	return done
}

func TestFenceEndsClientsAndRefusesWrites(t *testing.T) {
	t.Parallel()
	g := replicated(t, 2, mysqld.GroupOptions{})
	app := g.db(0, mysqld.App)
	idle := g.on(app)
	open := g.on(app, "BEGIN", "INSERT INTO t VALUES (1)")
	others := g.on(g.db(0, root), "CREATE TABLE other (id INT)") // of nobody's concern
	g.exec(1, root, "STOP SLAVE IO_THREAD")
	waiting := g.commitThatWaits(0, 2)
	g.on(app, "LOCK TABLES other WRITE")

	facts := g.must(0, fenceWrites)
	if !facts.ReadOnly || facts.ID != "1" {
		t.Errorf("%+v", facts)
	}
	if err := <-waiting; err == nil {
		t.Error("the client was told that a commit is done that no replica has")
	}
	for name, c := range map[string]interface {
		PingContext(context.Context) error
	}{"idle": idle, "open": open} {
		if err := c.PingContext(t.Context()); err == nil {
			t.Errorf("the %s connection lives on", name)
		}
	}
	if err := others.PingContext(t.Context()); err != nil {
		t.Errorf("another account's connection was ended: %v", err)
	}
	if _, err := app.ExecContext(t.Context(), "INSERT INTO t VALUES (3)"); err == nil {
		t.Error("a client writes")
	}
	if rows := g.ask(0, "SELECT COUNT(*) FROM t WHERE id = 1"); rows != "0" {
		t.Errorf("%s rows of a transaction that was open", rows)
	}
	for range 2 {
		if facts := g.must(0, fenceWrites); !facts.ReadOnly {
			t.Errorf("%+v", facts)
		}
	}
	for range 2 {
		if facts := g.must(0, unfence); facts.ReadOnly {
			t.Errorf("%+v", facts)
		}
	}
}

func TestFenceWithoutReadOnlyOnlyEndsClients(t *testing.T) {
	t.Parallel()
	g := replicated(t, 1, mysqld.GroupOptions{Server: mysqld.Options{Replication: &mysqld.Replication{Asynchronous: true}}})
	app := g.db(0, mysqld.App)
	before := g.on(app, "SELECT 1")
	if facts := g.must(0, topology.Operation{Kind: topology.Fence}); facts.ReadOnly {
		t.Errorf("%+v", facts)
	}
	if err := before.PingContext(t.Context()); err == nil {
		t.Error("the client's connection lives on")
	}
	g.on(g.db(0, mysqld.App), "CREATE TABLE t (id INT)")
}

// TestFenceThatCannotIsOver checks that an operation is bounded, and that what it
// has given up does not happen later.
func TestFenceThatCannotIsOver(t *testing.T) {
	t.Parallel()
	g := replicated(t, 1, mysqld.GroupOptions{Server: mysqld.Options{Replication: &mysqld.Replication{Asynchronous: true}}})
	admin := g.on(g.db(0, root), "CREATE TABLE t (id INT)", "LOCK TABLES t WRITE")
	for _, timeout := range []time.Duration{300 * time.Millisecond, 2500 * time.Millisecond} {
		_, err := g.operate(0, topology.Operation{Kind: topology.Fence, ReadOnly: true, Timeout: timeout})
		if err == nil || !strings.Contains(err.Error(), "locks") || !strings.Contains(err.Error(), g.Servers[0].Addr()) {
			t.Fatal(err)
		}
	}
	eventually(t, "nothing waits", func() bool {
		return g.ask(0, "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SET GLOBAL%'") == "0"
	})
	if _, err := admin.ExecContext(t.Context(), "UNLOCK TABLES"); err != nil {
		t.Fatal(err)
	}
	if f := g.see(0).Facts; f.ReadOnly {
		t.Errorf("%+v", f)
	}
	g.must(0, fenceWrites)
}

func TestOperationAtAServerThatHangsIsOver(t *testing.T) {
	t.Parallel()
	g := replicated(t, 1, mysqld.GroupOptions{})
	if err := g.Servers[0].Pause(); err != nil {
		t.Fatal(err)
	}
	for _, op := range []topology.Operation{fenceWrites, unfence, seal, promote} {
		op.Timeout = 50 * time.Millisecond
		if _, err := g.operate(0, op); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", op.Kind, err)
		}
	}
	if err := g.Servers[0].Resume(); err != nil {
		t.Fatal(err)
	}
}

func TestPromoteAppliesEverythingReceived(t *testing.T) {
	t.Parallel()
	g := replicated(t, 2, mysqld.GroupOptions{})
	blocker := g.on(g.db(1, root), "LOCK TABLES t READ")
	const rows = 50
	for id := range rows {
		g.exec(0, mysqld.App, fmt.Sprintf("INSERT INTO t VALUES (%d)", id))
	}
	acknowledged := g.see(0).Facts.Executed
	if err := g.Servers[0].Kill(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		facts := g.must(1, seal)
		if s := facts.Source; s == nil || s.Receiving || !s.Applying || s.Received != acknowledged || facts.Executed == acknowledged {
			t.Errorf("sealed: %+v, %+v; %s was acknowledged", facts, facts.Source, acknowledged)
		}
	}
	slow := promote
	slow.Timeout = 700 * time.Millisecond
	if facts, err := g.operate(1, slow); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), acknowledged) || !facts.ReadOnly {
		t.Errorf("promoted without what was received: %+v, %v", facts, err)
	}
	if _, err := blocker.ExecContext(t.Context(), "UNLOCK TABLES"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		facts := g.must(1, promote)
		if facts.ReadOnly || facts.Source != nil || facts.Executed != acknowledged || !facts.SemiSync.SourceEnabled {
			t.Errorf("%+v", facts)
		}
	}
	if n := g.ask(1, "SELECT COUNT(*) FROM t"); n != fmt.Sprint(rows) {
		t.Errorf("%s rows", n)
	}
}

func TestPromoteRefusesAReplicaThatIsBroken(t *testing.T) {
	t.Parallel()
	g := replicated(t, 2, mysqld.GroupOptions{})
	g.exec(1, root, "SET sql_log_bin = 0", "INSERT INTO t VALUES (1)")
	g.exec(0, mysqld.App, "INSERT INTO t VALUES (1)")
	eventually(t, "the replica breaks", func() bool { s := g.see(1).Facts.Source; return s != nil && !s.Applying })
	for _, op := range []topology.Operation{{Kind: topology.CatchUp, Position: "0-1-2"}, promote} {
		facts, err := g.operate(1, op)
		if err == nil || !strings.Contains(err.Error(), "Duplicate entry") {
			t.Errorf("%s: %v", op.Kind, err)
		}
		if !facts.ReadOnly || facts.Source == nil {
			t.Errorf("%+v", facts)
		}
	}
}

func TestSealStartsAnApplierThatWasStopped(t *testing.T) {
	t.Parallel()
	g := replicated(t, 2, mysqld.GroupOptions{})
	g.exec(1, root, "STOP SLAVE SQL_THREAD")
	g.exec(0, mysqld.App, "INSERT INTO t VALUES (1)")
	g.must(1, seal)
	g.must(1, promote)
	if n := g.ask(1, "SELECT COUNT(*) FROM t"); n != "1" {
		t.Errorf("%s rows", n)
	}
}

// TestReplicaThatWaitsForReplicasOfItsOwn is about a server whose configuration makes
// it a source at each start: as a replica it would wait with all that it executes.
func TestReplicaThatWaitsForReplicasOfItsOwn(t *testing.T) {
	t.Parallel()
	g := replicated(t, 3, mysqld.GroupOptions{})
	for _, i := range []int{1, 2} {
		g.exec(i, root, "SET GLOBAL rpl_semi_sync_master_enabled = ON")
	}
	g.exec(0, mysqld.App, "INSERT INTO t VALUES (1)")
	for _, i := range []int{1, 2} {
		eventually(t, "what it executes waits", func() bool {
			return g.ask(i, "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Waiting for semi-sync ACK%'") == "1"
		})
	}
	if facts := g.must(2, g.followOf(0)); facts.SemiSync.SourceEnabled {
		t.Errorf("%+v", facts)
	}
	g.awaitRows(2, 1)
	if err := g.Servers[0].Kill(); err != nil {
		t.Fatal(err)
	}
	g.must(1, seal)
	if facts := g.must(1, promote); !facts.SemiSync.SourceEnabled {
		t.Errorf("%+v", facts)
	}
	g.awaitRows(1, 1)
}

func TestCatchUpWaitsForAPosition(t *testing.T) {
	t.Parallel()
	g := replicated(t, 2, mysqld.GroupOptions{})
	blocker := g.on(g.db(1, root), "LOCK TABLES t READ")
	g.exec(0, mysqld.App, "INSERT INTO t VALUES (1)")
	op := topology.Operation{Kind: topology.CatchUp, Position: g.see(0).Facts.Executed, Timeout: 400 * time.Millisecond}
	if _, err := g.operate(1, op); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if _, err := blocker.ExecContext(t.Context(), "UNLOCK TABLES"); err != nil {
		t.Fatal(err)
	}
	op.Timeout = 0
	for range 2 {
		if facts := g.must(1, op); facts.Executed != op.Position {
			t.Errorf("%+v", facts)
		}
	}
	if _, err := g.operate(0, topology.Operation{Kind: topology.CatchUp, Position: "0-1-999"}); err == nil || !strings.Contains(err.Error(), "replicates from no server") {
		t.Errorf("a server that will never get there: %v", err)
	}
	if _, err := g.operate(0, topology.Operation{Kind: topology.CatchUp, Position: "nonsense"}); !errors.Is(err, topology.ErrBadPosition) {
		t.Errorf("%v", err)
	}
}

// TestServersChangeRoles goes once around: the source dies, a replica takes its
// place, another replica and the old source follow it, and back.
func TestServersChangeRoles(t *testing.T) {
	t.Parallel()
	g := replicated(t, 3, mysqld.GroupOptions{})
	g.exec(0, mysqld.App, "INSERT INTO t VALUES (1)")
	g.awaitRows(1, 1) // it was acknowledged when one of the two had it
	if err := g.Servers[0].Kill(); err != nil {
		t.Fatal(err)
	}
	g.must(1, seal)
	g.must(1, promote)
	for range 2 {
		facts := g.must(2, g.followOf(1))
		if s := facts.Source; !facts.ReadOnly || s == nil || s.Address != g.Servers[1].Addr() || !s.Receiving || !s.Applying || !s.UsesGTID {
			t.Errorf("%+v, %+v", facts, s)
		}
	}
	// From now on nobody can begin anew: the beginning is gone.
	g.exec(1, root, "FLUSH BINARY LOGS")
	eventually(t, "nobody reads the beginning", func() bool {
		g.exec(1, root, "PURGE BINARY LOGS BEFORE NOW() + INTERVAL 1 DAY")
		_, err := os.Stat(filepath.Join(g.Servers[1].DataDir(), "binlog.000001"))
		return errors.Is(err, fs.ErrNotExist)
	})
	g.exec(1, mysqld.App, "INSERT INTO t VALUES (2)") // which waits for server 2

	if err := g.Servers[0].Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	app := g.on(g.db(0, mysqld.App), "SELECT 1")
	facts := g.must(0, g.followOf(1))
	if !facts.ReadOnly || facts.Source == nil || facts.SemiSync.SourceEnabled {
		t.Errorf("%+v", facts)
	}
	if app.PingContext(t.Context()) == nil {
		t.Error("a client goes on at a server that has become a replica")
	}
	g.awaitRows(0, 2)
	g.exec(1, mysqld.App, "INSERT INTO t VALUES (3)")
	g.awaitRows(0, 3)
	eventually(t, "all are equal", func() bool {
		return g.see(0).Facts.History == g.see(1).Facts.History && g.see(2).Facts.History == g.see(1).Facts.History
	})
	if history := g.see(0).Facts.History; history != "0-1-2,0-2-4" {
		t.Errorf("%s", history)
	}

	// Back, as planned: nothing dies.
	g.must(1, fenceWrites)
	position := g.see(1).Facts.Executed
	g.must(0, topology.Operation{Kind: topology.CatchUp, Position: position})
	g.must(0, seal)
	g.must(0, promote)
	g.must(1, g.followOf(0))
	g.must(2, g.followOf(0))
	g.exec(0, mysqld.App, "INSERT INTO t VALUES (4)")
	g.awaitRows(1, 4)
	g.awaitRows(2, 4)
}

func TestServerThatHasWhatNobodyElseHasIsFound(t *testing.T) {
	t.Parallel()
	g := replicated(t, 2, mysqld.GroupOptions{})
	g.exec(1, root, "STOP SLAVE IO_THREAD")
	waiting := g.commitThatWaits(0, 1)
	if err := g.Servers[0].Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-waiting; err == nil {
		t.Fatal("acknowledged")
	}
	g.must(1, promote)
	// Nobody is left who acknowledges.
	g.exec(1, root, "SET GLOBAL rpl_semi_sync_master_enabled = OFF")
	g.exec(1, mysqld.App, "INSERT INTO t VALUES (2)")
	if err := g.Servers[0].Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	// A server that is a replica too when it starts gives up what was not
	// acknowledged; what somebody writes at the wrong place it keeps.
	g.exec(0, root, "SET GLOBAL rpl_semi_sync_master_enabled = OFF")
	g.exec(0, mysqld.App, "INSERT INTO t VALUES (3)")
	eventually(t, "the server is seen again", func() bool { return g.see(0).Reachable })
	old, active := g.see(0).Facts, g.see(1).Facts
	missing, err := topology.Errant(topology.MariaDB, old.History, active.History)
	if err != nil || !strings.HasPrefix(missing, "0-1-") {
		t.Errorf("%q of %q is not in %q: %v", missing, old.History, active.History, err)
	}
	facts, err := g.operate(0, g.followOf(1))
	if err == nil || !strings.Contains(err.Error(), "not in the master's binlog") && !strings.Contains(err.Error(), "does not receive") {
		t.Errorf("it follows: %+v, %v", facts.Source, err)
	}
	if !facts.ReadOnly {
		t.Errorf("%+v", facts)
	}
}

func TestFollowSaysWhyItCannot(t *testing.T) {
	t.Parallel()
	g := replicated(t, 2, mysqld.GroupOptions{})
	s := groupSettings()
	s.Failover.ReplicationPassword = "it's \\wrong"
	g.manager.Update(libraries(g.Addrs()), s)
	g.exec(1, root, "STOP SLAVE")
	op := g.followOf(0)
	op.Timeout = 3 * time.Second
	_, err := g.operate(1, op)
	if err == nil || !strings.Contains(err.Error(), "Access denied for user 'replicator'") {
		t.Errorf("%v", err)
	}
	if err != nil && strings.Contains(err.Error(), "wrong") {
		t.Errorf("the error holds the password: %v", err)
	}
	g.manager.Update(libraries(g.Addrs()), groupSettings())
	g.must(1, g.followOf(0))
	if _, err := g.operate(1, g.followOf(1)); err == nil {
		t.Error("a server follows itself")
	}
}

func TestOperationsNameTheMissingRight(t *testing.T) {
	t.Parallel()
	g := replicated(t, 2, mysqld.GroupOptions{})
	all := strings.Split(g.Servers[0].FailoverRights(), ", ")
	g.exec(1, root, "SET sql_log_bin = 0", "CREATE USER less IDENTIFIED BY 'x'")
	s := groupSettings()
	s.Failover.User, s.Failover.Password = "less", "x"
	g.manager.Update(libraries(g.Addrs()), s)
	g.on(g.db(1, mysqld.App), "SELECT 1") // somebody to end
	for _, c := range []struct {
		right     string
		op        topology.Operation
		otherwise string
	}{
		{"PROCESS", fenceWrites, ""},
		{"CONNECTION ADMIN", fenceWrites, "SET GLOBAL read_only = OFF"},
		{"READ_ONLY ADMIN", fenceWrites, "SET GLOBAL read_only = OFF"},
		{"READ_ONLY ADMIN", unfence, "SET GLOBAL read_only = ON"},
		{"SLAVE MONITOR", promote, ""},
		{"REPLICATION SLAVE ADMIN", seal, ""},
		{"RELOAD", promote, ""},
		{"REPLICATION MASTER ADMIN", g.followOf(0), "SET GLOBAL rpl_semi_sync_master_enabled = ON"},
	} {
		g.exec(1, root, "SET sql_log_bin = 0", "REVOKE ALL, GRANT OPTION FROM less")
		for _, right := range all {
			if right != c.right {
				g.exec(1, root, "SET sql_log_bin = 0", "GRANT "+right+" ON *.* TO less")
			}
		}
		if c.otherwise != "" {
			g.exec(1, root, c.otherwise)
		}
		_, err := g.operate(1, c.op)
		if err == nil {
			t.Errorf("%s without %s worked", c.op.Kind, c.right)
			continue
		}
		if text := err.Error(); !strings.Contains(text, c.right) || !strings.Contains(text, "grant PROCESS") || !strings.Contains(text, "to 'less'") {
			t.Errorf("%s without %s: %v", c.op.Kind, c.right, err)
		}
	}
	// With all of them everything works.
	g.exec(1, root, "SET sql_log_bin = 0", "GRANT "+g.Servers[1].FailoverRights()+" ON *.* TO less")
	g.must(1, g.followOf(0))
	g.must(1, promote)
}

func TestOperateKnowsItsServers(t *testing.T) {
	needServers(t)
	m := manage(t, Config{}, libraries([]string{first.Addr()}))
	if _, err := m.Operate(t.Context(), topology.Operation{Kind: topology.Unfence, Server: "127.0.0.1:1", Timeout: time.Second}); !errors.Is(err, errRetired) {
		t.Errorf("%v", err)
	}
	m.Close()
	if _, err := m.Operate(t.Context(), topology.Operation{Kind: topology.Unfence, Server: first.Addr(), Timeout: time.Second}); !errors.Is(err, ErrClosed) {
		t.Errorf("%v", err)
	}
}

// A server whose configuration makes it a source at each start, and writable, comes
// back as a replica whose applier stands in a commit: read_only would wait behind it.
func TestRestartedReplicaThatWaitsForReplicasOfItsOwnFollows(t *testing.T) {
	t.Parallel()
	g := replicated(t, 2, mysqld.GroupOptions{})
	g.exec(1, root, "STOP SLAVE")
	g.exec(1, root, "SET GLOBAL read_only = OFF")
	g.exec(1, root, "SET GLOBAL rpl_semi_sync_master_enabled = ON")
	g.exec(1, root, "START SLAVE")
	g.exec(0, mysqld.App, "INSERT INTO t VALUES (1)")
	g.exec(0, mysqld.App, "INSERT INTO t VALUES (2)")
	g.must(1, g.followOf(0))
	g.awaitRows(1, 2)
	if f := g.see(1).Facts; !f.ReadOnly || f.SemiSync.SourceEnabled {
		t.Errorf("%+v", f)
	}
}
