package wire

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

// rawConn is a connection to a real server of which every answer is read by a
// tracker, and nothing else knows where it ends.
type rawConn struct {
	net.Conn
	caps    Capability
	tracker Tracker
	random  *rand.Rand
	heard   []byte // what the server has said where that is recorded: not nil
}

// waitTime bounds every step with the server: a tracker that misses the end of
// an answer waits for bytes that never come.
const waitTime = 20 * time.Second

func dialRaw(t *testing.T, s *mysqld.Server, caps Capability) *rawConn {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	c := &rawConn{Conn: conn, caps: caps, random: rand.New(rand.NewPCG(1, uint64(caps)))}
	if err := conn.SetDeadline(time.Now().Add(waitTime)); err != nil {
		t.Fatal(err)
	}
	_, payload := readPacket(t, conn)
	l := login{
		capabilities: caps &^ (ClientConnectAttrs | ClientConnectWithDB),
		collation:    collationUTF8MB4,
		user:         "test",
		auth:         native(parseGreeting(t, payload).salt, "test"),
		plugin:       pluginNative,
	}
	send(t, conn, packetOf(1, l.payload()))
	if _, answer := readPacket(t, conn); answer[0] != markOK {
		t.Fatalf("login answered with %q", answer)
	}
	c.run(t, "USE test")
	return c
}

// send sends a command of one packet and tells the tracker.
func (c *rawConn) send(t *testing.T, command byte, body []byte) {
	t.Helper()
	if err := c.SetDeadline(time.Now().Add(waitTime)); err != nil {
		t.Fatal(err)
	}
	send(t, c, packetOf(0, append([]byte{command}, body...)))
	if HasResponse(command) {
		c.tracker.Begin(command, c.caps)
	}
}

// answer reads in fragments of random sizes up to the tracker's event. A byte
// that the server sent behind it fails the test.
func (c *rawConn) answer(t *testing.T) (ev Event, size int) {
	t.Helper()
	buf := make([]byte, 64<<10)
	for ev == EventNeedMore {
		n, err := c.Read(buf[:1+c.random.IntN(1<<c.random.IntN(17))])
		if err != nil {
			t.Fatalf("after %d bytes of an answer: %v", size, err)
		}
		taken, event, err := c.tracker.Feed(buf[:n])
		if err != nil || taken != n {
			t.Fatalf("after %d bytes of an answer: took %d of %d, %v", size, taken, n, err)
		}
		ev, size = event, size+n
		if c.heard != nil {
			c.heard = append(c.heard, buf[:n]...)
		}
	}
	return ev, size
}

// do sends a command, reads its answer, and makes sure that the next thing that
// the server says is the answer to a ping: that nothing was left.
func (c *rawConn) do(t *testing.T, command byte, body []byte) (size int) {
	t.Helper()
	c.send(t, command, body)
	ev, size := c.answer(t)
	if ev != EventDone {
		t.Fatalf("event %d, want the end", ev)
	}
	c.nothingIsLeft(t)
	return size
}

func (c *rawConn) nothingIsLeft(t *testing.T) {
	t.Helper()
	kept := c.tracker
	c.send(t, ComPing, nil)
	seq, payload := readPacket(t, c)
	if seq != 1 || len(payload) != 7 || payload[0] != markOK {
		t.Fatalf("answer to the ping behind it: number %d, %q", seq, payload)
	}
	c.tracker = kept
}

// run makes a query that must not fail.
func (c *rawConn) run(t *testing.T, sql string) (size int) {
	t.Helper()
	size = c.do(t, ComQuery, []byte(sql))
	if code := c.tracker.ErrCode(); code != 0 {
		t.Fatalf("%s: error %d", sql, code)
	}
	return size
}

func (c *rawConn) fails(t *testing.T, command byte, body string, code uint16) {
	t.Helper()
	c.do(t, command, []byte(body))
	if got := c.tracker.ErrCode(); got != code {
		t.Errorf("command 0x%02x %q: error %d, want %d", command, body, got, code)
	}
}

func (c *rawConn) statusIs(t *testing.T, mask, want uint16) {
	t.Helper()
	if got := c.tracker.Status() & mask; got != want {
		t.Errorf("status %#x, want %#x of %#x", c.tracker.Status(), want, mask)
	}
}

