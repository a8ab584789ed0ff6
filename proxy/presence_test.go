package proxy_test

import (
	"context"
	"crypto/tls"
	"net"
	"testing"
	"time"

	mysqlclient "github.com/go-mysql-org/go-mysql/client"
	"github.com/go-mysql-org/go-mysql/mysql"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy"
)

// running counts the statements that a server executes and that begin so.
func running(t *testing.T, server int, prefix string) int {
	t.Helper()
	var n int
	err := direct(t, servers[server]).QueryRowContext(t.Context(),
		"select count(*) from information_schema.processlist where info like ?", prefix+"%").Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestStatementOfAClientThatHasGoneIsEnded(t *testing.T) {
	for name, leave := range map[string]func(net.Conn) error{
		"closed":      net.Conn.Close,
		"half-closed": func(c net.Conn) error { return c.(*net.TCPConn).CloseWrite() },
		"reset": func(c net.Conn) error {
			if err := c.(*net.TCPConn).SetLinger(0); err != nil {
				return err
			}
			return c.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := start(t)
			c := n.raw(t)
			c.query(t, "select library a1")
			statement := "do sleep(100), '" + name + "'"
			c.send(t, packet(0x03, statement))
			eventually(t, "the statement runs", func() bool { return running(t, 0, statement) == 1 })
			if err := leave(c.socket); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the session has ended", func() bool { return len(n.Sessions()) == 0 })
			eventually(t, "the statement has ended", func() bool { return running(t, 0, statement) == 0 })
		})
	}
}

// TestSlowStatementIsNotTakenForALostClient waits longer than the node does
// before it looks at the client, with and without commands sent ahead.
func TestSlowStatementIsNotTakenForALostClient(t *testing.T) {
	n := start(t)
	c := n.raw(t)
	c.query(t, "select library a1")
	c.query(t, "do sleep(2.2)")
	slow, quick := packet(0x03, "do sleep(1.2)"), packet(0x03, "do 1")
	c.send(t, slow, quick)
	eventually(t, "the first statement runs", func() bool { return running(t, 0, "do sleep(1.2)") == 1 })
	c.send(t, slow, quick)
	for range 3 {
		if answer := c.read(t, true); answer[0] != 0 {
			t.Fatalf("%q", answer)
		}
	}
	// Who has sent all that he has to say may still want the answers.
	if err := c.socket.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if answer := c.read(t, true); answer[0] != 0 {
		t.Fatalf("%q", answer)
	}
}

// stuckDirectory is a cluster that cannot decide.
type stuckDirectory struct {
	*directory
	asked chan struct{}
	ended chan error
}

func (d stuckDirectory) Resolve(ctx context.Context, _ string) (fsm.Placement, error) {
	d.asked <- struct{}{}
	<-ctx.Done()
	d.ended <- context.Cause(ctx)
	return fsm.Placement{}, ctx.Err()
}

func TestWaitForTheClusterEndsWithTheClient(t *testing.T) {
	stuck := stuckDirectory{asked: make(chan struct{}, 1), ended: make(chan error, 1)}
	n := start(t, func(d *directory, cfg *proxy.Config) {
		stuck.directory = d
		cfg.Directory = stuck
	})
	c := n.raw(t)
	c.send(t, packet(0x03, "select library a1"))
	<-stuck.asked
	if err := c.socket.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-stuck.ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the wait goes on without a client")
	}
	eventually(t, "the session has ended", func() bool { return len(n.Sessions()) == 0 })
}

// TestStatementOfAnEncryptedClientThatHasGoneIsEnded has a TLS client vanish with
// its farewell unread, and one that compresses.
func TestStatementOfAnEncryptedClientThatHasGoneIsEnded(t *testing.T) {
	cert := selfMade(t)
	n := start(t, func(_ *directory, c *proxy.Config) { c.TLS = &tls.Config{Certificates: []tls.Certificate{cert}} })
	for name, option := range map[string]mysqlclient.Option{
		"TLS":        func(c *mysqlclient.Conn) error { c.UseSSL(true); return nil },
		"compressed": func(c *mysqlclient.Conn) error { return c.SetCapability(mysql.CLIENT_COMPRESS) },
	} {
		c, err := mysqlclient.Connect(n.addr, user, password, "", option)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Execute("select library a1"); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() {
			_, err := c.Execute("do sleep(77)")
			ended <- err
		}()
		eventually(t, "the statement runs", func() bool { return running(t, 0, "do sleep(77)") == 1 })
		begun := time.Now()
		if err := c.Conn.Conn.Close(); err != nil {
			t.Error(err)
		}
		<-ended
		eventually(t, "the statement was ended", func() bool { return running(t, 0, "do sleep(77)") == 0 })
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("%s: it took %s", name, took)
		}
	}
}
