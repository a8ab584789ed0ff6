package integration

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

func TestSIGTERMLetsARunningStatementFinish(t *testing.T) {
	t.Parallel()
	o := options(t, 1)
	c := cluster.ForTest(t, o)
	n := c.Nodes[0]

	// The statement runs for as long as the test holds this lock at the server.
	lock := "lock_" + o.Database
	conn := connect(t, n)
	home, err := selectLibrary(t.Context(), conn, "cust")
	if err != nil {
		t.Fatal(err)
	}
	holder := connectToServer(t, home)
	if got := number(t, holder, "SELECT GET_LOCK(?, 0)", lock); got != 1 {
		t.Fatal("the lock is taken")
	}
	type outcome struct {
		got int
		err error
	}
	finished := make(chan outcome, 1)
	go func() {
		var o outcome
		o.err = conn.QueryRowContext(t.Context(), "SELECT GET_LOCK('"+lock+"', 60)").Scan(&o.got)
		finished <- o
	}()
	watcher := connectToServer(t, home)
	err = wait.For(within(t), "the statement runs", func(ctx context.Context) error {
		var running int
		err := watcher.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.processlist WHERE state = 'User lock' AND info LIKE ?", "%"+lock+"%").Scan(&running)
		if err == nil && running == 0 {
			err = errors.New("it does not run yet")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	stopped := make(chan error, 1)
	go func() { stopped <- n.Stop(within(t)) }()
	err = wait.For(within(t), "no new clients get in", func(ctx context.Context) error {
		s, err := dial(ctx, n)
		if err == nil {
			s.close()
			return errors.New("a client got in")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case o := <-finished:
		t.Fatalf("the statement ended with the lock still held: %+v", o)
	case err := <-stopped:
		t.Fatalf("the node ended before its statement: %v", err)
	default:
	}
	exec(t, holder, "DO RELEASE_LOCK(?)", lock)
	if o := <-finished; o.err != nil || o.got != 1 {
		t.Fatalf("the statement: %+v", o)
	}
	if err := <-stopped; err != nil {
		t.Fatalf("exit: %v", err)
	}
}

func TestSIGTERMEndsIdleSessionsAtOnce(t *testing.T) {
	t.Parallel()
	c := cluster.ForTest(t, options(t, 1))
	n := c.Nodes[0]
	conn := connect(t, n)
	if _, err := selectLibrary(t.Context(), conn, "cust"); err != nil {
		t.Fatal(err)
	}
	silent, err := net.Dial("tcp", n.Addresses().MySQL) // never logs in
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	began := time.Now()
	if err := n.Stop(within(t)); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 8*time.Second {
		t.Fatalf("with nothing under way, the end took %s", took)
	}
}
