package proxy_test

import (
	"database/sql"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

func passwords(list ...string) []fsm.Verifier {
	verifiers := make([]fsm.Verifier, len(list))
	for i, p := range list {
		verifiers[i] = fsm.Verifier(wire.NewVerifier(p))
	}
	return verifiers
}

// put adds a user or changes it.
func (n *node) put(u fsm.User) {
	var version uint64
	if known := n.directory.Users().Named(u.Name); known != nil {
		version = known.Version
	}
	n.directory.apply(fsm.PutUser{User: u, ExpectVersion: version})
	n.UsersChanged()
}

// as opens a session of that user; an error is the login's.
func (n *node) as(t *testing.T, name, secret string) (*sql.Conn, error) {
	t.Helper()
	cfg := mysqldriver.NewConfig()
	cfg.User, cfg.Passwd, cfg.Net, cfg.Addr = name, secret, "tcp", n.addr
	connector, err := mysqldriver.NewConnector(cfg)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { _ = db.Close() }) // the node may have ended the session
	return db.Conn(t.Context())
}

func (n *node) mustBe(t *testing.T, name, secret string) *sql.Conn {
	t.Helper()
	c, err := n.as(t, name, secret)
	if err != nil {
		t.Fatalf("logging in as %s: %v", name, err)
	}
	return c
}

func (n *node) mustNotBe(t *testing.T, name, secret string, number uint16) {
	t.Helper()
	_, err := n.as(t, name, secret)
	wantError(t, err, number)
}

func TestUsersLogInWithEitherOfTwoPasswords(t *testing.T) {
	n := start(t)
	n.put(fsm.User{Name: "app", Passwords: passwords("newer", "older")})
	n.mustBe(t, user, password) // the account of the settings is one until it is put
	exec(t, n.mustBe(t, "app", "newer"), "select library a1")
	session := n.mustBe(t, "app", "older")
	exec(t, session, "select library a2")
	n.mustNotBe(t, "app", password, 1045)
	n.mustNotBe(t, "app", "", 1045)
	n.mustNotBe(t, "nobody", "newer", 1045)
	n.put(fsm.User{Name: "app", Passwords: passwords("newer")})
	n.mustNotBe(t, "app", "older", 1045)
	n.mustBe(t, "app", "newer")
	exec(t, session, "do 1") // a change of the password ends nobody

	n.put(fsm.User{Name: user, Passwords: passwords("another")})
	n.mustNotBe(t, user, password, 1045)
	n.mustBe(t, user, "another")
}

