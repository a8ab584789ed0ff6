package proxy_test

import (
	"bytes"
	"encoding/binary"
	"net"
	"testing"

	mysqlclient "github.com/go-mysql-org/go-mysql/client"
	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy"
	"github.com/mysqlda/mysqlda/proxy/backend"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// greeted has the directory learn how the servers greet, as a cluster does.
func greeted(d *directory, c *proxy.Config) {
	d.greetings = make(map[string]fsm.Greeting)
	c.Backends = backend.New(backend.Config{
		Logger: c.Logger, Registerer: prometheus.NewRegistry(),
		Greeted: func(address string, g wire.Greeting) {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.greetings[address] = fsm.Greeting{Version: g.Version, Capabilities: uint64(g.Capabilities), Collation: g.Collation}
		},
	})
}

// mirrored waits until a new client is greeted with what the servers say.
func mirrored(t *testing.T, n *node, options ...mysqlclient.Option) *rawClient {
	t.Helper()
	var version string
	if err := direct(t, servers[0]).QueryRowContext(t.Context(), "select version()").Scan(&version); err != nil {
		t.Fatal(err)
	}
	var c *rawClient
	eventually(t, "clients are greeted as by the servers", func() bool {
		c = n.raw(t, options...)
		return c.GetServerVersion() == "5.5.5-"+version || c.GetServerVersion() == version
	})
	return c
}

// offered returns the capabilities that a greeting offers.
func offered(t *testing.T, n *node) uint32 {
	t.Helper()
	conn, err := net.Dial("tcp", n.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var greeting [256]byte
	if _, err := conn.Read(greeting[:]); err != nil {
		t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(greeting[wire.HeaderLen+1:], []byte{0}) // behind the version
	const idAndSalt, charsetAndStatus = 4 + 8 + 1, 3
	low, high := rest[idAndSalt:], rest[idAndSalt+2+charsetAndStatus:]
	return uint32(binary.LittleEndian.Uint16(low)) | uint32(binary.LittleEndian.Uint16(high))<<16
}

// TestGreetingOffersWhatAllServersShare has one server that tracks sessions no more.
func TestGreetingOffersWhatAllServersShare(t *testing.T) {
	n := start(t, parkSoon, greeted)
	mirrored(t, n)
	if offered(t, n)&mysql.CLIENT_SESSION_TRACK == 0 {
		t.Error("the servers track sessions, the node does not offer it")
	}
	eventually(t, "all servers have greeted", func() bool { return len(n.directory.Greetings()) == 2 })
	n.directory.mu.Lock()
	address := servers[1].Addr()
	g := n.directory.greetings[address]
	g.Capabilities &^= uint64(wire.ClientSessionTrack)
	n.directory.greetings[address] = g
	n.directory.mu.Unlock()
	eventually(t, "sessions are not tracked", func() bool { return offered(t, n)&mysql.CLIENT_SESSION_TRACK == 0 })
}

// TestTrackedChangesFollow changes the session by statements whose text does not
// tell of it.
func TestTrackedChangesFollow(t *testing.T) {
	n := start(t, parkSoon, greeted)
	mirrored(t, n)
	c := n.raw(t, func(c *mysqlclient.Conn) error { return c.SetCapability(mysql.CLIENT_SESSION_TRACK) })
	c.query(t, "select library a1")
	c.query(t, "create or replace procedure change_zone() set time_zone = '+05:00'")
	c.query(t, "set session_track_system_variables = 'time_zone'")
	c.query(t, "prepare p from 'use mysql'")
	c.query(t, "execute p")
	c.query(t, "call calvindb.change_zone()")
	c.query(t, "select library a2")
	r, err := c.Execute("select concat(database(), @@time_zone) from dual")
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := r.GetString(0, 0); got != "mysql+05:00" {
		t.Errorf("at the other library: %q", got)
	}
}