func (c *rawConn) prepare(t *testing.T, sql string, columns, params uint16) (id uint32) {
	t.Helper()
	c.do(t, ComStmtPrepare, []byte(sql))
	id, gotColumns, gotParams, ok := c.tracker.Prepared()
	if !ok || gotColumns != columns || gotParams != params {
		t.Fatalf("prepare %q: ok %v, %d columns, %d parameters, error %d", sql, ok, gotColumns, gotParams, c.tracker.ErrCode())
	}
	return id
}

// execution is the body of a COM_STMT_EXECUTE with strings as parameters.
func execution(id uint32, cursor bool, params ...string) []byte {
	body := binary.LittleEndian.AppendUint32(nil, id)
	flags := byte(0)
	if cursor {
		flags = 1 // read only
	}
	body = append(body, flags, 1, 0, 0, 0)
	if len(params) == 0 {
		return body
	}
	body = append(body, make([]byte, (len(params)+7)/8)...)
	body = append(body, 1)
	for range params {
		body = append(body, typeVarString, 0)
	}
	for _, p := range params {
		body = appendLenencString(body, p)
	}
	return body
}

func fetch(id, rows uint32) []byte {
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, id), rows)
}

func TestTrackerWithARealServer(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a server")
	}
	s := mysqld.ForTest(t, mysqld.Options{})
	for _, set := range []string{"plain", "plain-eof", "all", "all-eof"} {
		c := dialRaw(t, s, capabilitySets()[set])
		for _, scenario := range []struct {
			name string
			run  func(*testing.T, *rawConn)
		}{
			{"queries", realQueries},
			{"errors", realErrors},
			{"several results", realMultiResults},
			{"prepared statements", realPrepared},
			{"cursors", realCursors},
			{"long rows", realLongRows},
			{"load data local", realLocalInfile},
			{"other commands", realOtherCommands},
		} {
			t.Run(set+"/"+scenario.name, func(t *testing.T) {
				scenario.run(t, c)
			})
		}
	}
}

func realQueries(t *testing.T, c *rawConn) {
	c.run(t, "SELECT 1")
	c.run(t, "SELECT 1 WHERE FALSE")
	c.run(t, "SELECT NULL, '', 'x', NULL")
	if size := c.run(t, "SELECT seq, REPEAT('y', seq % 300) FROM seq_1_to_5000"); size < 5000*150 {
		t.Errorf("a result of %d bytes", size)
	}
	c.run(t, "DROP TABLE IF EXISTS wide")
	wide := "CREATE TABLE wide (c0 INT"
	for i := range 300 {
		wide += fmt.Sprintf(", c%d INT", i+1)
	}
	c.run(t, wide+")")
	c.run(t, "SELECT * FROM wide")
	c.run(t, "CREATE OR REPLACE TABLE t (a INT PRIMARY KEY, b LONGTEXT)")
	c.statusIs(t, StatusInTrans|StatusAutocommit, StatusAutocommit)
	c.run(t, "BEGIN")
	c.statusIs(t, StatusInTrans, StatusInTrans)
	c.run(t, "INSERT INTO t VALUES (1, 'a'), (2, 'b')")
	c.run(t, "SELECT * FROM t")
	c.statusIs(t, StatusInTrans, StatusInTrans)
	c.run(t, "COMMIT")
	c.statusIs(t, StatusInTrans, 0)
	c.run(t, "SET autocommit = 0")
	c.statusIs(t, StatusAutocommit, 0)
	c.run(t, "SET autocommit = 1")
	c.run(t, "SHOW WARNINGS")
	c.run(t, "EXPLAIN SELECT * FROM t")
	c.run(t, "CHECK TABLE t")
}

func realErrors(t *testing.T, c *rawConn) {
	c.fails(t, ComQuery, "SELECT * FROM nowhere", 1146)
	c.fails(t, ComQuery, "SELEC", 1064)
	c.fails(t, ComQuery, "", 1065)
	c.fails(t, ComInitDB, "nowhere", 1049)
	c.fails(t, ComStmtPrepare, "SELEC", 1064)
	c.fails(t, ComStmtExecute, string(execution(1<<30, false)), 1243)
	c.fails(t, ComStmtFetch, string(fetch(1<<30, 1)), 1243)
	c.fails(t, ComFieldList, "nowhere\x00%", 1146)
	// The sum overflows after many rows have been sent.
	c.send(t, ComQuery, []byte("SELECT 18446744073709551615 - 4000 + seq FROM seq_1_to_5000"))
	_, size := c.answer(t)
	c.nothingIsLeft(t)
	if c.tracker.ErrCode() != 1690 || size < 3000*20 {
		t.Errorf("error %d after %d bytes; want 1690 behind rows", c.tracker.ErrCode(), size)
	}
}

