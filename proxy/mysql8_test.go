package proxy_test

import (
	"crypto/tls"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/go-mysql-org/go-mysql/mysql"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy"
	"github.com/mysqlda/mysqlda/proxy/wire"
	"github.com/mysqlda/mysqlda/test/harness/fakeserver"
)

func TestNodeLogsInToMySQL8EveryWay(t *testing.T) {
	https := httptest.NewUnstartedServer(nil)
	https.StartTLS() // for its certificate
	certificate := &tls.Config{Certificates: https.TLS.Certificates}
	https.Close()
	for _, c := range []struct {
		name, version string
		secure        *tls.Config
		login         fakeserver.Step
	}{
		{"cached", "8.0.36", nil, fakeserver.CachingSHA2Fast(password)},
		{"cached, TLS", "8.4.3", certificate, fakeserver.CachingSHA2Fast(password)},
		{"not cached, TLS", "8.4.3", certificate, fakeserver.CachingSHA2Full(password)},
		{"not cached, RSA", "8.0.36", nil, fakeserver.CachingSHA2Full(password)},
		{"the old way", "8.0.36", nil, fakeserver.Native(password)},
	} {
		t.Run(c.name, func(t *testing.T) {
			greeting := fakeserver.MySQL8()
			greeting.Version = c.version
			f := startFakeAs(t, greeting, c.secure, c.login, func(conn *fakeserver.Conn, payload []byte) []fakeserver.Step {
				if !strings.HasSuffix(string(payload), "select how from t") {
					return nil
				}
				return result(conn, []string{"how"}, []string{fmt.Sprint("TLS ", conn.OverTLS())})
			})
			n := start(t, serves(f), func(d *directory, _ *proxy.Config) {
				if c.secure != nil {
					l := *d.libraries.ByID(1)
					l.TLS = fsm.TLSRequired
					d.libraries = fsm.NewLibrarySet(1, []fsm.Library{l})
				}
			})
			session := n.open(t)
			exec(t, session, "select library a1")
			if got, want := value(t, session, "select how from t"), fmt.Sprint("TLS ", c.secure != nil); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

// extended are MariaDB's capabilities, which lie behind those of MySQL.
const extended wire.Capability = 0xffffffff << 32

func TestNodeGreetsAsMySQL8(t *testing.T) {
	f := startFake(t, nil)
	n := start(t, serves(f))
	g := n.peer(t, 0).Greeting
	want := wire.ClientQueryAttributes | wire.ClientOptionalResultsetMetadata | wire.ClientSessionTrack |
		wire.ClientDeprecateEOF | wire.ClientLongPassword
	if g.Version != fakeserver.MySQL8().Version || g.Collation != fakeserver.MySQL8().Collation ||
		!g.Capabilities.Has(want) || g.Capabilities&extended != 0 {
		t.Errorf("%+v: %s", g, g.Capabilities)
	}
}

func TestNodeOffersWhatMariaDBAndMySQL8Share(t *testing.T) {
	f := startFake(t, func(c *fakeserver.Conn, payload []byte) []fakeserver.Step {
		if !strings.HasSuffix(string(payload), "select who from t") {
			return nil
		}
		return result(c, []string{"who"}, []string{"MySQL"})
	})
	n := start(t, func(d *directory, _ *proxy.Config) {
		d.libraries = fsm.NewLibrarySet(1, []fsm.Library{
			library(1, "library_1", servers[0].Addr()), library(2, "library_2", f.Addr()),
		})
	})
	g := n.peer(t, 0).Greeting
	alone := wire.ClientQueryAttributes | wire.ClientOptionalResultsetMetadata | extended
	if g.Capabilities&alone != 0 || !g.Capabilities.Has(wire.ClientDeprecateEOF|wire.ClientSessionTrack) {
		t.Errorf("%+v: %s", g, g.Capabilities)
	}
	session := n.open(t)
	for range 3 {
		exec(t, session, "select library a1")
		wantServer(t, session, servers[0])
		exec(t, session, "select library a2")
		if got := value(t, session, "select who from t"); got != "MySQL" {
			t.Errorf("%q", got)
		}
	}
}

func TestClientsAgreeWithTheServerThatServesThem(t *testing.T) {
	f := startFake(t, nil)
	n := start(t, serves(f))
	for _, caps := range []wire.Capability{
		everything | wire.ClientQueryAttributes | wire.ClientOptionalResultsetMetadata,
		everything | wire.ClientOptionalResultsetMetadata,
		everything | wire.ClientQueryAttributes,
		everything,
		wire.ClientQueryAttributes | wire.ClientOptionalResultsetMetadata,
		0,
	} {
		p := n.peer(t, caps)
		p.query(t, "select library a1")
		p.query(t, "insert into t values (1)")
		got := wire.Capability(f.login(f.last(t).conn).Capabilities) & wire.ShapeMask
		if got != caps {
			t.Errorf("the session agreed on %s, its backend connection on %s", caps, got)
		}
		_ = p.Close()
		eventually(t, "the connection is clean", func() bool { s := n.backends.Pools()[0]; return s.InUse+s.Resetting == 0 })
	}
	if s := n.backends.Pools()[0]; s.Unclean > 0 || s.Reused > 0 || s.Idle != 6 {
		t.Errorf("%+v", s)
	}
}

// attributes are two query attributes: a string and a number that is NULL.
const attributes = "\x02\x01" + "\x02" + "\x01" +
	"\xfe\x00\x05trace" + "\x08\x80\x01n" + "\x0dselect from t"

func TestTextBehindQueryAttributesIsUnderstood(t *testing.T) {
	var hangUp bool
	f := startFake(t, nil)
	f.answer = func(c *fakeserver.Conn, payload []byte) []fakeserver.Step {
		if hangUp && strings.HasSuffix(string(payload), "hang up") {
			return []fakeserver.Step{fakeserver.HangUp()}
		}
		return nil
	}
	other := startFake(t, nil)
	n := start(t, serves(f, other))
	p := n.peer(t, everything|wire.ClientQueryAttributes)
	say := func(sql string) { t.Helper(); p.send(t, wire.ComQuery, attributes+sql) }

	say("select library a1")
	p.wantsOK(t)
	say("insert into t values (1)")
	p.wantsOK(t)
	if got := f.last(t).payload; got != "\x03"+attributes+"insert into t values (1)" {
		t.Errorf("the server has got %q", got)
	}
	say("SET sql_mode='ANSI_QUOTES'")
	p.wantsOK(t)
	say("USE elsewhere")
	p.wantsOK(t)
	say("/* mysqlda core=b2 */ insert into t values (2)")
	p.wantsOK(t)
	want := []string{"\x03\x00\x01SET sql_mode='ANSI_QUOTES'", "\x03" + attributes + "/* mysqlda core=b2 */ insert into t values (2)"}
	var got []string
	for _, s := range other.of(wire.ComQuery) {
		got = append(got, s.payload)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the other library has got %q, want %q", got, want)
	}
	if db := other.login(other.last(t).conn).Database; db != "elsewhere" {
		t.Errorf("the default database is %q", db)
	}
	say("kill query 5")
	if code := p.outcome(t, 0); code != 9522 {
		t.Errorf("KILL of nobody is error %d", code)
	}
	say(fmt.Sprintf("kill %d", n.peer(t, 0).ThreadID))
	p.wantsOK(t)
	eventually(t, "the session is gone", func() bool { return len(n.Sessions()) == 1 })
}

func TestQueryAttributesBeyondTheBufferAreRefused(t *testing.T) {
	f := startFake(t, nil)
	n := start(t, serves(f))
	p := n.peer(t, everything|wire.ClientQueryAttributes)
	p.query(t, "select library a1")
	attribute := func(size int) string {
		value := mysql.PutLengthEncodedString([]byte(strings.Repeat("a", size)))
		return "\x01\x01\x00\x01\xfe\x00\x05trace" + string(value)
	}
	p.send(t, wire.ComQuery, attribute(100_000)+"insert into t values (1)")
	if code := p.outcome(t, 0); code != 9516 {
		t.Errorf("error %d", code)
	}
	long := attribute(30_000) + "insert into t values ('" + strings.Repeat("a", 100_000) + "')"
	p.send(t, wire.ComQuery, long)
	p.wantsOK(t)
	if got := f.last(t).payload; got != "\x03"+long {
		t.Errorf("the server has got %d bytes, want %d", len(got), 1+len(long))
	}
}
