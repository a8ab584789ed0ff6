package integration

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// busy is a number of sessions in one library that never pause, each with statements
// outside transactions or with short transactions only.
type busy struct {
	mu      sync.Mutex
	answers map[int]int // by the port of the server that gave them
	failed  []error

	stop     context.CancelFunc
	sessions sync.WaitGroup
}

// startBusy starts one session of either kind at each node.
func startBusy(t *testing.T, nodes []*cluster.Node) *busy {
	ctx, stop := context.WithCancel(t.Context())
	b := &busy{answers: make(map[int]int), stop: stop}
	t.Cleanup(b.end)
	for _, n := range nodes {
		for _, work := range []func(context.Context, *sql.Conn) (int, error){statement, transaction} {
			conn := connect(t, n)
			if _, err := selectLibrary(t.Context(), conn, "cust"); err != nil {
				t.Fatal(err)
			}
			b.sessions.Go(func() { b.session(ctx, conn, work) })
		}
	}
	return b
}

// statement asks for something outside a transaction.
func statement(ctx context.Context, conn *sql.Conn) (port int, err error) {
	err = conn.QueryRowContext(ctx, "SELECT @@port").Scan(&port)
	return port, err
}

// transaction asks twice in one transaction, which must stay at one server.
func transaction(ctx context.Context, conn *sql.Conn) (int, error) {
	if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
		return 0, fmt.Errorf("begin: %w", err)
	}
	first, err := statement(ctx, conn)
	if err != nil {
		return 0, fmt.Errorf("in a transaction: %w", err)
	}
	second, err := statement(ctx, conn)
	if err == nil && second != first {
		err = fmt.Errorf("it went on at %d, from %d", second, first)
	}
	if err != nil {
		return 0, fmt.Errorf("in a transaction: %w", err)
	}
	if _, err := conn.ExecContext(ctx, "COMMIT"); err != nil {
		return 0, fmt.Errorf("commit: %w", err)
	}
	return first, nil
}

func (b *busy) session(ctx context.Context, conn *sql.Conn, work func(context.Context, *sql.Conn) (int, error)) {
	// A statement that is under way when the test ends is brought to its end.
	patient, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*patience)
	defer cancel()
	for ctx.Err() == nil {
		port, err := work(patient, conn)
		b.mu.Lock()
		if err != nil {
			b.failed = append(b.failed, err)
			b.mu.Unlock()
			return
		}
		b.answers[port]++
		b.mu.Unlock()
	}
}

// end ends the sessions and waits for them. It may be called more than once.
func (b *busy) end() {
	b.stop()
	b.sessions.Wait()
}