func realMultiResults(t *testing.T, c *rawConn) {
	c.run(t, "SELECT 1; SELECT 2, 3; DO 1; SET @a = 1; SELECT * FROM seq_1_to_100; DO 2")
	c.statusIs(t, StatusMoreResultsExists, 0)
	c.fails(t, ComQuery, "SELECT 1; DO 1; SELECT * FROM nowhere; SELECT 2", 1146)
	c.run(t, "CREATE OR REPLACE PROCEDURE p() BEGIN SELECT 1; SELECT seq FROM seq_1_to_100; SELECT 3; END")
	c.run(t, "CALL p()")
	c.statusIs(t, StatusMoreResultsExists, 0)
	c.run(t, "CALL p(); SELECT 1; CALL p()")
	c.run(t, "CREATE OR REPLACE PROCEDURE q() BEGIN SELECT 1; SIGNAL SQLSTATE '45000'; END")
	c.fails(t, ComQuery, "CALL q()", 1644)
	c.run(t, "CREATE OR REPLACE PROCEDURE nothing() BEGIN END")
	c.run(t, "CALL nothing()")
}

func realPrepared(t *testing.T, c *rawConn) {
	c.run(t, "CREATE OR REPLACE TABLE t (a INT PRIMARY KEY, b LONGTEXT)")
	c.prepare(t, "DO 1", 0, 0)
	selecting := c.prepare(t, "SELECT ?, a, b FROM t WHERE b <> ?", 3, 2)
	c.prepare(t, "SELECT 1, 2", 2, 0)
	inserting := c.prepare(t, "INSERT INTO t VALUES (?, ?)", 0, 2)
	c.do(t, ComStmtExecute, execution(inserting, false, "7", "seven"))
	if c.tracker.ErrCode() != 0 {
		t.Errorf("insert: error %d", c.tracker.ErrCode())
	}
	c.fails(t, ComStmtExecute, string(execution(inserting, false, "7", "seven")), 1062)
	c.do(t, ComStmtExecute, execution(selecting, false, "x", "y"))
	c.send(t, ComStmtSendLongData, append(binary.LittleEndian.AppendUint32(nil, selecting), 0, 0, 'x'))
	c.nothingIsLeft(t)
	c.do(t, ComStmtReset, binary.LittleEndian.AppendUint32(nil, selecting))
	c.send(t, ComStmtClose, binary.LittleEndian.AppendUint32(nil, selecting))
	c.nothingIsLeft(t)

	c.run(t, "CREATE OR REPLACE PROCEDURE p(OUT x INT) BEGIN SELECT 1; SELECT seq FROM seq_1_to_100; SET x = 5; END")
	calling := c.prepare(t, "CALL p(?)", 0, 1)
	c.do(t, ComStmtExecute, execution(calling, false, "1"))
	if c.tracker.ErrCode() != 0 {
		t.Errorf("call: error %d", c.tracker.ErrCode())
	}
	c.statusIs(t, StatusMoreResultsExists, 0)
}

func realCursors(t *testing.T, c *rawConn) {
	id := c.prepare(t, "SELECT seq, REPEAT('x', 50) FROM seq_1_to_1000 WHERE seq > ?", 2, 1)
	c.do(t, ComStmtExecute, execution(id, true, "0"))
	c.statusIs(t, StatusCursorExists, StatusCursorExists)
	rows := 0
	for c.tracker.Status()&StatusLastRowSent == 0 {
		if rows > 1000 {
			t.Fatal("the last row never comes")
		}
		rows += 300
		if size := c.do(t, ComStmtFetch, fetch(id, 300)); c.tracker.ErrCode() != 0 || size < 50*100 && rows < 1000 {
			t.Fatalf("fetch of %d bytes, error %d", size, c.tracker.ErrCode())
		}
	}
	c.do(t, ComStmtReset, binary.LittleEndian.AppendUint32(nil, id))
	// No cursor is opened for what gives no rows, or several results.
	doing := c.prepare(t, "DO ?", 0, 1)
	c.do(t, ComStmtExecute, execution(doing, true, "1"))
	c.statusIs(t, StatusCursorExists, 0)
	empty := c.prepare(t, "SELECT 1 FROM seq_1_to_5 WHERE seq > ?", 1, 1)
	c.do(t, ComStmtExecute, execution(empty, true, "9"))
	c.do(t, ComStmtFetch, fetch(empty, 1))
	c.run(t, "CREATE OR REPLACE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END")
	calling := c.prepare(t, "CALL p()", 0, 0)
	c.do(t, ComStmtExecute, execution(calling, true))
	c.run(t, "SELECT 1")
}

