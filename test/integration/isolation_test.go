package integration

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/go-mysql-org/go-mysql/client"
	"github.com/go-mysql-org/go-mysql/mysql"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// rawSession is a session whose client leaves without manners.
type rawSession struct {
	*client.Conn
	socket *net.TCPConn
}

// openRaw opens a session in the library. All have the same capabilities, so that
// they can have the same backend connection.
func openRaw(t *testing.T, n *cluster.Node, database string) *rawSession {
	t.Helper()
	c, err := client.Connect(n.Addresses().MySQL, user, password, database, func(c *client.Conn) error {
		for _, capability := range []uint32{mysql.CLIENT_LOCAL_FILES, mysql.CLIENT_MULTI_STATEMENTS, mysql.CLIENT_MULTI_RESULTS} {
			if err := c.SetCapability(capability); err != nil {
				return err
			}
		}
		return nil
	})
	must(t, err)
	socket := c.Conn.Conn.(*net.TCPConn)
	must(t, socket.SetDeadline(time.Now().Add(patience)))
	s := &rawSession{Conn: c, socket: socket}
	s.exec(t, "select library cust")
	return s
}

func (s *rawSession) exec(t *testing.T, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		if _, err := s.Execute(sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// ask returns the first row of an answer, or the error's number.
func (s *rawSession) ask(t *testing.T, sql string) string {
	t.Helper()
	result, err := s.Execute(sql)
	var answer *mysql.MyError
	switch {
	case errors.As(err, &answer):
		return fmt.Sprintf("error %d", answer.Code)
	case err != nil:
		t.Fatalf("%s: %v", sql, err)
	case result.Resultset == nil:
		return "ok"
	case result.RowNumber() == 0:
		return "no row"
	}
	var columns []string
	for i := range result.ColumnNumber() {
		value, err := result.GetString(0, i)
		must(t, err)
		columns = append(columns, value)
	}
	return strings.Join(columns, ",")
}

// frame is a packet; announced is the length that its header says.
func frame(sequence byte, announced int, payload string) []byte {
	return append([]byte{byte(announced), byte(announced >> 8), byte(announced >> 16), sequence}, payload...)
}

// command sends a command and does not wait for the answer.
func (s *rawSession) command(t *testing.T, code byte, argument string) {
	t.Helper()
	s.raw(t, frame(0, 1+len(argument), string(rune(code))+argument))
	s.Sequence = 1
}

func (s *rawSession) raw(t *testing.T, bytes []byte) {
	t.Helper()
	_, err := s.socket.Write(bytes)
	must(t, err)
}

// packet is the next packet of an answer.
func (s *rawSession) packet(t *testing.T) []byte {
	t.Helper()
	p, err := s.ReadPacket()
	must(t, err)
	if len(p) == 0 || p[0] == mysql.ERR_HEADER {
		t.Fatalf("got %q", p)
	}
	return p
}

// leavings are the ways in which a client goes.
var leavings = map[string]func(*testing.T, *rawSession){
	"close": func(t *testing.T, s *rawSession) { must(t, s.socket.Close()) },
	"reset": func(t *testing.T, s *rawSession) {
		must(t, s.socket.SetLinger(0))
		must(t, s.socket.Close())
	},
	"quit": func(t *testing.T, s *rawSession) {
		s.raw(t, frame(0, 1, "\x01"))
		must(t, s.socket.Close())
	},
	// What is still under way may be answered, then the node hangs up too.
	"half": func(t *testing.T, s *rawSession) {
		must(t, s.socket.CloseWrite())
		_, err := io.Copy(io.Discard, s.socket)
		var reset *net.OpError
		if err != nil && (!errors.As(err, &reset) || reset.Timeout()) {
			t.Error(err)
		}
		must(t, s.socket.Close())
	},
}

// departure is what a client does before it leaves.
type departure struct {
	name string
	act  func(t *testing.T, s *rawSession)
	// idle says that nothing is under way then, so the next session gets the same
	// backend connection.
	idle bool
}

// after is a departure between two statements.
func after(name string, statements ...string) departure {
	return departure{name, func(t *testing.T, s *rawSession) { s.exec(t, statements...) }, true}
}

const (
	mebibyte      = 1 << 20
	wholePacket   = 1<<24 - 1
	lockOfSession = "CONCAT(DATABASE(), '.held')" // locks are the server's
)

var departures = []departure{
	after("in a transaction", "BEGIN", "INSERT INTO kept VALUES (1)", "SELECT * FROM kept WHERE a = 0 FOR UPDATE"),
	after("with autocommit off", "SET autocommit = 0", "INSERT INTO kept VALUES (1)"),
	after("with a named lock", "SELECT GET_LOCK("+lockOfSession+", 0)"),
	after("with locked tables", "LOCK TABLES kept WRITE"),
	after("with temporary tables", "CREATE TEMPORARY TABLE hidden (a INT)", "CREATE TEMPORARY TABLE kept (a INT)"),
	after("with user variables", "SET @mark = 'left'", "SELECT 'again' INTO @again"),
	after("with other settings", "SET sql_mode = 'ANSI_QUOTES', time_zone = '+03:00'", "SET NAMES latin1",
		"SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE", "SET SESSION TRANSACTION READ ONLY", "SET foreign_key_checks = 0"),
	after("after an insert and a warning", "SELECT LAST_INSERT_ID(77)", "SELECT 1/0 FROM DUAL"),
	after("in another database", "USE information_schema"),
	after("with a statement of SQL's PREPARE", "PREPARE left_over FROM 'SELECT 1'"),
	after("with an open handler", "HANDLER kept OPEN AS held"),
	{"with long data sent", func(t *testing.T, s *rawSession) {
		_, err := s.Prepare("INSERT INTO blobs VALUES (?)")
		must(t, err)
		s.command(t, mysql.COM_STMT_SEND_LONG_DATA, firstStatement+"\x00\x00"+strings.Repeat("x", 1000))
		s.exec(t, "DO 1 /* the data has been read */")
	}, true},
	{"with an open cursor", func(t *testing.T, s *rawSession) {
		_, err := s.Prepare("SELECT seq FROM seq_1_to_1000")
		must(t, err)
		s.command(t, mysql.COM_STMT_EXECUTE, firstStatement+"\x01\x01\x00\x00\x00")
		for range 3 { // the number of columns, the column, the end
			s.packet(t)
		}
	}, true},
	{"in the middle of a result", func(t *testing.T, s *rawSession) {
		s.command(t, mysql.COM_QUERY, "SELECT seq, REPEAT('x', 1000) FROM seq_1_to_100000")
		s.packet(t)
	}, false},
	{"in the middle of LOCAL INFILE", func(t *testing.T, s *rawSession) {
		s.command(t, mysql.COM_QUERY, "LOAD DATA LOCAL INFILE 'rows' INTO TABLE kept")
		if p := s.packet(t); p[0] != mysql.LocalInFile_HEADER {
			t.Fatalf("got %q", p)
		}
		s.raw(t, frame(2, 8, "101\n102\n"))
	}, false},
	{"while a statement runs", func(t *testing.T, s *rawSession) {
		s.command(t, mysql.COM_QUERY, "DO SLEEP(1000)")
	}, false},
	{"in the middle of several statements", func(t *testing.T, s *rawSession) {
		s.command(t, mysql.COM_QUERY, "BEGIN; INSERT INTO kept VALUES (1); DO SLEEP(1000); COMMIT")
		s.packet(t) // of BEGIN
		s.packet(t) // of INSERT
	}, false},
	{"in the middle of a huge statement", func(t *testing.T, s *rawSession) {
		statement := "\x03INSERT INTO blobs VALUES ('" + strings.Repeat("x", 10*mebibyte)
		s.raw(t, frame(0, wholePacket, statement)) // which announces more than comes
	}, false},
	{"between two packets of a huge statement", func(t *testing.T, s *rawSession) {
		statement := "\x03INSERT INTO blobs VALUES ('"
		s.raw(t, frame(0, wholePacket, statement+strings.Repeat("x", wholePacket-len(statement))))
	}, false},
}

// firstStatement names a session's first prepared statement in packets: nodes count
// them from 1.
const firstStatement = "\x01\x00\x00\x00"

// looks are what a session must find as every other did. Statements that change
// something undo it.
var looks = []string{
	"SELECT @@in_transaction, @@autocommit, @@tx_isolation, @@tx_read_only FROM DUAL",
	"SELECT @@sql_mode, @@time_zone, @@foreign_key_checks, @@last_insert_id, DATABASE() FROM DUAL",
	"SELECT @@character_set_client, @@character_set_results, @@collation_connection FROM DUAL",
	"SHOW WARNINGS",
	"SELECT @mark, @again FROM DUAL",
	"SELECT IS_FREE_LOCK(" + lockOfSession + ") FROM DUAL",
	"EXECUTE left_over",
	"HANDLER held READ FIRST",
	"SELECT * FROM hidden",
	"SELECT COUNT(*), MAX(a) FROM kept",
	"SELECT COUNT(*) FROM blobs",
	"SHOW OPEN TABLES WHERE In_use > 0 AND `Database` = DATABASE() AND `Table` IN ('kept', 'blobs')",
	"UPDATE kept SET a = 5",
	"UPDATE kept SET a = 0",
	"SELECT ROW_COUNT() FROM DUAL",
	"INSERT INTO blobs VALUES ('')",
	"DELETE FROM blobs",
}

func findings(t *testing.T, s *rawSession) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, look := range looks {
		found[look] = s.ask(t, look)
	}
	return found
}

// TestNextSessionFindsAServerAsIfNobodyHadBeenThere has one backend connection for
// all sessions, and clients that leave in the middle of things.
func TestNextSessionFindsAServerAsIfNobodyHadBeenThere(t *testing.T) {
	t.Parallel()
	for how, leave := range leavings {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			o := options(t, 1)
			o.Libraries, o.BackendConnections = o.Libraries[:1], 1
			n := cluster.ForTest(t, o).Nodes[0]
			first := openRaw(t, n, o.Database)
			first.exec(t, "CREATE TABLE kept (a INT PRIMARY KEY) ENGINE=InnoDB", "INSERT INTO kept VALUES (0)",
				"CREATE TABLE blobs (b LONGBLOB) ENGINE=InnoDB")
			want := findings(t, first)
			must(t, first.Close())
			for _, d := range departures {
				t.Run(d.name, func(t *testing.T) { departAndLook(t, n, o.Database, d, leave, want) })
			}
		})
	}
}