// waitAnswers waits until a server has given so many answers more.
func (b *busy) waitAnswers(t *testing.T, s *mysqld.Server, more int) {
	t.Helper()
	b.mu.Lock()
	goal := b.answers[s.Port()] + more
	b.mu.Unlock()
	err := wait.For(within(t), "the server answers", func(context.Context) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch {
		case len(b.failed) > 0:
			return wait.Hopeless(errors.Join(b.failed...))
		case b.answers[s.Port()] < goal:
			return fmt.Errorf("answers by port: %v", b.answers)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A server that leaves a library's list, active or not, fails no statement: those
// outside transactions go on at the active server, and transactions end where they
// are.
func TestTakingServersAwayUnderLoadFailsNothing(t *testing.T) {
	t.Parallel()
	c, one, two := twoServers(t, 3)
	n := c.Nodes[0]
	// The machine may be slow: a statement waits as long as a switch takes.
	cli(t, n, "settings", "set", fmt.Sprintf("failover.wait=%d", int(patience/time.Second)))
	b := startBusy(t, c.Nodes)
	b.waitAnswers(t, one, 100)
	apply := func(servers ...string) {
		t.Helper()
		cli(t, n, "apply", "-f", reloadFile(t, nil, servers...), "--drain", patience.String(), "--wait", "--timeout", patience.String())
	}

	apply(two.Addr()) // the active one goes
	for _, n := range c.Nodes {
		waitLibrary(t, n, "the old server is gone", func(l libraryState) bool {
			return l.Active == two.Addr() && len(l.Servers) == 1
		})
	}
	b.waitAnswers(t, two, 100)
	b.mu.Lock()
	gone := b.answers[one.Port()]
	b.mu.Unlock()

	apply(one.Addr(), two.Addr()) // it comes back, and another one stays active
	b.waitAnswers(t, two, 100)
	apply(two.Addr()) // and goes again
	b.waitAnswers(t, two, 100)
	b.end()
	if len(b.failed) > 0 {
		t.Errorf("failed: %v", errors.Join(b.failed...))
	}
	if b.answers[one.Port()] != gone {
		t.Errorf("the server that is gone has answered %d times more", b.answers[one.Port()]-gone)
	}
}

// A transaction that does not end keeps the active server in the list, and nothing
// is lost.
func TestATransactionThatDoesNotEndKeepsTheActiveServer(t *testing.T) {
	t.Parallel()
	c, one, two := twoServers(t, 3)
	cli(t, c.Nodes[0], "settings", "set", fmt.Sprintf("failover.wait=%d", int(patience/time.Second)))
	conn := connect(t, c.Nodes[2])
	if _, err := selectLibrary(t.Context(), conn, "cust"); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{"CREATE TABLE t (i INT)", "BEGIN", "INSERT INTO t VALUES (1)"} {
		if _, err := conn.ExecContext(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	file := reloadFile(t, nil, two.Addr())
	said, code := exits(t, c.Nodes[0], "apply", "-f", file, "--drain", "300ms")
	if want := fmt.Sprintf("libraries and settings are changed, but server %s of library %s is not replaced", one.Addr(), library); code != 1 || !strings.Contains(said, want) {
		t.Errorf("%d, %s", code, said)
	}
	waitLibrary(t, c.Nodes[0], "it stays the active one", func(l libraryState) bool { return l.Active == one.Addr() && len(l.Servers) == 2 })
	if _, err := conn.ExecContext(t.Context(), "COMMIT"); err != nil {
		t.Fatalf("the transaction: %v", err)
	}
	cli(t, c.Nodes[0], "apply", "-f", file, "--drain", patience.String())
	waitLibrary(t, c.Nodes[0], "it is gone", func(l libraryState) bool { return l.Active == two.Addr() && len(l.Servers) == 1 })
	db, err := one.OpenDB()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows := 0
	if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM test.t").Scan(&rows); err != nil || rows != 1 {
		t.Errorf("the old server has %d rows of the transaction: %v", rows, err)
	}
}

// Sessions that read from a replica go on at the active server when it leaves the list.
func TestTakingAReplicaAwayFailsNoReads(t *testing.T) {
	t.Parallel()
	const reader = "reader" // the group has an account of the usual name already
	g := mysqld.GroupForTest(t, 2, mysqld.GroupOptions{Server: mysqld.Options{
		User: reader, Password: password, Database: "test", Replication: &mysqld.Replication{Asynchronous: true},
	}})
	source, replica := g.Servers[0], g.Servers[1]
	n := cluster.ForTest(t, cluster.Options{
		Nodes: 1, User: reader, Password: password, Database: "test",
		Libraries: []cluster.Library{{Name: library, Servers: g.Addrs(), Failover: "off"}},
	}).Nodes[0]
	ctx, stop := context.WithCancel(t.Context())
	b := &busy{answers: make(map[int]int), stop: stop}
	t.Cleanup(b.end)
	for _, work := range []func(context.Context, *sql.Conn) (int, error){statement, transaction} {
		conn := connect(t, n)
		if _, err := selectLibrary(t.Context(), conn, "cust"); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.ExecContext(t.Context(), "SET MYSQLDA READ REPLICA 3600"); err != nil {
			t.Fatal(err)
		}
		b.sessions.Go(func() { b.session(ctx, conn, work) })
	}
	b.waitAnswers(t, replica, 50)
	cli(t, n, "apply", "-f", reloadFile(t, nil, source.Addr()), "--wait", "--timeout", patience.String())
	b.mu.Lock()
	before := b.answers[replica.Port()]
	b.mu.Unlock()
	b.waitAnswers(t, source, 50)
	b.end()
	if len(b.failed) > 0 {
		t.Errorf("failed: %v", errors.Join(b.failed...))
	}
	// At most what was under way then.
	if more := b.answers[replica.Port()] - before; more > 2 {
		t.Errorf("the replica has answered %d times more", more)
	}
}
