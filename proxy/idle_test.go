package proxy_test

import (
	"bytes"
	"compress/zlib"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	mysqlclient "github.com/go-mysql-org/go-mysql/client"
	"github.com/go-mysql-org/go-mysql/mysql"

	"github.com/mysqlda/mysqlda/proxy"
)

func parkSoon(_ *directory, c *proxy.Config) { c.ParkAfter = 20 * time.Millisecond }

func (n *node) inUse() int { return n.backends.Pools()[0].InUse }

// TestIdleSessionGivesItsConnectionBack parks a session and lets it go on as if
// nothing had happened.
func TestIdleSessionGivesItsConnectionBack(t *testing.T) {
	n := start(t, parkSoon)
	c := n.open(t)
	exec(t, c, "select library a1")
	exec(t, c, "create or replace table parked (id int auto_increment primary key, v int) auto_increment=41")
	exec(t, c, "set time_zone = '+03:00'")
	exec(t, c, "set @mine = 'kept', sql_mode = 'ansi_quotes'")
	prepared, err := c.PrepareContext(t.Context(), "select ? + 1 from dual")
	if err != nil {
		t.Fatal(err)
	}
	defer prepared.Close()
	exec(t, c, "insert into parked (v) values (7)")
	eventually(t, "the idle session has given its connection back", func() bool { return n.inUse() == 0 })

	if got := value(t, c, "select last_insert_id() from dual"); got != "41" {
		t.Errorf("LAST_INSERT_ID() is %s behind a park, want 41", got)
	}
	if got := value(t, c, `select concat(@@time_zone, @mine, @@sql_mode) from dual`); got != "+03:00keptANSI_QUOTES" {
		t.Errorf("what was SET came back as %q", got)
	}
	var sum int
	if err := prepared.QueryRowContext(t.Context(), 41).Scan(&sum); err != nil || sum != 42 {
		t.Errorf("the prepared statement says %d, %v", sum, err)
	}
}

// TestSessionKeepsTheConnectionThatHoldsSomething checks each thing that would be
// lost.
func TestSessionKeepsTheConnectionThatHoldsSomething(t *testing.T) {
	for name, statements := range map[string][]string{
		"transaction":     {"begin", "select 1 from dual"},
		"temporary table": {"create temporary table t1 (a int)"},
		"lock":            {"do get_lock('held', 1)"},
		"user variable":   {"select @x := count(*) from information_schema.tables"},
	} {
		t.Run(name, func(t *testing.T) {
			n := start(t, parkSoon)
			c, other := n.open(t), n.open(t)
			exec(t, c, "select library a1")
			for _, s := range statements {
				exec(t, c, s)
			}
			// Another session that comes later and is parked shows that this one
			// would have been.
			exec(t, other, "select library b1")
			exec(t, other, "do 1")
			eventually(t, "the other session was parked", func() bool { return n.inUse() == 1 })
			if got := value(t, other, "select 1 from dual"); got != "1" {
				t.Error("the parked session does not go on")
			}
			eventually(t, "the other session was parked again", func() bool { return n.inUse() == 1 })
		})
	}
}

func TestOpenCursorKeepsItsConnection(t *testing.T) {
	n := start(t, parkSoon)
	c := n.raw(t)
	c.query(t, "select library a1")
	id := c.prepare(t, "select seq from seq_1_to_3")
	c.send(t, packet(0x17, id4(id)+"\x01"+id4(1))) // with a read-only cursor
	answer := c.read(t, true)
	for range int(answer[0]) + 1 { // definitions and their end
		c.read(t, false)
	}
	other := n.open(t)
	exec(t, other, "select library b1")
	exec(t, other, "do 1")
	eventually(t, "the other session was parked", func() bool { return n.inUse() == 1 })
	c.send(t, packet(0x1c, id4(id)+id4(1)))
	if row := c.read(t, true); row[0] != 0 {
		t.Fatalf("the cursor has gone: %q", row)
	}
}

// TestNextStatementMayAskAboutTheLast asks behind a time in which another session is
// parked.
func TestNextStatementMayAskAboutTheLast(t *testing.T) {
	// The session that may ask is parked, too, after twelve times as long: that has to be
	// much longer than this test stands still on a busy machine.
	n := start(t, func(_ *directory, c *proxy.Config) { c.ParkAfter = 500 * time.Millisecond })
	c, other := n.open(t), n.open(t)
	exec(t, c, "select library a1")
	exec(t, c, "create or replace table counted (v int)")
	exec(t, c, "insert into counted values (1), (2)")
	exec(t, c, "update counted set v = v + 1")
	exec(t, other, "select library b1")
	exec(t, other, "do 1")
	eventually(t, "the other session was parked", func() bool { return n.inUse() == 1 })
	if got := value(t, c, "select row_count() from dual"); got != "2" {
		t.Errorf("ROW_COUNT() is %s, want 2", got)
	}
}

