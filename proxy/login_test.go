package proxy_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	mysqlclient "github.com/go-mysql-org/go-mysql/client"
	"github.com/go-mysql-org/go-mysql/mysql"

	"github.com/mysqlda/mysqlda/proxy"
)

// selfMade returns a certificate that has signed itself.
func selfMade(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "node"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// TestEveryKindOfConnectionCarriesStatements sends small and large ones both ways
// through TLS, compression and both.
func TestEveryKindOfConnectionCarriesStatements(t *testing.T) {
	cert := selfMade(t)
	n := start(t, parkSoon, func(_ *directory, c *proxy.Config) {
		c.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	})
	secure := func(c *mysqlclient.Conn) error { c.UseSSL(true); return nil }
	zlib := func(c *mysqlclient.Conn) error { return c.SetCapability(mysql.CLIENT_COMPRESS) }
	zstd := func(c *mysqlclient.Conn) error { return c.SetCapability(mysql.CLIENT_ZSTD_COMPRESSION_ALGORITHM) }
	for name, options := range map[string][]mysqlclient.Option{
		"plain": nil, "TLS": {secure}, "zlib": {zlib}, "zstd": {zstd},
		"TLS and zlib": {secure, zlib}, "TLS and zstd": {secure, zstd},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := mysqlclient.Connect(n.addr, user, password, "", options...)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			for _, statement := range []string{"select library a1", "do 1"} {
				if _, err := c.Execute(statement); err != nil {
					t.Fatal(err)
				}
			}
			for _, size := range []int{1, 100, 40_000, 15 << 20} { // this client does not compress more than 16 MiB right
				r, err := c.Execute(fmt.Sprintf("select length('%s'), repeat('y', %d)", strings.Repeat("x", size), size))
				if err != nil {
					t.Fatal(err)
				}
				length, _ := r.GetInt(0, 0)
				text, _ := r.GetString(0, 1)
				if int(length) != size || text != strings.Repeat("y", size) {
					t.Errorf("%d bytes: %d went, %d came", size, length, len(text))
				}
			}
			eventually(t, "the session was parked", func() bool { return n.inUse() == 0 })
			if err := c.Ping(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTLSCanBeRequired(t *testing.T) {
	cert := selfMade(t)
	n := start(t, func(_ *directory, c *proxy.Config) {
		c.TLS, c.RequireTLS = &tls.Config{Certificates: []tls.Certificate{cert}}, true
	})
	db, err := sql.Open("mysql", n.dsn())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	wantError(t, db.PingContext(t.Context()), 3159)
	exec(t, n.open(t, "tls=skip-verify"), "select library a1")
}

// changeUser is COM_CHANGE_USER with a scramble that is wrong, so that the node
// asks for another with a salt of its own.
func (c *rawClient) changeUser(t *testing.T, name, secret, db string) []byte {
	t.Helper()
	c.send(t, packet(0x11, name+"\x00"+"\x14"+strings.Repeat("?", 20)+db+"\x00"+"\x2d\x00"+"mysql_native_password\x00"))
	request := c.read(t, true)
	if request[0] != 0xfe {
		t.Fatalf("no other scramble was asked for: %q", request)
	}
	salt := request[1+len("mysql_native_password\x00"):][:20]
	answer := mysql.CalcNativePassword(salt, []byte(secret))
	head := []byte{byte(len(answer)), 0, 0, c.Sequence}
	if _, err := c.socket.Write(append(head, answer...)); err != nil {
		t.Fatal(err)
	}
	c.Sequence++
	return c.read(t, false)
}

func TestChangeUserBeginsAnew(t *testing.T) {
	n := start(t)
	c := n.raw(t)
	c.query(t, "select library a1")
	c.query(t, "set @mine = 1")
	c.query(t, "begin")
	c.query(t, "create temporary table t1 (a int)")
	if answer := c.changeUser(t, user, password, "mysql"); answer[0] != 0 {
		t.Fatalf("got %q", answer)
	}
	c.want(t, 9501, packet(0x03, "select * from t1"))
	c.query(t, "select library a1")
	c.want(t, 1146, packet(0x03, "select * from t1"))
	if r, err := c.Execute("select concat(database(), ifnull(@mine, ' clean'))"); err != nil {
		t.Fatal(err)
	} else if got, _ := r.GetString(0, 0); got != "mysql clean" {
		t.Errorf("got %q", got)
	}
	if answer := c.changeUser(t, user, "wrong", ""); answer[0] != 0xff {
		t.Fatalf("got %q", answer)
	}
	if _, err := c.ReadPacket(); err == nil {
		t.Error("the session goes on although its user is not known")
	}
}

func TestProxyHeaderTellsTheClientsAddress(t *testing.T) {
	n := start(t, func(_ *directory, c *proxy.Config) {
		c.ProxyProtocolFrom = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		c.HandshakeTimeout = 2 * time.Second
	})
	behind := func(header string) (*mysqlclient.Conn, error) {
		dial := func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
			if err == nil {
				_, err = io.WriteString(conn, header)
			}
			return conn, err
		}
		return mysqlclient.ConnectWithDialer(t.Context(), "tcp", n.addr, user, password, "", dial)
	}
	for _, header := range []string{
		"PROXY TCP4 192.0.2.7 198.51.100.1 4711 3306\r\n",
		"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x07\xc6\x33\x64\x01\x12\x67\x0c\xea",
	} {
		c, err := behind(header)
		if err != nil {
			t.Fatalf("%q: %v", header, err)
		}
		if got := n.Sessions()[0].Client; got != "192.0.2.7:4711" {
			t.Errorf("%q: the client is %s", header, got)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		eventually(t, "the session has ended", func() bool { return len(n.Sessions()) == 0 })
	}
	if c, err := behind("GET / HTTP/1.1\r\n\r\n"); err == nil {
		_ = c.Close()
		t.Error("a connection without a header was let in")
	}
}

func TestDefaultCoreObjectNeedsNoSelect(t *testing.T) {
	n := start(t, func(d *directory, _ *proxy.Config) {
		d.settings.DefaultLibrary, d.settings.DefaultCore = "library_1", "b2"
	})
	c := n.open(t)
	wantServer(t, c, servers[1])
	exec(t, c, "select library a1")
	wantServer(t, c, servers[0])
}

func TestConnectionIDIsTheOneOfTheGreeting(t *testing.T) {
	n := start(t)
	c := n.raw(t)
	if id := int32(c.GetConnectionID()); id < 0 {
		t.Errorf("a client that reads the id as a signed number takes it for %d", id)
	}
	wantID := func(r *mysql.Result, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		id, err := r.GetUint(0, 0)
		if name := string(r.Fields[0].Name); err != nil || uint32(id) != c.GetConnectionID() || name != "me" {
			t.Errorf("%s is %d, %v; the greeting said %d", name, id, err, c.GetConnectionID())
		}
	}
	const sql = "SELECT CONNECTION_ID() AS me"
	wantID(c.Execute(sql))
	st, err := c.Prepare(sql)
	if err != nil {
		t.Fatal(err)
	}
	for _, before := range []string{"do 0", "select library a1", "select library b2"} {
		if _, err := c.Execute(before); err != nil {
			t.Fatal(err)
		}
		wantID(st.Execute())
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := st.Execute(); err == nil {
		t.Error("a closed statement was executed")
	}
	wantID(c.Execute(sql))
}

// TestKillIsForwardedToTheNodeOfTheID asks for sessions of other nodes.
func TestKillIsForwardedToTheNodeOfTheID(t *testing.T) {
	var (
		mu    sync.Mutex
		asked []string
	)
	n := start(t, func(d *directory, _ *proxy.Config) {
		d.kill = func(number uint16, id uint32, user string, statementOnly bool) (bool, error) {
			mu.Lock()
			defer mu.Unlock()
			asked = append(asked, fmt.Sprint(number, id, user, statementOnly))
			return number == 9, nil
		}
	})
	c := n.open(t)
	const elsewhere, nobody = 1<<30 | 9<<20 | 5, 1<<30 | 10<<20 | 5
	exec(t, c, fmt.Sprintf("kill query %d", elsewhere))
	exec(t, c, fmt.Sprintf("kill %d", elsewhere))
	execError(t, c, 9522, fmt.Sprintf("kill %d", nobody))
	execError(t, c, 9522, "kill 12")
	execError(t, c, 9522, fmt.Sprintf("kill %d", uint32(1<<31|elsewhere)))
	want := fmt.Sprint([]string{
		fmt.Sprint(9, elsewhere, user, true), fmt.Sprint(9, elsewhere, user, false), fmt.Sprint(10, nobody, user, false),
	})
	mu.Lock()
	defer mu.Unlock()
	if got := fmt.Sprint(asked); got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
}

func TestChangeUserForgetsTheCoreObjectOfTheLogin(t *testing.T) {
	n := start(t)
	c := n.raw(t, func(c *mysqlclient.Conn) error {
		c.SetAttributes(map[string]string{"mysqlda_core": "a1"})
		return nil
	})
	c.query(t, "do (select count(*) from mysql.user)")
	if answer := c.changeUser(t, user, password, ""); answer[0] != 0 {
		t.Fatalf("got %q", answer)
	}
	c.want(t, 9501, packet(0x03, "do (select count(*) from mysql.user)"))
}

func TestLoginWithUnknownDatabaseIsRefused(t *testing.T) {
	n := start(t, func(d *directory, _ *proxy.Config) { d.settings.DefaultLibrary = "library_1" })
	_, err := mysqlclient.Connect(n.addr, user, password, "nowhere")
	if err == nil || !strings.Contains(err.Error(), "1049") {
		t.Errorf("got %v, want error 1049", err)
	}
	c := n.raw(t)
	if answer := c.changeUser(t, user, password, "nowhere"); answer[0] != 0xff || uint16(answer[1])|uint16(answer[2])<<8 != 1049 {
		t.Errorf("got %q, want error 1049", answer)
	}
	eventually(t, "the sessions have ended", func() bool { return len(n.Sessions()) == 0 })
	eventually(t, "no connection is in use", func() bool { return n.inUse() == 0 })
}

// TestLoginSurvivesALibraryThatCannotBeAsked names an unknown database where no
// server can be reached.
func TestLoginSurvivesALibraryThatCannotBeAsked(t *testing.T) {
	server, option := ownServer(t)
	n := start(t, option, func(d *directory, _ *proxy.Config) { d.settings.DefaultCore = "a3" })
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	c, err := mysqlclient.Connect(n.addr, user, password, "nowhere")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Execute("select library a1"); err != nil {
		t.Error(err)
	}
}

// TestChangeOfUserIsBounded has a client not answer when it is asked for its
// password.
func TestChangeOfUserIsBounded(t *testing.T) {
	n := start(t, func(_ *directory, c *proxy.Config) { c.HandshakeTimeout = 100 * time.Millisecond })
	c := n.raw(t)
	c.send(t, packet(0x11, user+"\x00"+"\x14"+strings.Repeat("?", 20)+"\x00"+"\x2d\x00"+"mysql_native_password\x00"))
	if request := c.read(t, true); request[0] != 0xfe {
		t.Fatalf("no other scramble was asked for: %q", request)
	}
	eventually(t, "the session has ended", func() bool { return len(n.Sessions()) == 0 })
}