func realLongRows(t *testing.T, c *rawConn) {
	for _, n := range []int{
		MaxPacketPayload - 5, // a packet that is just not full
		MaxPacketPayload - 4, // exactly full: an empty one follows
		MaxPacketPayload - 3,
		MaxPacketPayload + 1, // the value's length begins like an EOF packet
	} {
		if size := c.run(t, fmt.Sprintf("SELECT REPEAT('x', %d) UNION ALL SELECT 'y'", n)); size < n {
			t.Errorf("a row of %d bytes in an answer of %d", n, size)
		}
	}
	c.statusIs(t, StatusAutocommit, StatusAutocommit)
}

func realLocalInfile(t *testing.T, c *rawConn) {
	c.run(t, "CREATE OR REPLACE TABLE loaded (a INT, b TEXT)")
	load := func(sql string, data ...string) {
		t.Helper()
		c.send(t, ComQuery, []byte(sql))
		if ev, _ := c.answer(t); ev != EventLocalInfile {
			t.Fatalf("event %d, error %d; want a request for the file", ev, c.tracker.ErrCode())
		}
		seq := c.tracker.NextSequence()
		for _, part := range append(data, "") {
			send(t, c, packetOf(seq, []byte(part)))
			seq++
		}
		c.tracker.ResumeLocalInfile(seq)
		if ev, _ := c.answer(t); ev != EventDone || c.tracker.NextSequence() <= seq {
			t.Fatalf("event %d, next number %d behind the client's %d", ev, c.tracker.NextSequence(), seq)
		}
		c.nothingIsLeft(t)
	}
	load("LOAD DATA LOCAL INFILE '/nonexistent' INTO TABLE loaded", "1\ta\n2\tb\n", "3\tc\n")
	load("LOAD DATA LOCAL INFILE 'x' INTO TABLE loaded; SELECT * FROM loaded", "4\td\n")
	load("LOAD DATA LOCAL INFILE 'x' INTO TABLE loaded")
	if c.tracker.ErrCode() != 0 {
		t.Errorf("error %d", c.tracker.ErrCode())
	}
	c.fails(t, ComQuery, "LOAD DATA LOCAL INFILE 'x' INTO TABLE nowhere", 1146)
}

func realOtherCommands(t *testing.T, c *rawConn) {
	c.run(t, "CREATE OR REPLACE TABLE t (a INT DEFAULT 5, b LONGTEXT)")
	c.do(t, ComFieldList, []byte("t\x00%"))
	c.do(t, ComFieldList, []byte("t\x00nothing"))
	if size := c.do(t, ComStatistics, nil); size < 30 || c.tracker.ErrCode() != 0 {
		t.Errorf("statistics of %d bytes, error %d", size, c.tracker.ErrCode())
	}
	c.do(t, ComPing, nil)
	c.do(t, ComInitDB, []byte("test"))
	c.do(t, ComSetOption, []byte{1, 0})
	c.fails(t, ComQuery, "DO 1; DO 2", 1064)
	c.do(t, ComSetOption, []byte{0, 0})
	c.run(t, "DO 1; DO 2")
	c.do(t, ComDebug, nil)
	c.do(t, ComProcessInfo, nil)
	c.do(t, ComRefresh, []byte{0})
	c.do(t, ComResetConnection, nil)
	if c.tracker.ErrCode() != 0 {
		t.Errorf("reset: error %d", c.tracker.ErrCode())
	}
	c.fails(t, 0x7e, "", 1047)
	c.run(t, "USE test")
}