func TestSessionThatIsIdleForTooLongIsEnded(t *testing.T) {
	n := start(t, func(_ *directory, c *proxy.Config) { c.IdleTimeout = 50 * time.Millisecond })
	c := n.raw(t)
	c.query(t, "select library a1")
	c.Sequence = 0
	last, err := c.ReadPacket()
	if err != nil || last[0] != 0xff || uint16(last[1])|uint16(last[2])<<8 != 4031 {
		t.Fatalf("got %q, %v; want error 4031", last, err)
	}
	eventually(t, "the session has ended", func() bool { return len(n.Sessions()) == 0 })
}

// TestEndThatComesWithTheLastCommandIsNoticed closes the client's side in the same
// moment in which it sends a command: the poller does not tell of that again.
func TestEndThatComesWithTheLastCommandIsNoticed(t *testing.T) {
	n := start(t, func(_ *directory, c *proxy.Config) { c.ParkAfter = 20 * time.Millisecond })
	for range 20 {
		c := n.raw(t)
		c.send(t, packet(0x0e, ""))
		if err := c.socket.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the sessions have ended", func() bool { return len(n.Sessions()) == 0 })
}

func TestUsersAndLibrariesAreBounded(t *testing.T) {
	n := start(t, func(_ *directory, c *proxy.Config) { c.MaxSessionsPerUser, c.MaxSessionsPerLibrary = 3, 1 })
	first, second := n.open(t), n.open(t)
	exec(t, first, "select library a1")
	execError(t, second, 9526, "select library b1")
	exec(t, second, "select library b2")
	exec(t, first, "select library a1") // where it is already
	execError(t, first, 9526, "select library a2")
	wantServer(t, first, servers[0])
	n.open(t)
	db, err := sql.Open("mysql", n.dsn())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	wantError(t, db.PingContext(t.Context()), 1203)
	if err := second.Raw(func(c any) error { return c.(interface{ Close() error }).Close() }); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the session has ended", func() bool { return len(n.Sessions()) == 2 })
	exec(t, first, "select library a2")
	if err := db.PingContext(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestManySettingsOfOneVariableAreOne(t *testing.T) {
	n := start(t)
	c := n.open(t)
	exec(t, c, "select library a1")
	for i := range 500 {
		exec(t, c, fmt.Sprintf("set @n = %d, sql_select_limit = %d", i, i+1))
	}
	exec(t, c, "set names latin1")
	exec(t, c, "set names utf8mb4 collate utf8mb4_bin")
	exec(t, c, "select library a2")
	wantServer(t, c, servers[1])
	if got := value(t, c, "select concat_ws(' ', @n, @@sql_select_limit, @@collation_connection) from dual"); got != "499 500 utf8mb4_bin" {
		t.Errorf("got %q", got)
	}
}

// TestStatementsAreReadInTheSessionsCharacterSet has a text in which the second
// byte of a character is a backslash: whoever reads it as ASCII sees the quote
// escaped and the rest as part of the string.
func TestStatementsAreReadInTheSessionsCharacterSet(t *testing.T) {
	n := start(t)
	c := n.open(t)
	exec(t, c, "set names gbk")
	execError(t, c, 9503, "select '\xd5\x5c'; select library a1")
	exec(t, c, "set names utf8mb4")
	exec(t, c, "set sql_mode = 'no_backslash_escapes'")
	execError(t, c, 9503, `select '\'; select library a1`)
}

func TestStatementLongerThanAllowedIsRefused(t *testing.T) {
	n := start(t, func(_ *directory, c *proxy.Config) { c.MaxAllowedPacket = 20 << 20 })
	c := n.open(t, "maxAllowedPacket=67108864")
	exec(t, c, "select library a1")
	exec(t, c, "do length('"+strings.Repeat("x", 19<<20)+"')")
	execError(t, c, 1153, "do length('"+strings.Repeat("x", 40<<20)+"')")
	exec(t, c, "do 1")
}

// TestDroppedDefaultDatabaseIsGone drops the database that the session is in, and
// has it parked: a server has none then, and neither has the next connection.
func TestDroppedDefaultDatabaseIsGone(t *testing.T) {
	n := start(t, parkSoon)
	c := n.open(t)
	exec(t, c, "select library a1")
	exec(t, c, "create or replace database doomed")
	exec(t, c, "use doomed")
	exec(t, c, "drop database doomed")
	if got := value(t, c, "select database() from dual"); got != "" {
		t.Errorf("the default database is %q", got)
	}
	eventually(t, "the session was parked", func() bool { return n.inUse() == 0 })
	if got := value(t, c, "select database() from dual"); got != "" {
		t.Errorf("behind a park the default database is %q", got)
	}
}

// TestWhatAServerReportsFollows has a procedure change the session, which no text
// tells, for a client that is told of such changes.
func TestWhatAServerReportsFollows(t *testing.T) {
	exec := func(c *mysqlclient.Conn, sql string) string {
		t.Helper()
		r, err := c.Execute(sql)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		if r.RowNumber() == 0 {
			return ""
		}
		v, _ := r.GetString(0, 0)
		return v
	}
	n := start(t)
	c := n.raw(t, func(c *mysqlclient.Conn) error { return c.SetCapability(mysql.CLIENT_SESSION_TRACK) })
	exec(c.Conn, "select library a1")
	exec(c.Conn, "create or replace procedure moves() set time_zone = '+05:00'")
	exec(c.Conn, "create or replace database elsewhere")
	exec(c.Conn, "call moves()")
	exec(c.Conn, "use elsewhere")
	if _, err := direct(t, servers[1]).ExecContext(t.Context(), "create or replace database elsewhere"); err != nil {
		t.Fatal(err)
	}
	exec(c.Conn, "select library a2")
	if got := exec(c.Conn, "select concat(@@time_zone, database())"); got != "+05:00elsewhere" {
		t.Errorf("in the other library the session is at %q", got)
	}
}

// TestIdleSessionHoldsNoBuffer makes the pool of buffers forget each one at once,
// so that all that are held are different ones.
func TestIdleSessionHoldsNoBuffer(t *testing.T) {
	n := start(t)
	heap := func() int {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	const sessions, most = 50, 8 << 10 // bytes of one
	var all []*rawClient
	for range sessions {
		c := n.raw(t)
		c.query(t, "select library a1")
		all = append(all, c)
	}
	before := heap()
	for _, c := range all {
		c.query(t, "do 1")
		runtime.GC()
		runtime.GC()
	}
	if grown := (heap() - before) / sessions; grown > most {
		t.Errorf("each session holds %d bytes more after a statement, want at most %d", grown, most)
	}
}

// TestWakingASessionDoesNotBreakACompressedFrame wakes it in the middle of one,
// where a decompressor cannot go on after an error.
func TestWakingASessionDoesNotBreakACompressedFrame(t *testing.T) {
	n := start(t, parkSoon)
	c := n.raw(t, func(c *mysqlclient.Conn) error { return c.SetCapability(mysql.CLIENT_COMPRESS) })
	for _, statement := range []string{"select library a1", "do 1"} {
		if _, err := c.Execute(statement); err != nil {
			t.Fatal(err)
		}
	}
	random := make([]byte, 20_000)
	if _, err := rand.Read(random); err != nil {
		t.Fatal(err)
	}
	query := packet(0x03, "do length('"+base64.StdEncoding.EncodeToString(random)+"')")
	var payload bytes.Buffer
	w := zlib.NewWriter(&payload)
	if _, err := w.Write(query); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	frame := packet(byte(len(query)), string([]byte{byte(len(query) >> 8), byte(len(query) >> 16)})+payload.String())
	copy(frame, []byte{byte(payload.Len()), byte(payload.Len() >> 8), byte(payload.Len() >> 16)})
	// More than a decompressor buffers, less than a command that is begun with.
	const beginning = 17_000
	c.send(t, frame[:beginning])
	eventually(t, "the session was parked", func() bool { return n.inUse() == 0 })
	c.send(t, frame[beginning:])
	answer := make([]byte, 7+4+1) // the frame's header, the packet's, and OK
	if _, err := io.ReadFull(c.socket, answer); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(answer[7:], []byte{7, 0, 0, 1, 0}) {
		t.Errorf("got %q", answer)
	}
}

// TestLastInsertIDFollowsWhateverSetIt has ids that answers do not tell, or tell
// although LAST_INSERT_ID() says something else.
func TestLastInsertIDFollowsWhateverSetIt(t *testing.T) {
	n := start(t, parkSoon)
	c := n.open(t)
	exec(t, c, "select library a1")
	exec(t, c, "create or replace table numbered (id int auto_increment primary key, v int)")
	exec(t, c, "insert into numbered (v) values (1)")
	for _, step := range []struct{ statement, want string }{
		{"insert into numbered (id, v) values (77, 1)", "1"},
		{"do last_insert_id(5)", "5"},
		{"update numbered set v = last_insert_id(6) where id = 77", "6"},
		{"set last_insert_id = 7", "7"},
	} {
		exec(t, c, step.statement)
		eventually(t, "the session was parked", func() bool { return n.inUse() == 0 })
		if got := value(t, c, "select last_insert_id() from dual"); got != step.want {
			t.Errorf("%s: behind a park LAST_INSERT_ID() is %s, want %s", step.statement, got, step.want)
		}
		exec(t, c, "select library a2")
		if got := value(t, c, "select last_insert_id() from dual"); got != step.want {
			t.Errorf("%s: at the other library LAST_INSERT_ID() is %s, want %s", step.statement, got, step.want)
		}
		exec(t, c, "select library a1")
	}
}

func TestResetThatFindsNoRoomLeavesTheLibrary(t *testing.T) {
	n := start(t, func(d *directory, c *proxy.Config) {
		d.settings.DefaultLibrary, c.MaxSessionsPerLibrary = "library_1", 1
	})
	c := n.raw(t)
	c.query(t, "select library a2")
	other := n.raw(t) // takes the room
	c.want(t, 9526, packet(0x1f, ""))
	c.want(t, 9501, packet(0x03, "do (select count(*) from mysql.user)"))
	other.query(t, "select library a2")
}
