package proxy_test

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

func TestSelectLibraryBridgesToTheHomeLibrary(t *testing.T) {
	c := start(t).open(t)
	for _, where := range []struct {
		statement string
		server    int
	}{
		{"select library a1", 0},
		{"SELECT /* the second */ Library 'a2';", 1},
		{"select library b1", 0},
	} {
		exec(t, c, where.statement)
		wantServer(t, c, servers[where.server])
		if got := value(t, c, "select database()"); got != database {
			t.Errorf("default database %q, want %q", got, database)
		}
	}
}

func TestWithoutLibraryOnlyWhatDriversAskWorks(t *testing.T) {
	c := start(t).open(t)
	exec(t, c, "set names utf8mb4")
	exec(t, c, "set autocommit = 1")
	if got := value(t, c, "select @@version_comment limit 1"); got == "" {
		t.Error("no version comment")
	}
	if got := value(t, c, "select 7"); got != "7" {
		t.Errorf("select 7 gave %s", got)
	}
	exec(t, c, "use "+database)
	execError(t, c, 9501, "create table nowhere (a int)")
	execError(t, c, 9501, "select * from t")
	execError(t, c, 9501, "begin")
	_, err := c.PrepareContext(t.Context(), "select * from t where a = ?")
	wantError(t, err, 9501)
	exec(t, c, "select library a1")
	wantServer(t, c, servers[0])
}

func TestDefaultLibraryNeedsNoSelect(t *testing.T) {
	n := start(t, func(d *directory, _ *proxy.Config) { d.settings.DefaultLibrary = "library_2" })
	c := n.open(t)
	wantServer(t, c, servers[1])
	exec(t, c, "select library a1")
	wantServer(t, c, servers[0])
}