func departAndLook(t *testing.T, n *cluster.Node, database string, d departure, leave func(*testing.T, *rawSession), want map[string]string) {
	leaver := openRaw(t, n, database)
	thread := leaver.ask(t, "SELECT CONNECTION_ID() FROM DUAL")
	d.act(t, leaver)
	leave(t, leaver)

	next := openRaw(t, n, database)
	defer next.Close()
	if now := next.ask(t, "SELECT CONNECTION_ID() FROM DUAL"); d.idle && now != thread {
		t.Errorf("backend connection %s instead of %s: nothing is shown", now, thread)
	}
	for look, found := range findings(t, next) {
		if found != want[look] {
			t.Errorf("%s: %q, another session found %q", look, found, want[look])
		}
	}
	mine, err := next.Prepare("SELECT ?, REPEAT('y', 3) FROM DUAL")
	must(t, err)
	result, err := mine.Execute("mine")
	must(t, err)
	if got, err := result.GetString(0, 0); err != nil || got != "mine" {
		t.Errorf("the answer to a statement is %q, %v", got, err)
	}
	if d.idle {
		return
	}
	must(t, wait.For(within(t), "what was under way has ended", func(ctx context.Context) error {
		if left := next.ask(t, "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"); left != "0" {
			return fmt.Errorf("%s connections are left", left)
		}
		return nil
	}))
	if rows := next.ask(t, "SELECT COUNT(*), MAX(a) FROM kept"); rows != "1,0" {
		t.Errorf("afterwards: %s", rows)
	}
}
