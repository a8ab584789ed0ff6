package fakeserver_test

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	gomysql "github.com/go-mysql-org/go-mysql/client"
	driver "github.com/go-sql-driver/mysql"

	"github.com/mysqlda/mysqlda/test/harness/fakeserver"
)

const password = "sesame"

// open opens a connection of an ordinary driver; change may change its settings.
func open(t *testing.T, s *fakeserver.Server, change func(*driver.Config)) *sql.Conn {
	t.Helper()
	cfg := driver.NewConfig()
	cfg.Net, cfg.Addr, cfg.User, cfg.Passwd, cfg.DBName = "tcp", s.Addr(), "u", password, "d"
	if change != nil {
		change(cfg)
	}
	connector, err := driver.NewConnector(cfg)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { _ = db.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	conn, err := db.Conn(ctx)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	return conn
}

// TestAScriptPlaysAServer shows how scripts are written.
func TestAScriptPlaysAServer(t *testing.T) {
	t.Parallel()
	s := fakeserver.Start(t, fakeserver.Options{}, fakeserver.Script{
		fakeserver.Greet(fakeserver.MySQL8()),
		fakeserver.ReadLogin(func(l fakeserver.Login) error {
			if l.User != "u" || l.Database != "d" {
				return fmt.Errorf("user %q, database %q", l.User, l.Database)
			}
			return nil
		}),
		fakeserver.CachingSHA2Fast(password),
		fakeserver.Expect(fakeserver.ComQuery, "SELECT 1"),
		func(c *fakeserver.Conn) error {
			return c.Write(fakeserver.Result(c.Capabilities(), []string{"1"}, []string{"one"})...)
		},
		fakeserver.Expect(fakeserver.ComQuit, ""),
		fakeserver.AwaitHangUp(),
	})
	conn := open(t, s, nil)
	var got string
	if err := conn.QueryRowContext(t.Context(), "SELECT 1").Scan(&got); err != nil || got != "one" {
		t.Errorf("%q, %v", got, err)
	}
	if s.Connections() != 1 {
		t.Errorf("%d connections", s.Connections())
	}
}

func TestClientsProveTheirPasswordEveryWay(t *testing.T) {
	t.Parallel()
	https := httptest.NewUnstartedServer(nil)
	https.StartTLS() // for its certificate
	certificate := &tls.Config{Certificates: https.TLS.Certificates}
	https.Close()
	withTLS := func(cfg *driver.Config) { cfg.TLS = &tls.Config{InsecureSkipVerify: true} }
	for _, c := range []struct {
		name     string
		greeting fakeserver.Greeting
		options  fakeserver.Options
		login    fakeserver.Step
		change   func(*driver.Config)
	}{
		{name: "native", greeting: fakeserver.MariaDB(), login: fakeserver.Native(password)},
		{name: "switch to native", greeting: fakeserver.MySQL8(), login: fakeserver.Native(password)},
		{name: "sha2 fast", greeting: fakeserver.MySQL8(), login: fakeserver.CachingSHA2Fast(password)},
		{name: "switch to sha2", greeting: fakeserver.MariaDB(), login: fakeserver.CachingSHA2Fast(password)},
		{name: "sha2 full, RSA", greeting: fakeserver.MySQL8(), login: fakeserver.CachingSHA2Full(password)},
		{name: "sha2 full, TLS", greeting: fakeserver.MySQL8(), login: fakeserver.CachingSHA2Full(password), options: fakeserver.Options{TLS: certificate}, change: withTLS},
		{name: "ed25519", greeting: fakeserver.MariaDB(), login: fakeserver.Ed25519(password)},
		{name: "native, TLS", greeting: fakeserver.MariaDB(), login: fakeserver.Native(password), options: fakeserver.Options{TLS: certificate}, change: withTLS},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := fakeserver.Start(t, c.options, fakeserver.Script{
				fakeserver.Greet(c.greeting), fakeserver.ReadLogin(), c.login,
				func(conn *fakeserver.Conn) error {
					if conn.OverTLS() != (c.change != nil) {
						return fmt.Errorf("over TLS: %v", conn.OverTLS())
					}
					return nil
				},
				fakeserver.Expect(fakeserver.ComPing, ""), fakeserver.Accept(),
				fakeserver.AwaitHangUp(),
			})
			if err := open(t, s, c.change).PingContext(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestClientsMeetHostileServers(t *testing.T) {
	t.Parallel()
	deprecate := fakeserver.MySQL8().Capabilities
	row := fakeserver.Row("one")
	result := fakeserver.Result(deprecate&^fakeserver.OptionalMetadata&^fakeserver.DeprecateEOF, []string{"1"})
	for _, c := range []struct {
		name  string
		steps []fakeserver.Step
	}{
		{"hangs up", []fakeserver.Step{fakeserver.HangUp()}},
		{"resets", []fakeserver.Step{fakeserver.Reset()}},
		{"hangs up in a packet", []fakeserver.Step{fakeserver.Send(result[:3]...), fakeserver.SendCut(row, 2), fakeserver.HangUp()}},
		{"hangs up between rows", []fakeserver.Step{fakeserver.Send(result[:3]...), fakeserver.Send(row), fakeserver.HangUp()}},
		{"numbers wrongly", []fakeserver.Step{fakeserver.Send(result[:3]...), fakeserver.Number(99), fakeserver.MayHangUp(fakeserver.Send(row), fakeserver.AwaitHangUp())}},
		{"lies about a length", []fakeserver.Step{fakeserver.SendRaw(append(fakeserver.Header(1<<20, 1), row...)), fakeserver.HangUp()}},
		{"errs", []fakeserver.Step{fakeserver.Send(fakeserver.Err(1317, "70100", "interrupted")), fakeserver.AwaitHangUp()}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := fakeserver.Start(t, fakeserver.Options{}, append(fakeserver.Script{
				fakeserver.Greet(fakeserver.MySQL8()), fakeserver.ReadLogin(), fakeserver.CachingSHA2Fast(password),
				fakeserver.Expect(fakeserver.ComQuery, "SELECT 1"),
			}, c.steps...))
			var got string
			if err := open(t, s, nil).QueryRowContext(t.Context(), "SELECT 1").Scan(&got); err == nil {
				t.Errorf("answered %q", got)
			}
		})
	}
}

func TestGreetingIsRefused(t *testing.T) {
	t.Parallel()
	s := fakeserver.Start(t, fakeserver.Options{}, fakeserver.Script{fakeserver.RefuseGreeting(1040, "Too many connections")})
	_, err := gomysql.Connect(s.Addr(), "u", password, "d")
	if err == nil || !strings.Contains(err.Error(), "Too many connections") {
		t.Errorf("%v", err)
	}
}

func TestQueryAttributesAndPreparedStatements(t *testing.T) {
	t.Parallel()
	var seen []string
	s := fakeserver.Start(t, fakeserver.Options{}, fakeserver.Script{
		fakeserver.Greet(fakeserver.MySQL8()), fakeserver.ReadLogin(), fakeserver.CachingSHA2Fast(password),
		fakeserver.Serve(func(c *fakeserver.Conn, payload []byte) [][]byte {
			seen = append(seen, string(payload))
			capabilities := c.Capabilities()
			switch payload[0] {
			case fakeserver.ComQuery:
				return fakeserver.Result(capabilities, []string{"a", "b"}, []string{"1", "2"})
			case fakeserver.ComStmtPrepare:
				return fakeserver.Prepared(capabilities, 7, 1)
			default:
				return [][]byte{fakeserver.OK{AffectedRows: 3, Session: fakeserver.Schema("other")}.Payload(capabilities)}
			}
		}),
	})
	c, err := gomysql.Connect(s.Addr(), "u", password, "d")
	if err != nil {
		t.Fatal(err)
	}
	if r, err := c.Execute("SELECT 1"); err != nil || r.RowNumber() != 1 {
		t.Errorf("query: %v", err)
	}
	if r, err := c.Execute("UPDATE t SET a = ?", 5); err != nil || r.AffectedRows != 3 {
		t.Errorf("execution: %+v, %v", r, err)
	}
	if err := c.Close(); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	s.Close()
	if len(seen) < 3 || !strings.HasSuffix(seen[0], "\x00\x01SELECT 1") {
		t.Errorf("the server saw %q", seen)
	}
}