func TestConnectionAttributeNamesTheCoreObject(t *testing.T) {
	n := start(t)
	c := n.open(t, "connectionAttributes=mysqlda_core:a2")
	wantServer(t, c, servers[1])
	exec(t, c, "select library a1")
	wantServer(t, c, servers[0])
	db, err := sql.Open("mysql", n.dsn("connectionAttributes=mysqlda_core:two%20words"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	wantError(t, db.PingContext(t.Context()), 9502)
}

func TestLeadingCommentNamesTheCoreObject(t *testing.T) {
	c := start(t).open(t)
	port := func(server int) string { return strconv.Itoa(servers[server].Port()) }
	if got := value(t, c, "/* mysqlda core=a2 */ select @@port from dual"); got != port(1) {
		t.Errorf("text: at port %s", got)
	}
	if got := value(t, c, "/* mysqlda core='a1' */ select @@port from dual where 1 = ?", 1); got != port(0) {
		t.Errorf("prepared: at port %s", got)
	}
	wantServer(t, c, servers[0]) // as select library does
	execError(t, c, 9502, "/* mysqlda core= */ do 1")
	exec(t, c, "create or replace table hinted (a int) engine=innodb")
	exec(t, c, "begin")
	exec(t, c, "/* mysqlda core=b1 */ insert into hinted values (1)")
	execError(t, c, 9504, "/* mysqlda core=a2 */ insert into hinted values (2)")
	exec(t, c, "rollback")
	wantServer(t, c, servers[0])
}

func TestLibraryCannotChangeInsideATransaction(t *testing.T) {
	c := start(t).open(t)
	exec(t, c, "select library a1")
	exec(t, c, "create or replace table tx (a int) engine=innodb")
	exec(t, c, "begin")
	exec(t, c, "insert into tx values (1)")
	execError(t, c, 9504, "select library a2")
	exec(t, c, "select library b1") // the same library
	exec(t, c, "insert into tx values (2)")
	exec(t, c, "rollback")
	if got := value(t, c, "select count(*) from tx"); got != "0" {
		t.Errorf("%s rows survived the rollback", got)
	}
	exec(t, c, "select library a2")
	wantServer(t, c, servers[1])
}

func TestCorrelatedObjectsFindTheirCoreObject(t *testing.T) {
	c := start(t).open(t)
	execError(t, c, 9509, "set correl_object card_no 330001 a2")
	exec(t, c, "select library a2")
	exec(t, c, "select library a1")
	exec(t, c, "set correl_object card_no 330001 a2")
	exec(t, c, "set correl_object card_no 330001 a2")
	execError(t, c, 9510, "set correl_object card_no 330001 a1")
	wantServer(t, c, servers[0])
	exec(t, c, "select library_by_correl_object card_no 330001")
	wantServer(t, c, servers[1])
	execError(t, c, 9508, "select library_by_correl_object card_no 999")
	wantServer(t, c, servers[1])
}

func TestExtensionsWorkPrepared(t *testing.T) {
	c := start(t).open(t)
	exec(t, c, "select library ?", "a2")
	wantServer(t, c, servers[1])
	exec(t, c, "set correl_object ? ? ?", "phone", int64(13812345678), "a2")
	exec(t, c, "select library ?", "a1")
	exec(t, c, "select library_by_correl_object phone ?", "13812345678")
	wantServer(t, c, servers[1])
	execError(t, c, 9502, "select library ?", "two words")
	execError(t, c, 9520, "select library ?", nil)
}

func TestExtensionsAreRefusedAmongOtherStatements(t *testing.T) {
	c := start(t).open(t, "multiStatements=true")
	exec(t, c, "select library a1")
	exec(t, c, "create or replace table multi (a int)")
	execError(t, c, 9503, "insert into multi values (1); select library a2")
	if got := value(t, c, "select count(*) from multi"); got != "0" {
		t.Error("a refused multi-statement query was executed in part")
	}
	wantServer(t, c, servers[0])
}

func TestDirectoryErrorsReachTheClient(t *testing.T) {
	n := start(t)
	c := n.open(t)
	exec(t, c, "select library a1")
	for _, failure := range []struct {
		err    error
		number uint16
	}{
		{fsm.ErrNoLeader, 9505},
		{fsm.ErrOverloaded, 9506},
		{fsm.ErrNoOpenLibrary, 9507},
		{context.DeadlineExceeded, 9505},
		{errors.New("surprise"), 9599},
	} {
		n.directory.mu.Lock()
		n.directory.down = failure.err
		n.directory.mu.Unlock()
		execError(t, c, failure.number, "select library new2")
		exec(t, c, "select library a1") // known objects keep working
		wantServer(t, c, servers[0])
	}
}

func TestSettingsFollowToAnotherLibrary(t *testing.T) {
	c := start(t).open(t)
	exec(t, c, "set @@session.sql_mode = 'ANSI_QUOTES'")
	exec(t, c, "set time_zone = '+05:30'")
	for _, core := range []string{"a1", "a2", "b1"} {
		exec(t, c, "select library "+core)
		if got := value(t, c, "select concat(@@sql_mode, ' ', @@time_zone) from dual"); got != "ANSI_QUOTES +05:30" {
			t.Errorf("at %s the session has %s", core, got)
		}
	}
	exec(t, c, "select library a2")
	exec(t, c, "create or replace table read_only (a int)")
	exec(t, c, "select library a1")
	exec(t, c, "set transaction read only")
	exec(t, c, "select library a2")
	exec(t, c, "begin")
	execError(t, c, 1792, "insert into read_only values (1)")
	exec(t, c, "rollback")
	exec(t, c, "insert into read_only values (1)")

	exec(t, c, "select library a1")
	exec(t, c, "create database if not exists other")
	exec(t, c, "use other")
	exec(t, c, "select library a2")
	_, err := c.ExecContext(t.Context(), "select 1 from dual")
	wantError(t, err, 1049) // library_2 has no such database
	exec(t, c, "use "+database)
	wantServer(t, c, servers[1])
}

func TestNothingIsLeftForTheNextSession(t *testing.T) {
	n := start(t)
	first := n.open(t)
	exec(t, first, "select library a1")
	thread := value(t, first, "select connection_id() from dual")
	exec(t, first, "create or replace table left_over (a int) engine=innodb")
	exec(t, first, "set @secret = 'of the first'")
	exec(t, first, "set sql_mode = ''")
	exec(t, first, "create temporary table private (a int)")
	exec(t, first, "do get_lock('mine', 1)")
	exec(t, first, "begin")
	exec(t, first, "insert into left_over values (1)")
	if err := first.Raw(func(c any) error { return c.(interface{ Close() error }).Close() }); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the connection is idle", func() bool { return n.backends.Pools()[0].Idle > 0 })

	second := n.open(t)
	exec(t, second, "select library a1")
	if got := value(t, second, "select connection_id() from dual"); got != thread {
		t.Fatalf("the connection was not used again (thread %s, then %s): the test shows nothing", thread, got)
	}
	if got := value(t, second, "select @secret from dual"); got != "" {
		t.Errorf("a user variable came through: %q", got)
	}
	if got := value(t, second, "select @@sql_mode from dual"); got == "" {
		t.Error("a session variable came through")
	}
	if got := value(t, second, "select is_free_lock('mine') from dual"); got != "1" {
		t.Error("a lock is still held")
	}
	if got := value(t, second, "select count(*) from left_over"); got != "0" {
		t.Error("an open transaction was committed")
	}
	execError(t, second, 1146, "select * from private")
}

func TestLoginIsChecked(t *testing.T) {
	n := start(t)
	for _, dsn := range []string{
		strings.Replace(n.dsn(), password, "wrong", 1),
		strings.Replace(n.dsn(), password, "", 1),
		strings.Replace(n.dsn(), user, "stranger", 1),
	} {
		db, err := sql.Open("mysql", dsn)
		if err != nil {
			t.Fatal(err)
		}
		wantError(t, db.PingContext(t.Context()), 1045)
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestNodeThatIsNotReadyTurnsClientsAway(t *testing.T) {
	n := start(t)
	n.SetReady(false)
	db, err := sql.Open("mysql", n.dsn())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	wantError(t, db.PingContext(t.Context()), 9517)
	n.SetReady(true)
	if err := db.PingContext(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestSessionsAreBounded(t *testing.T) {
	n := start(t, func(_ *directory, c *proxy.Config) { c.MaxSessions = 2 })
	n.open(t)
	second := n.open(t)
	db, err := sql.Open("mysql", n.dsn())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	wantError(t, db.PingContext(t.Context()), 1040)
	if err := second.Raw(func(c any) error { return c.(interface{ Close() error }).Close() }); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a session has ended", func() bool { return len(n.Sessions()) == 1 })
	if err := db.PingContext(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestShowMysqlda(t *testing.T) {
	n := start(t, func(d *directory, c *proxy.Config) {
		d.settings.MaxShareMille, d.settings.Balance, d.settings.DefaultCore = 300, fsm.BalanceData, "a1"
		d.settings.Failover = fsm.FailoverSettings{Wait: 15 * time.Second, RequireFencing: true, User: "f", Password: password, ReplicationPassword: password}
		c.Reports = map[string]proxy.Reporter{"NODES": func() proxy.Report {
			return proxy.Report{Columns: []string{"node"}, Rows: [][]string{{"n1"}, {"n2"}}}
		}}
	})
	c := n.open(t)
	exec(t, c, "select library a2")
	if got := rows(t, c, "show mysqlda nodes"); got != "n1/n2" {
		t.Errorf("nodes: %s", got)
	}
	if got := rows(t, c, "show mysqlda placement 'a2'"); got != "a2 library_2 1" {
		t.Errorf("placement: %s", got)
	}
	if got := rows(t, c, "show mysqlda placement ?", "a2"); got != "a2 library_2 1" {
		t.Errorf("placement, prepared: %s", got)
	}
	if got := rows(t, c, "show mysqlda placement 'nobody'"); got != "" {
		t.Errorf("placement of nobody: %s", got)
	}
	if got := rows(t, c, "show mysqlda libraries"); !strings.Contains(got, "library_1 open 100 off "+servers[0].Addr()) {
		t.Errorf("libraries: %s", got)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	err := wait.For(ctx, "the sizes are read", func(context.Context) error {
		if got := rows(t, c, "show mysqlda libraries"); !regexp.MustCompile(`library_1 .* [1-9][0-9]* off 1 /library_2 .* [1-9][0-9]* off 1 $`).MatchString(got) {
			return errors.New(got)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if got := rows(t, c, "show mysqlda sessions"); !strings.Contains(got, "a2 library_2") {
		t.Errorf("sessions: %s", got)
	}
	execError(t, c, 1227, "show mysqlda settings")
	n.put(fsm.User{Name: user, Passwords: passwords(password), Role: fsm.RoleAdmin})
	settings := rows(t, c, "show mysqlda settings")
	if strings.Contains(settings, password) {
		t.Errorf("settings show the password: %s", settings)
	}
	for _, want := range []string{"auth.default_core a1", "max_share 0.3", "balance data", "failover.wait 15/", "failover.require_fencing true/", "failover.user f/"} {
		if !strings.Contains(settings, want) {
			t.Errorf("settings lack %q: %s", want, settings)
		}
	}
	execError(t, c, 9518, "show mysqlda everything")
}

// rows gives a result as text: rows by slashes, columns by spaces.
func rows(t *testing.T, c *sql.Conn, query string, args ...any) string {
	t.Helper()
	result, err := c.QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer result.Close()
	columns, err := result.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for result.Next() {
		values := make([]string, len(columns))
		targets := make([]any, len(columns))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := result.Scan(targets...); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.Join(values, " "))
	}
	if err := result.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "/")
}

func TestGarbageHarmsNobody(t *testing.T) {
	n := start(t)
	c := n.open(t)
	for _, garbage := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"\x00\x00\x00\x00",
		"\xff\xff\xff\x00" + strings.Repeat("x", 1000),
		strings.Repeat("\x00", 4096),
		"\x20\x00\x00\x01" + strings.Repeat("\xff", 0x20),
	} {
		conn, err := net.Dial("tcp", n.addr)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte(garbage)); err != nil {
			t.Fatal(err)
		}
		if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Logf("the node was faster: %v", err)
		}
		defer conn.Close()
	}
	exec(t, c, "select library a1")
	wantServer(t, c, servers[0])
	eventually(t, "only one session is left", func() bool { return len(n.Sessions()) == 1 })
	var denied *mysqldriver.MySQLError
	_, err := c.ExecContext(t.Context(), "not SQL at all")
	if !errors.As(err, &denied) || denied.Number != 1064 {
		t.Errorf("got %v, want the server's syntax error", err)
	}
}
