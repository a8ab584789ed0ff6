package proxy_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
)

// TestFailedMultiStatementLeavesNoFlags makes an error behind a result that says
// that more follow: no later answer may say so too.
func TestFailedMultiStatementLeavesNoFlags(t *testing.T) {
	c := start(t).open(t, "multiStatements=true")
	exec(t, c, "select library a1")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	execError(t, c, 1146, "select 1 from dual; select * from nowhere")
	if _, err := c.ExecContext(ctx, "select library a2"); err != nil {
		t.Fatal(err)
	}
	wantServer(t, c, servers[1])
}

func TestLostTransactionIsReportedBehindACommandWithoutAnswer(t *testing.T) {
	c := start(t).raw(t)
	c.query(t, "select library a1")
	c.query(t, "create or replace table untold (a int) engine=innodb")
	first, second := c.prepare(t, "select 1 from dual"), c.prepare(t, "select 2 from dual")
	c.query(t, "begin")
	c.query(t, "insert into untold values (1)")
	endThread(t, c)
	// The first write to a closed connection succeeds, the second fails.
	c.send(t, packet(0x19, id4(first)))
	settled := time.Now()
	eventually(t, "the server has refused it", func() bool { return time.Since(settled) > 20*time.Millisecond })
	c.send(t, packet(0x19, id4(second)))
	answer := c.want(t, 9514, packet(0x03, "insert into untold values (2)"))
	if !strings.Contains(string(answer), "rolled back") {
		t.Errorf("%q", answer)
	}
	var n int
	err := direct(t, servers[0]).QueryRowContext(t.Context(), "select count(*) from "+database+".untold").Scan(&n)
	if err != nil || n != 0 {
		t.Errorf("%d rows were committed (%v), want none", n, err)
	}
	c.query(t, "insert into untold values (3)")
}

