package proxy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mysqlda/mysqlda/proxy"
	"github.com/mysqlda/mysqlda/proxy/backend"
)

// oneConnection bounds each server to a single backend connection, and has
// statements wait for it for long.
func oneConnection(_ *directory, c *proxy.Config) {
	c.AcquireTimeout = 30 * time.Second
	c.Backends = backend.New(backend.Config{
		MaxPerServer: 1, WaitTimeout: 30 * time.Second,
		Logger: c.Logger, Registerer: prometheus.NewRegistry(),
	})
}

func (n *node) waiting() int { return n.backends.Pools()[0].Waiting }

// queued has a holder take the only backend connection and another session wait
// for it with an INSERT into a table that it makes.
func queued(t *testing.T, n *node, table string) (holder, waiter *rawClient) {
	t.Helper()
	holder, waiter = n.raw(t), n.raw(t)
	holder.query(t, "select library a1")
	holder.query(t, "create or replace table "+table+" (a int)")
	holder.query(t, "begin")
	waiter.query(t, "select library a1")
	waiter.send(t, packet(0x03, "insert into "+table+" values (1)"))
	eventually(t, "the statement waits", func() bool { return n.waiting() == 1 })
	return holder, waiter
}

// wantRows checks how many rows a table of library_1 has.
func wantRows(t *testing.T, table string, want int) {
	t.Helper()
	var got int
	err := direct(t, servers[0]).QueryRowContext(t.Context(), "select count(*) from "+database+"."+table).Scan(&got)
	if err != nil || got != want {
		t.Errorf("table %s has %d rows (%v), want %d", table, got, err, want)
	}
}

func TestWhoWaitsForAConnectionCanBeKilled(t *testing.T) {
	n := start(t, oneConnection)
	holder, waiter := queued(t, n, "queued_kill")
	killer := n.raw(t)
	killer.query(t, fmt.Sprintf("kill %d", waiter.GetConnectionID()))
	eventually(t, "nobody waits", func() bool { return n.waiting() == 0 })
	eventually(t, "the session has ended", func() bool { return len(n.Sessions()) == 2 })
	holder.query(t, "commit")
	wantRows(t, "queued_kill", 0)
}

func TestStatementThatWaitsForAConnectionCanBeKilled(t *testing.T) {
	n := start(t, oneConnection)
	holder, waiter := queued(t, n, "queued_kill_query")
	killer := n.raw(t)
	killer.query(t, fmt.Sprintf("kill query %d", waiter.GetConnectionID()))
	answer := waiter.read(t, true)
	if answer[0] != 0xff || !strings.Contains(string(answer), "70100") {
		t.Fatalf("got %q, want error 1317", answer)
	}
	holder.query(t, "commit")
	wantRows(t, "queued_kill_query", 0)
	if err := holder.Close(); err != nil {
		t.Fatal(err)
	}
	waiter.query(t, "insert into queued_kill_query values (2)")
}

func TestWhoWaitsForAConnectionAndGoesIsNoticed(t *testing.T) {
	n := start(t, oneConnection)
	holder, waiter := queued(t, n, "queued_gone")
	if err := waiter.socket.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "nobody waits", func() bool { return n.waiting() == 0 })
	eventually(t, "the session has ended", func() bool { return len(n.Sessions()) == 1 })
	holder.query(t, "commit")
	wantRows(t, "queued_gone", 0)
}

// TestIdleSessionMakesRoomForOneThatWaits has the only backend connection held by a
// session that would keep it for a minute, because it may be asked how many rows
// it has changed.
func TestIdleSessionMakesRoomForOneThatWaits(t *testing.T) {
	n := start(t, func(_ *directory, c *proxy.Config) {
		c.Backends = backend.New(backend.Config{
			MaxPerServer: 1, WaitTimeout: time.Minute, Logger: c.Logger, Registerer: prometheus.NewRegistry(),
		})
		c.AcquireTimeout = time.Minute
	})
	first, second := n.open(t), n.open(t)
	exec(t, first, "select library a1")
	exec(t, second, "select library b1")
	exec(t, first, "create or replace table wanted (v int)")
	begin := time.Now()
	for range 3 {
		exec(t, first, "insert into wanted values (1)")
		exec(t, second, "insert into wanted values (2)")
	}
	if took := time.Since(begin); took > proxy.DefaultParkAfter {
		t.Errorf("six statements took %s", took)
	}
	exec(t, first, "begin")
	exec(t, first, "insert into wanted values (3)")
	done := make(chan error, 1)
	go func() {
		_, err := second.ExecContext(t.Context(), "insert into wanted values (4)")
		done <- err
	}()
	eventually(t, "the second session waits", func() bool { return n.backends.Waiting() == 1 })
	exec(t, first, "commit")
	if err := <-done; err != nil {
		t.Error(err)
	}
}
