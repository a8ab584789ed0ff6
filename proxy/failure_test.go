package proxy_test

import (
	"context"
	"database/sql"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/proxy"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"

	mysqlclient "github.com/go-mysql-org/go-mysql/client"
	"github.com/go-mysql-org/go-mysql/mysql"
)

// ownServer starts a server that the test may break, as library_3.
func ownServer(t *testing.T) (*mysqld.Server, option) {
	t.Helper()
	server := mysqld.ForTest(t, mysqld.Options{User: user, Password: password, Database: database})
	return server, func(d *directory, _ *proxy.Config) {
		d.libraries = newDirectory(
			library(1, "library_1", servers[0].Addr()),
			library(2, "library_2", servers[1].Addr()),
			library(3, "library_3", server.Addr()),
		).libraries
	}
}

// killThread ends the backend connection of a session from the server's side.
func killThread(t *testing.T, server *mysqld.Server, thread string) {
	t.Helper()
	if _, err := direct(t, server).ExecContext(t.Context(), "kill "+thread); err != nil {
		t.Fatal(err)
	}
}

func TestLostIdleConnectionIsReplaced(t *testing.T) {
	c := start(t).open(t)
	exec(t, c, "select library a1")
	exec(t, c, "set @@session.sql_mode = 'ANSI_QUOTES'")
	thread := value(t, c, "select connection_id() from dual")
	killThread(t, servers[0], thread)
	// A connection that was used a moment ago is not looked at again.
	killed := time.Now()
	eventually(t, "the connection counts as unused", func() bool { return time.Since(killed) > 200*time.Millisecond })
	if got := value(t, c, "select connection_id() from dual"); got == thread {
		t.Fatal("the connection was not killed: the test shows nothing")
	}
	if got := value(t, c, "select @@sql_mode from dual"); got != "ANSI_QUOTES" {
		t.Errorf("the new connection has sql_mode %q", got)
	}
}

func TestLostTransactionIsReportedNotContinued(t *testing.T) {
	c := start(t).open(t)
	exec(t, c, "select library a1")
	exec(t, c, "create or replace table lost (a int) engine=innodb")
	exec(t, c, "begin")
	exec(t, c, "insert into lost values (1)")
	thread := value(t, c, "select connection_id() from dual")
	killThread(t, servers[0], thread)
	db := direct(t, servers[0])
	eventually(t, "the thread has ended", func() bool {
		var n int
		if err := db.QueryRowContext(t.Context(), "select count(*) from information_schema.processlist where id = "+thread).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n == 0
	})
	_, err := c.ExecContext(t.Context(), "insert into lost values (2)")
	if err == nil || !strings.Contains(err.Error(), "9514") && !strings.Contains(err.Error(), "9513") {
		t.Fatalf("got %v, want the loss reported", err)
	}
	if got := value(t, c, "select count(*) from lost"); got != "0" {
		t.Errorf("%s rows of the lost transaction are there", got)
	}
	wantServer(t, c, servers[0])
}

