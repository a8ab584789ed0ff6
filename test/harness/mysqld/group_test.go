package mysqld_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/mysqlda/mysqlda/test/harness/mysqld"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// openAs is open with another account.
func openAs(t *testing.T, s *mysqld.Server, a mysqld.Account) *sql.DB {
	t.Helper()
	database := ""
	if a == mysqld.App {
		database = "test"
	}
	db, err := s.OpenAs(a, database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func text(t *testing.T, db *sql.DB, question string) string {
	t.Helper()
	var answer string
	if err := db.QueryRowContext(t.Context(), question).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", question, err)
	}
	return answer
}

func TestGroupReplicatesWhatIsWrittenAtTheFirst(t *testing.T) {
	t.Parallel()
	g := mysqld.GroupForTest(t, 3, mysqld.GroupOptions{})
	first := open(t, g.Servers[0])
	for _, s := range g.Servers {
		if state := text(t, open(t, s), "SELECT @@gtid_binlog_state"); state != "" {
			t.Errorf("the history of %s begins with %q", s.Addr(), state)
		}
	}
	app := openAs(t, g.Servers[0], mysqld.App)
	mustExec(t, app, "CREATE TABLE t (id INT PRIMARY KEY)")
	mustExec(t, app, "INSERT INTO t VALUES (1)")
	for _, s := range g.Servers[1:] {
		replica := openAs(t, s, mysqld.App)
		ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
		defer cancel()
		err := wait.For(ctx, "the row is at "+s.Addr(), func(ctx context.Context) error {
			var n int
			return replica.QueryRowContext(ctx, "SELECT id FROM t").Scan(&n)
		})
		if err != nil {
			t.Fatal(err)
		}
		if state, want := text(t, open(t, s), "SELECT @@gtid_binlog_state"), text(t, first, "SELECT @@gtid_binlog_state"); state != want {
			t.Errorf("the history of %s is %q, that of the source %q", s.Addr(), state, want)
		}
		var refused *mysql.MySQLError
		const readOnly = 1290
		if _, err := replica.ExecContext(ctx, "INSERT INTO t VALUES (2)"); !errors.As(err, &refused) || refused.Number != readOnly {
			t.Errorf("a program writes at a replica: %v", err)
		}
		mustExec(t, openAs(t, s, mysqld.Failover), "SET GLOBAL read_only = OFF")
		mustExec(t, openAs(t, s, mysqld.Failover), "SET GLOBAL read_only = ON")
	}
	if _, err := app.ExecContext(t.Context(), "SET GLOBAL read_only = ON"); err == nil {
		t.Error("a program's account may set read_only")
	}
}

func TestCommitWaitsUntilAReplicaHasIt(t *testing.T) {
	t.Parallel()
	g := mysqld.GroupForTest(t, 2, mysqld.GroupOptions{})
	app, replica := openAs(t, g.Servers[0], mysqld.App), open(t, g.Servers[1])
	mustExec(t, app, "CREATE TABLE t (id INT PRIMARY KEY)")
	mustExec(t, replica, "STOP SLAVE IO_THREAD")
	done := make(chan error, 1)
	go func() {
		_, err := app.ExecContext(t.Context(), "INSERT INTO t VALUES (1)")
		done <- err
	}()
	ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
	defer cancel()
	admin := open(t, g.Servers[0])
	err := wait.For(ctx, "the commit waits", func(ctx context.Context) error {
		var n int
		return admin.QueryRowContext(ctx, "SELECT id FROM information_schema.processlist WHERE state LIKE 'Waiting for semi-sync ACK%'").Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-done:
		t.Fatalf("a commit that no replica has is over: %v", err)
	default:
	}
	if n := text(t, admin, "SELECT COUNT(*) FROM t"); n != "0" {
		t.Errorf("others see %s rows of it", n)
	}
	mustExec(t, replica, "START SLAVE IO_THREAD")
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestGroupCanBeAsynchronous(t *testing.T) {
	t.Parallel()
	g := mysqld.GroupForTest(t, 2, mysqld.GroupOptions{Server: mysqld.Options{Replication: &mysqld.Replication{Asynchronous: true}}})
	if err := g.Servers[1].Kill(); err != nil {
		t.Fatal(err)
	}
	mustExec(t, openAs(t, g.Servers[0], mysqld.App), "CREATE TABLE t (id INT PRIMARY KEY)")
}

// TestServersRunInNetworkNamespaces has each server of a group on a host of its own.
func TestServersRunInNetworkNamespaces(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root may make network namespaces")
	}
	ip := func(args ...string) {
		t.Helper()
		if out, err := exec.CommandContext(t.Context(), "ip", args...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
		}
	}
	if err := exec.CommandContext(t.Context(), "ip", "netns", "list").Run(); err != nil {
		t.Skipf("no network namespaces: %v", err)
	}
	unique := fmt.Sprintf("mdah%d", os.Getpid()%100000)
	network := fmt.Sprintf("10.231.%d.", os.Getpid()%256)
	ip("link", "add", unique, "type", "bridge")
	t.Cleanup(func() { _ = exec.Command("ip", "link", "del", unique).Run() }) // it may not be there
	ip("addr", "add", network+"1/24", "dev", unique)
	ip("link", "set", unique, "up")
	host := func(i int) (namespace, address string) {
		return fmt.Sprintf("%s-%d", unique, i), fmt.Sprintf("%s%d", network, i+10)
	}
	for i := range 2 {
		namespace, address := host(i)
		ip("netns", "add", namespace)
		t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", namespace).Run() })
		outside, inside := fmt.Sprintf("%s%da", unique, i), fmt.Sprintf("%s%db", unique, i)
		ip("link", "add", outside, "type", "veth", "peer", "name", inside, "netns", namespace)
		ip("link", "set", outside, "master", unique, "up")
		ip("-n", namespace, "addr", "add", address+"/24", "dev", inside)
		ip("-n", namespace, "link", "set", inside, "up")
	}
	g := mysqld.GroupForTest(t, 2, mysqld.GroupOptions{Each: func(i int, o *mysqld.Options) {
		namespace, address := host(i)
		o.BindAddress, o.Prefix = address, []string{"ip", "netns", "exec", namespace}
		o.Port = 3306 // the same everywhere
	}})
	if addr := g.Servers[1].Addr(); addr != network+"11:3306" {
		t.Errorf("the address is %s", addr)
	}
	mustExec(t, openAs(t, g.Servers[0], mysqld.App), "CREATE TABLE t (id INT PRIMARY KEY)")
	if err := g.Servers[0].Kill(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := openAs(t, g.Servers[0], mysqld.App).PingContext(ctx); err == nil {
		t.Error("a killed server answers")
	}
	if err := g.Servers[0].Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustExec(t, openAs(t, g.Servers[0], mysqld.App), "INSERT INTO t VALUES (1)")
}