func TestUsersComeFromTheirNetworks(t *testing.T) {
	n := start(t)
	n.put(fsm.User{Name: "far", Passwords: passwords("x"), Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	n.put(fsm.User{Name: "near", Passwords: passwords("x"), Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.0/8")}})
	_, err := n.as(t, "far", "x")
	wantError(t, err, 1130)
	if text := err.Error(); !strings.Contains(text, "far") || !strings.Contains(text, "127.0.0.1") {
		t.Error(text)
	}
	n.mustNotBe(t, "far", "y", 1045) // a stranger does not learn of networks
	n.mustBe(t, "near", "x")
}

func TestLockedUsersAreToldSoWhenTheyHaveProvedWhoTheyAre(t *testing.T) {
	n := start(t)
	n.put(fsm.User{Name: "app", Passwords: passwords("x"), Locked: true})
	n.mustNotBe(t, "app", "x", 3118)
	n.mustNotBe(t, "app", "y", 1045)
	n.put(fsm.User{Name: "app", Passwords: passwords("x")})
	n.mustBe(t, "app", "x")
}

func TestUsersHaveTheirOwnBounds(t *testing.T) {
	n := start(t, func(_ *directory, c *proxy.Config) { c.MaxSessionsPerUser = 2 })
	n.put(fsm.User{Name: "one", Passwords: passwords("x"), MaxSessions: 1})
	n.put(fsm.User{Name: "many", Passwords: passwords("x"), MaxSessions: 9})
	n.mustBe(t, "one", "x")
	n.mustNotBe(t, "one", "x", 1203)
	n.mustBe(t, "many", "x")
	n.mustBe(t, "many", "x")
	n.mustNotBe(t, "many", "x", 1203) // the node's bound holds, too
}

func TestUsersStartWhereTheyBelong(t *testing.T) {
	n := start(t, func(d *directory, _ *proxy.Config) { d.settings.DefaultLibrary = "library_1" })
	n.put(fsm.User{Name: "library", Passwords: passwords("x"), DefaultLibrary: "library_2"})
	n.put(fsm.User{Name: "core", Passwords: passwords("x"), DefaultCore: "b2"})
	n.put(fsm.User{Name: "neither", Passwords: passwords("x")})
	wantServer(t, n.mustBe(t, "library", "x"), servers[1])
	wantServer(t, n.mustBe(t, "core", "x"), servers[1])
	wantServer(t, n.mustBe(t, "neither", "x"), servers[0])
	for _, s := range n.Sessions() {
		if (s.Core == "b2") != (s.User == "core") {
			t.Errorf("%+v", s)
		}
	}
}

func TestClientsSeeAndEndTheirOwnSessionsAndAdminsAll(t *testing.T) {
	n := start(t)
	n.put(fsm.User{Name: "app", Passwords: passwords("x")})
	n.put(fsm.User{Name: "other", Passwords: passwords("x")})
	n.put(fsm.User{Name: "dba", Passwords: passwords("x"), Role: fsm.RoleAdmin})
	app, other, dba := n.mustBe(t, "app", "x"), n.mustBe(t, "other", "x"), n.mustBe(t, "dba", "x")
	rows := func(c *sql.Conn, report string, column int) string {
		t.Helper()
		found, err := c.QueryContext(t.Context(), "show mysqlda "+report)
		if err != nil {
			t.Fatal(err)
		}
		defer found.Close()
		columns, err := found.Columns()
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for found.Next() {
			row := make([]sql.NullString, len(columns))
			into := make([]any, len(columns))
			for i := range row {
				into[i] = &row[i]
			}
			if err := found.Scan(into...); err != nil {
				t.Fatal(err)
			}
			names = append(names, row[column].String)
		}
		if err := found.Err(); err != nil {
			t.Fatal(err)
		}
		return strings.Join(names, " ")
	}
	for _, c := range []struct {
		session  *sql.Conn
		sessions string
		users    string
	}{{app, "app", "app"}, {dba, "app other dba", user + " app dba other"}} {
		if got := rows(c.session, "sessions", 1); got != c.sessions {
			t.Errorf("sessions of %q, want %q", got, c.sessions)
		}
		if got := rows(c.session, "users", 0); got != c.users {
			t.Errorf("users %q, want %q", got, c.users)
		}
	}
	ids := make(map[string]uint32)
	for _, s := range n.Sessions() {
		ids[s.User] = s.ID
	}
	execError(t, app, 9522, fmt.Sprint("kill ", ids["other"]))
	exec(t, other, "do 1")
	exec(t, dba, fmt.Sprint("kill ", ids["other"]))
	eventually(t, "the session has ended", func() bool { return len(n.Sessions()) == 2 })
	// The role of the moment counts.
	n.put(fsm.User{Name: "dba", Passwords: passwords("x")})
	execError(t, dba, 9522, fmt.Sprint("kill ", ids["app"]))
}

// An admin of another node is told by the empty name.
func TestAnAdminsKillIsForwardedForWhoeverItIs(t *testing.T) {
	asked := make(chan string, 1)
	n := start(t, func(d *directory, _ *proxy.Config) {
		d.kill = func(_ uint16, _ uint32, user string, _ bool) (bool, error) {
			asked <- strconv.Quote(user)
			return true, nil
		}
	})
	n.put(fsm.User{Name: "dba", Passwords: passwords("x"), Role: fsm.RoleAdmin})
	exec(t, n.mustBe(t, "dba", "x"), fmt.Sprintf("kill %d", 1<<30|9<<20|5))
	if got := <-asked; got != `""` {
		t.Errorf("for %s", got)
	}
	c := n.mustBe(t, user, password)
	id, err := strconv.Atoi(value(t, c, "select connection_id()"))
	if err != nil {
		t.Fatal(err)
	}
	if found, err := n.Kill(t.Context(), uint32(id), "somebody", false); found || err != nil {
		t.Errorf("somebody else: %v, %v", found, err)
	}
	if found, err := n.Kill(t.Context(), uint32(id), "", false); !found || err != nil {
		t.Errorf("an admin: %v, %v", found, err)
	}
}

func TestSessionsOfUsersThatAreGoneEndWhenNothingIsOpen(t *testing.T) {
	n := start(t)
	n.put(fsm.User{Name: "app", Passwords: passwords("x")})
	n.put(fsm.User{Name: "other", Passwords: passwords("x")})
	idle, busy, other := n.mustBe(t, "app", "x"), n.mustBe(t, "app", "x"), n.mustBe(t, "other", "x")
	exec(t, busy, "select library a1")
	exec(t, busy, "create or replace table gone (id int)")
	exec(t, busy, "begin")
	exec(t, busy, "insert into gone values (1)")
	n.directory.apply(fsm.RemoveUser{Name: "app"})
	n.mustNotBe(t, "app", "x", 1045)
	n.UsersChanged()
	eventually(t, "the idle session has ended", func() bool { return len(n.Sessions()) == 2 })
	if err := idle.PingContext(t.Context()); err == nil {
		t.Error("the idle session goes on")
	}
	exec(t, busy, "insert into gone values (2)")
	exec(t, busy, "commit")
	eventually(t, "the busy session has ended", func() bool { return len(n.Sessions()) == 1 })
	exec(t, other, "select library a1")
	if got := value(t, other, "select count(*) from gone"); got != "2" {
		t.Errorf("%s rows are there, want 2", got)
	}
}

func TestATransactionOfAUserThatIsGoneDoesNotLastForEver(t *testing.T) {
	n := start(t, func(_ *directory, c *proxy.Config) { c.ExpelTimeout = 50 * time.Millisecond })
	n.put(fsm.User{Name: "app", Passwords: passwords("x")})
	c := n.mustBe(t, "app", "x")
	exec(t, c, "select library a1")
	exec(t, c, "begin")
	n.put(fsm.User{Name: "app", Passwords: passwords("x"), Locked: true})
	eventually(t, "the session has ended", func() bool { return len(n.Sessions()) == 0 })
	eventually(t, "its connection is closed", func() bool { return n.inUse() == 0 })
}

func TestChangeUserIsALogin(t *testing.T) {
	n := start(t)
	n.put(fsm.User{Name: "locked", Passwords: passwords("x"), Locked: true})
	n.put(fsm.User{Name: "app", Passwords: passwords("x"), DefaultLibrary: "library_2"})
	c := n.raw(t)
	if answer := c.changeUser(t, "app", "x", ""); answer[0] != 0 {
		t.Fatalf("%q", answer)
	}
	if s := n.Sessions()[0]; s.User != "app" || s.Library != "library_2" {
		t.Errorf("%+v", s)
	}
	// The bounds go with the user, and so does being expelled.
	n.directory.apply(fsm.RemoveUser{Name: user})
	n.UsersChanged()
	c.query(t, "do 1")
	if answer := c.changeUser(t, "locked", "x", ""); answer[0] != 0xff || !strings.Contains(string(answer), "is locked") {
		t.Errorf("%q", answer)
	}
}