func TestServerThatDiesUnderAStatement(t *testing.T) {
	server, option := ownServer(t)
	n := start(t, option)
	c := n.open(t)
	exec(t, c, "select library a3")
	exec(t, c, "create table t (a int)")

	failed := make(chan error, 1)
	go func() {
		_, err := c.ExecContext(t.Context(), "insert into t select sleep(60)")
		failed <- err
	}()
	db := direct(t, server)
	eventually(t, "the statement runs", func() bool {
		var n int
		if err := db.QueryRowContext(t.Context(), "select count(*) from information_schema.processlist where info like 'insert%'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n == 1
	})
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	wantError(t, <-failed, 9513)
	execError(t, c, 9511, "select 1 from t")
	exec(t, c, "select library a1")
	wantServer(t, c, servers[0])
	exec(t, c, "select library a3")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := server.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	wantServer(t, c, server)
}

func TestServerThatDiesInTheMiddleOfRows(t *testing.T) {
	server, option := ownServer(t)
	n := start(t, option)
	c := n.open(t)
	exec(t, c, "select library a3")
	result, err := c.QueryContext(t.Context(), "select a.seq, repeat('x', 1000) from seq_1_to_1000000 a")
	if err != nil {
		t.Fatal(err)
	}
	defer result.Close()
	if !result.Next() {
		t.Fatal(result.Err())
	}
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	seen := 1
	for result.Next() {
		seen++
	}
	if result.Err() == nil {
		t.Fatalf("a result cut off after %d rows looked complete", seen)
	}
	second := n.open(t)
	exec(t, second, "select library a1")
	wantServer(t, second, servers[0])
}

func TestStatementTooLargeForTheServer(t *testing.T) {
	c := start(t).open(t, "maxAllowedPacket=104857600")
	exec(t, c, "select library a1")
	_, err := c.ExecContext(t.Context(), "select length('"+strings.Repeat("x", 70<<20)+"') from dual")
	if err == nil {
		t.Fatal("a statement of 70 MiB passed a server that takes 64 MiB")
	}
	if !strings.Contains(err.Error(), "1153") && !strings.Contains(err.Error(), "9513") {
		t.Errorf("got %v, want the server's error 1153 or an unknown outcome", err)
	}
	wantServer(t, c, servers[0])
}

func TestShutdownLetsWorkFinish(t *testing.T) {
	n := start(t)
	idle, busy, transaction := n.open(t), n.open(t), n.open(t)
	for _, c := range []*sql.Conn{idle, busy, transaction} {
		exec(t, c, "select library a1")
	}
	exec(t, transaction, "create or replace table stopping (a int) engine=innodb")
	exec(t, transaction, "begin")
	exec(t, transaction, "insert into stopping values (1)")
	db := direct(t, servers[0])

	slept := make(chan error, 1)
	go func() {
		_, err := busy.ExecContext(t.Context(), "do sleep(1.5)")
		slept <- err
	}()
	eventually(t, "the statement runs", func() bool {
		var n int
		if err := db.QueryRowContext(t.Context(), "select count(*) from information_schema.processlist where info like 'do sleep%'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n == 1
	})
	stopped := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		stopped <- n.Shutdown(ctx)
	}()
	eventually(t, "the idle session has ended", func() bool { return len(n.Sessions()) == 2 })
	exec(t, transaction, "insert into stopping values (2)")
	exec(t, transaction, "commit")
	if err := <-slept; err != nil {
		t.Errorf("the running statement: %v", err)
	}
	if err := <-stopped; err != nil {
		t.Errorf("shutdown: %v", err)
	}
	var count int
	if err := db.QueryRowContext(t.Context(), "select count(*) from "+database+".stopping").Scan(&count); err != nil || count != 2 {
		t.Errorf("%d rows were committed (%v), want 2", count, err)
	}
}

func TestShutdownDoesNotWaitForHandshakes(t *testing.T) {
	n := start(t)
	silent, err := net.Dial("tcp", n.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	eventually(t, "the handshake has begun", func() bool { return len(n.Sessions()) == 1 })
	began := time.Now()
	if err := n.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > proxy.DefaultHandshakeTimeout/2 {
		t.Errorf("shutdown took %s", took)
	}
}

func TestShutdownIsBounded(t *testing.T) {
	n := start(t)
	c := n.open(t)
	exec(t, c, "select library a1")
	exec(t, c, "create or replace table unfinished (a int) engine=innodb")
	exec(t, c, "begin")
	exec(t, c, "insert into unfinished values (1)")
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if err := n.Shutdown(ctx); err == nil {
		t.Error("a session that was cut off is not reported")
	}
	if got := len(n.Sessions()); got != 0 {
		t.Errorf("%d sessions are left", got)
	}
}

// TestClientThatDoesNotGoOnIsCutOff has clients that owe the rest of a large
// statement, of a refused one, and of a file.
func TestClientThatDoesNotGoOnIsCutOff(t *testing.T) {
	n := start(t, func(_ *directory, c *proxy.Config) { c.StallTimeout = 100 * time.Millisecond })
	local := func(c *mysqlclient.Conn) error { return c.SetCapability(mysql.CLIENT_LOCAL_FILES) }
	setup := n.raw(t)
	setup.query(t, "select library a1")
	setup.query(t, "create or replace table stalled (a int)")
	for name, begin := range map[string]func(*rawClient){
		"statement": func(c *rawClient) {
			c.query(t, "select library a1")
			c.send(t, packet(0x03, "do length('"+strings.Repeat("x", 100_000)+"')")[:50_000])
		},
		"refused statement": func(c *rawClient) {
			c.send(t, packet(0x03, "delete from stalled where "+strings.Repeat("x", 100_000))[:50_000])
		},
		"file": func(c *rawClient) {
			c.query(t, "select library a1")
			c.send(t, packet(0x03, "load data local infile 'x' into table stalled"))
			c.read(t, true)
		},
	} {
		begin(n.raw(t, local))
		eventually(t, name+": the session has ended", func() bool { return len(n.Sessions()) == 1 })
	}
}

// TestShutdownCutsSessionsOffInEveryState has sessions wait for their clients in
// every way.
func TestShutdownCutsSessionsOffInEveryState(t *testing.T) {
	n := start(t)
	local := func(c *mysqlclient.Conn) error { return c.SetCapability(mysql.CLIENT_LOCAL_FILES) }
	idle, busy, half, file, user2 := n.raw(t), n.raw(t), n.raw(t), n.raw(t, local), n.raw(t)
	for _, c := range []*rawClient{idle, busy, half, file} {
		c.query(t, "select library a1")
	}
	busy.query(t, "begin")
	half.send(t, []byte{50, 0, 0, 0, 3, 's'})
	file.query(t, "create or replace table cut_off (a int)")
	file.send(t, packet(0x03, "load data local infile 'x' into table cut_off"))
	file.read(t, true)
	user2.send(t, packet(0x11, user+"\x00\x14"+strings.Repeat("?", 20)+"\x00\x2d\x00mysql_native_password\x00"))
	user2.read(t, true)
	begun := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if err := n.Shutdown(ctx); err == nil {
		t.Error("sessions that were cut off are not reported")
	}
	if took := time.Since(begun); took > 3*time.Second {
		t.Errorf("it took %s", took)
	}
}