// endThread ends the backend connection of the only session at library_1 and
// waits until it is gone.
func endThread(t *testing.T, c *rawClient) {
	t.Helper()
	result, err := c.Execute("select connection_id() from dual")
	if err != nil {
		t.Fatal(err)
	}
	thread, err := result.GetInt(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	killThread(t, servers[0], fmt.Sprint(thread))
	eventually(t, "the thread has ended", func() bool {
		var n int
		err := direct(t, servers[0]).QueryRowContext(t.Context(),
			"select count(*) from information_schema.processlist where id = ?", thread).Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		return n == 0
	})
}

func TestLongDataIsNotLostSilently(t *testing.T) {
	c := start(t).raw(t)
	c.query(t, "select library a1")
	id := c.prepare(t, "select length(?) from dual")
	longData := packet(0x18, id4(id)+"\x00\x00"+"0123456789")
	execute := packet(0x17, id4(id)+"\x00\x01\x00\x00\x00"+"\x00"+"\x01\xfc\x00")

	c.send(t, longData)
	endThread(t, c)
	idle := time.Now()
	eventually(t, "the connection counts as unused", func() bool { return time.Since(idle) > 200*time.Millisecond })
	c.want(t, 9524, execute)

	// Half of it went to one connection, half to the next.
	c.send(t, longData)
	endThread(t, c)
	idle = time.Now()
	eventually(t, "the connection counts as unused", func() bool { return time.Since(idle) > 200*time.Millisecond })
	c.send(t, longData)
	c.want(t, 9524, execute)

	c.send(t, longData, longData, execute)
	var answer []byte
	for i := range 4 { // number of columns, column, row, end
		answer = append(answer, c.read(t, i == 0)...)
	}
	if !bytes.Contains(answer, []byte{0, 0, 20, 0, 0, 0}) {
		t.Errorf("the length of 20 bytes is not in %q", answer)
	}
}

func TestCursorThatStayedBehindIsReported(t *testing.T) {
	c := start(t).raw(t)
	c.query(t, "select library a1")
	id := c.prepare(t, "select seq from seq_1_to_10")
	const readOnlyCursor = "\x01"
	c.send(t, packet(0x17, id4(id)+readOnlyCursor+"\x01\x00\x00\x00"))
	c.read(t, true)  // one column
	c.read(t, false) // its definition
	c.read(t, false) // the end
	fetch := packet(0x1c, id4(id)+id4(2))
	c.send(t, fetch)
	for i := range 3 { // two rows and the end
		c.read(t, i == 0)
	}
	c.query(t, "select library a2")
	c.want(t, 1421, fetch)
	c.want(t, 0, packet(0x1a, id4(id)))
}

func TestRefusedUseKeepsTheDefaultDatabase(t *testing.T) {
	n := start(t)
	c := n.open(t)
	for i := range servers {
		if _, err := direct(t, servers[i]).ExecContext(t.Context(), "create database if not exists elsewhere"); err != nil {
			t.Fatal(err)
		}
	}
	exec(t, c, "select library a1")
	exec(t, c, "use elsewhere")
	exec(t, c, "select library a2")
	execError(t, c, 1049, "use nowhere")
	if got := value(t, c, "select database() from dual"); got != "elsewhere" {
		t.Errorf("after a USE that failed the default database is %q", got)
	}
}

func TestPreparedSetFollowsOrIsRefused(t *testing.T) {
	n := start(t)
	c := n.raw(t)
	c.query(t, "select library a1")
	execute := func(sql string, bound string) {
		t.Helper()
		c.want(t, 0, packet(0x17, id4(c.prepare(t, sql))+"\x00\x01\x00\x00\x00"+bound))
	}
	execute("set time_zone = '+03:00'", "")
	c.query(t, "select library a2")
	result, err := c.Execute("select @@time_zone from dual")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := result.GetString(0, 0); err != nil || got != "+03:00" {
		t.Errorf("at the other library time_zone is %q (%v)", got, err)
	}
	execute("set time_zone = ?", "\x00\x01\xfd\x00\x06+04:00")
	c.want(t, 9523, packet(0x03, "select library a1"))
	c.query(t, "do 1 + (select 0 from mysql.user limit 0)")
}

func TestSetAmongOtherStatementsKeepsTheSessionWhereItIs(t *testing.T) {
	n := start(t)
	for statement, fails := range map[string]bool{
		"set time_zone = '+03:00'; select 1 from mysql.user limit 0": false,
		"set time_zone = '+03:00'; set no_such_variable = 1":         true,
		"use mysql; select 1 from user limit 0":                      false,
	} {
		c := n.open(t, "multiStatements=true")
		exec(t, c, "select library a1")
		if _, err := c.ExecContext(t.Context(), statement); (err != nil) != fails {
			t.Fatalf("%s: %v", statement, err)
		}
		execError(t, c, 9523, "select library a2")
		exec(t, c, "do (select count(*) from mysql.user)")
	}
	c := n.open(t, "multiStatements=true")
	exec(t, c, "select library a1")
	exec(t, c, "set time_zone = '+03:00'; set @a = 'kept'")
	exec(t, c, "select library a2")
	if got := value(t, c, "select concat(@@time_zone, @a) from dual"); got != "+03:00kept" {
		t.Errorf("at the other library: %q", got)
	}
}

func TestSwitchedMultiStatementsFollow(t *testing.T) {
	c := start(t).raw(t)
	c.query(t, "select library a1")
	c.want(t, 0, packet(0x1b, "\x00\x00"))
	for _, core := range []string{"a1", "a2", "a1"} {
		c.query(t, "select library "+core)
		c.query(t, "do 1; do 2")
		c.read(t, false)
	}
}

func TestKillFindsOnlyItsOwn(t *testing.T) {
	c := start(t).raw(t)
	c.query(t, "select library a1")
	result, err := c.Execute("select connection_id() from dual")
	if err != nil {
		t.Fatal(err)
	}
	thread, err := result.GetInt(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	c.want(t, 9522, packet(0x03, fmt.Sprintf("kill query %d", thread)))
	c.want(t, 9522, packet(0x0c, id4(uint32(thread))))
	c.want(t, 9516, packet(0x16, fmt.Sprintf("kill query %d", thread)))
	c.query(t, fmt.Sprintf("kill query %d", c.GetConnectionID()))
}

// TestServerThatDiesUnderAFile checks the error's sequence number too: the driver
// gives the connection up when it is wrong.
func TestServerThatDiesUnderAFile(t *testing.T) {
	server, option := ownServer(t)
	c := start(t, option).open(t)
	exec(t, c, "select library a3")
	exec(t, c, "create table loaded (a int)")
	mysqldriver.RegisterReaderHandler("dying", func() io.Reader {
		lines := strings.Repeat("1\n", 100_000)
		return io.MultiReader(strings.NewReader(lines), readerFunc(func([]byte) (int, error) {
			return 0, errorOr(server.Kill(), io.EOF)
		}))
	})
	defer mysqldriver.DeregisterReaderHandler("dying")
	execError(t, c, 9513, "load data local infile 'Reader::dying' into table loaded")
	exec(t, c, "select library a1")
	wantServer(t, c, servers[0])
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

func errorOr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// TestShutdownDoesNotWaitForAClientThatDoesNotRead has a session blocked in a
// write and another in a statement.
func TestShutdownDoesNotWaitForAClientThatDoesNotRead(t *testing.T) {
	n := start(t)
	deaf, busy := n.raw(t), n.raw(t)
	deaf.query(t, "select library a1")
	busy.query(t, "select library a1")
	deaf.send(t, packet(0x03, "select repeat('x', 10000) from seq_1_to_1000000"))
	busy.send(t, packet(0x03, "do sleep(101)"))
	eventually(t, "both run", func() bool {
		return running(t, 0, "do sleep(101)") == 1 && running(t, 0, "select repeat('x', 10000)") == 1
	})
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

func TestWhatLivesInTheLostConnectionIsReportedOnce(t *testing.T) {
	n := start(t)
	for _, statement := range []string{
		"select 7 into @made", "create or replace temporary table made (a int)", "do get_lock('made', 1)",
	} {
		c := n.raw(t)
		c.query(t, "select library a1")
		c.query(t, statement)
		endThread(t, c)
		idle := time.Now()
		eventually(t, "the connection counts as unused", func() bool { return time.Since(idle) > 200*time.Millisecond })
		c.want(t, 9525, packet(0x03, "do 1"))
		c.query(t, "do 1")
	}
}

// changeAccount has the node use another account of library_1's server from now on, so
// that what is connected is not what a session would be given. It returns its name.
func changeAccount(t *testing.T, n *node) string {
	t.Helper()
	const other = "other"
	db := direct(t, servers[0])
	for _, sql := range []string{"create user " + other + " identified by 'secret'", "grant all on *.* to " + other} {
		if _, err := db.ExecContext(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if _, err := db.ExecContext(context.Background(), "drop user "+other); err != nil {
			t.Error(err)
		}
	})
	changed := *n.directory.Settings()
	changed.User, changed.Password = other, "secret"
	n.backends.Update(n.directory.Libraries(), &changed)
	return other
}

// TestSessionThatMadeSomethingStaysOnItsConnection has the account changed: who has
// made something stays, who has not goes over.
func TestSessionThatMadeSomethingStaysOnItsConnection(t *testing.T) {
	n := start(t)
	holder, mover := n.open(t), n.open(t)
	for _, c := range []*sql.Conn{holder, mover} {
		exec(t, c, "select library a1")
		wantServer(t, c, servers[0])
	}
	exec(t, holder, "do get_lock('stays', 1)")
	other := changeAccount(t, n)
	if got := value(t, mover, "select user() from dual"); !strings.HasPrefix(got, other+"@") {
		t.Errorf("who has made nothing is %s", got)
	}
	if got := value(t, holder, "select is_used_lock('stays') = connection_id() from dual"); got != "1" {
		t.Errorf("the session has lost its lock: %q", got)
	}
}

// TestLostTransactionIsReportedBehindLongData loses it before a command that has
// no answer by which that could be told.
func TestLostTransactionIsReportedBehindLongData(t *testing.T) {
	c := start(t).raw(t)
	c.query(t, "select library a1")
	id := c.prepare(t, "select length(?) from dual")
	c.query(t, "begin")
	c.query(t, "do (select count(*) from mysql.db)")
	endThread(t, c)
	idle := time.Now()
	eventually(t, "the connection counts as unused", func() bool { return time.Since(idle) > 200*time.Millisecond })
	c.send(t, packet(0x18, id4(id)+"\x00\x00"+"0123456789"))
	execute := packet(0x17, id4(id)+"\x00\x01\x00\x00\x00"+"\x00"+"\x01\xfc\x00")
	c.want(t, 9514, execute)
}

// TestCursorAndLongDataSurviveAChange changes the account while a session has both
// under way.
func TestCursorAndLongDataSurviveAChange(t *testing.T) {
	n := start(t, parkSoon)
	c := n.raw(t)
	c.query(t, "select library a1")
	cursor, long := c.prepare(t, "select seq from seq_1_to_3"), c.prepare(t, "select length(?) from dual")
	c.send(t, packet(0x17, id4(cursor)+"\x01"+id4(1)))
	for i := range 3 { // one column, its definition and the end
		c.read(t, i == 0)
	}
	c.send(t, packet(0x18, id4(long)+"\x00\x00"+"0123456789"))
	other := changeAccount(t, n)
	fetch := packet(0x1c, id4(cursor)+id4(1))
	for range 3 { // a row and the end
		if row := c.want(t, 0, fetch); row[0] != 0 {
			t.Fatalf("the cursor has gone: %q", row)
		}
		c.read(t, false)
	}
	c.send(t, packet(0x17, id4(long)+"\x00\x01\x00\x00\x00"+"\x00"+"\x01\xfc\x00"))
	for i := range 4 { // one column, its definition, a row and the end
		if packet := c.read(t, i == 0); i == 2 && !bytes.Contains(packet, []byte{10, 0, 0, 0}) {
			t.Errorf("the length of 10 bytes is not in %q", packet)
		}
	}
	c.want(t, 0, fetch) // the end, with which the cursor is closed
	r, err := c.Execute("select user() from dual where 1")
	if err != nil {
		t.Fatal(err)
	}
	if user, _ := r.GetString(0, 0); !strings.HasPrefix(user, other+"@") {
		t.Errorf("with nothing under way the session is %s, want %s", user, other)
	}
}
