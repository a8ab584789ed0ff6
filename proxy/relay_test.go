package proxy_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"runtime/pprof"
	"strconv"
	"strings"
	"testing"
	"time"

	mysqlclient "github.com/go-mysql-org/go-mysql/client"
	"github.com/go-mysql-org/go-mysql/mysql"
	mysqldriver "github.com/go-sql-driver/mysql"
)

func TestAnswersOfEveryKindPassUnchanged(t *testing.T) {
	c := start(t).open(t, "multiStatements=true", "maxAllowedPacket=0")
	exec(t, c, "select library a1")

	exec(t, c, "create or replace table relay (id int primary key, v longtext)")
	result, err := c.ExecContext(t.Context(), "insert into relay values (1, 'x'), (2, null)")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := result.RowsAffected(); n != 2 || err != nil {
		t.Errorf("%d rows affected (%v), want 2", n, err)
	}
	execError(t, c, 1062, "insert into relay values (1, 'again')")

	// Text and binary protocol, NULL, no rows at all.
	if got := value(t, c, "select v from relay where id = 1"); got != "x" {
		t.Errorf("text: %q", got)
	}
	if got := value(t, c, "select v from relay where id = ?", 1); got != "x" {
		t.Errorf("binary: %q", got)
	}
	if got := rows(t, c, "select id from relay where id > 10"); got != "" {
		t.Errorf("empty: %q", got)
	}

	// Many rows; a statement and a row of more than 16 MiB.
	if got := strings.Count(rows(t, c, "select seq from seq_1_to_50000"), "/"); got != 49_999 {
		t.Errorf("%d rows, want 50000", got+1)
	}
	big := strings.Repeat("0123456789abcdef", (20<<20)/16)
	exec(t, c, "insert into relay values (3, ?)", big)
	exec(t, c, "insert into relay values (4, '"+big+"')")
	for _, id := range []int{3, 4} {
		if got := value(t, c, "select v from relay where id = ?", id); got != big {
			t.Errorf("row %d of 20 MiB came back with %d bytes", id, len(got))
		}
	}

	// Several results, some of them errors.
	results, err := c.QueryContext(t.Context(), "select 1 from dual; select 2 from dual; do 0; select 3 from dual")
	if err != nil {
		t.Fatal(err)
	}
	var all []int
	for more := true; more; more = results.NextResultSet() {
		for results.Next() {
			var v int
			if err := results.Scan(&v); err != nil {
				t.Fatal(err)
			}
			all = append(all, v)
		}
	}
	if err := results.Close(); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(all) != "[1 2 3]" {
		t.Errorf("results %v", all)
	}
	exec(t, c, "create or replace procedure three() begin select 1; select * from relay where id < 0; select 3; end")
	if got := rows(t, c, "call three()"); got != "1" {
		t.Errorf("first result of the call: %q", got)
	}
	execError(t, c, 1146, "select 1 from dual; select * from nowhere")
	wantServer(t, c, servers[0])
}

func TestLocalInfilePassesBothWays(t *testing.T) {
	c := start(t).open(t)
	exec(t, c, "select library a1")
	exec(t, c, "create or replace table loaded (id int, v varchar(100))")
	var file bytes.Buffer
	for i := range 20_000 {
		fmt.Fprintf(&file, "%d\tline number %d\n", i, i)
	}
	mysqldriver.RegisterReaderHandler("lines", func() io.Reader { return bytes.NewReader(file.Bytes()) })
	defer mysqldriver.DeregisterReaderHandler("lines")
	exec(t, c, "load data local infile 'Reader::lines' into table loaded")
	if got := value(t, c, "select count(*) from loaded"); got != "20000" {
		t.Errorf("%s lines arrived", got)
	}
	execError(t, c, 1146, "load data local infile 'Reader::lines' into table nowhere")
	wantServer(t, c, servers[0])
}

func TestPreparedStatementsFollowToAnotherLibrary(t *testing.T) {
	c := start(t).open(t)
	exec(t, c, "select library a1")
	port, err := c.PrepareContext(t.Context(), "select concat(@@port, ' ', ?) from dual")
	if err != nil {
		t.Fatal(err)
	}
	defer port.Close()
	other, err := c.PrepareContext(t.Context(), "select ? + 1 from dual")
	if err != nil {
		t.Fatal(err)
	}
	for i, core := range []string{"a1", "a2", "b2", "b1", "a2"} {
		exec(t, c, "select library "+core)
		var got string
		if err := port.QueryRowContext(t.Context(), core).Scan(&got); err != nil {
			t.Fatal(err)
		}
		server := servers[core[1]-'1']
		if want := strconv.Itoa(server.Port()) + " " + core; got != want {
			t.Errorf("at %s the statement gave %q, want %q", core, got, want)
		}
		if err := other.QueryRowContext(t.Context(), i).Scan(&got); err != nil {
			t.Fatal(err)
		}
	}
	if err := other.Close(); err != nil {
		t.Error(err)
	}
	wantServer(t, c, servers[1])
}

// TestTypesAreSentAgainToANewServer plays a client that binds its parameters'
// types once, as libmariadb does: after a change of the library the node has to
// repeat them.
func TestTypesAreSentAgainToANewServer(t *testing.T) {
	n := start(t)
	c, err := mysqlclient.Connect(n.addr, user, password, "")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	// ask sends a command and returns the given number of packets of its answer.
	ask := func(packet []byte, packets int) (answer []byte) {
		t.Helper()
		if _, err := c.Conn.Conn.Write(append([]byte{byte(len(packet)), 0, 0, 0}, packet...)); err != nil {
			t.Fatal(err)
		}
		c.Sequence = 1
		for range packets {
			payload, err := c.ReadPacket()
			if err != nil {
				t.Fatal(err)
			}
			if payload[0] == 0xff {
				t.Fatalf("refused: %q", payload)
			}
			answer = append(answer, payload...)
		}
		return answer
	}
	query := func(sql string) { t.Helper(); ask(append([]byte{0x03}, sql...), 1) }

	query("select library a1")
	// OK, the parameter, the column; without EOF packets, as agreed.
	prepared := ask(append([]byte{0x16}, "select concat('<', ?, '>') from dual"...), 3)
	id := binary.LittleEndian.Uint32(prepared[1:])
	execute := binary.LittleEndian.AppendUint32([]byte{0x17}, id)
	execute = append(execute, 0, 1, 0, 0, 0, 0 /* no NULL */)
	bound := append(append([]byte(nil), execute...), 1, 0xfd, 0, 5, 'h', 'e', 'l', 'l', 'o')
	again := append(append([]byte(nil), execute...), 0, 5, 'w', 'o', 'r', 'l', 'd')
	// The number of columns, the column, the row, OK.
	if got := ask(bound, 4); !bytes.Contains(got, []byte("<hello>")) {
		t.Fatalf("first execution: %q", got)
	}
	query("select library a2")
	if got := ask(again, 4); !bytes.Contains(got, []byte("<world>")) {
		t.Fatalf("execution at another server without types: %q", got)
	}
}

func TestKillReachesTheStatementOfTheSessionWithThatID(t *testing.T) {
	n := start(t)
	victim, killer := n.open(t), n.open(t)
	exec(t, victim, "select library a1")
	exec(t, killer, "select library a1")
	id := n.Sessions()[0].ID

	failed := make(chan error, 1)
	go func() {
		_, err := victim.ExecContext(t.Context(), "select sleep(60) from dual where 1 = benchmark(1, 1) + 1")
		failed <- err
	}()
	eventually(t, "the statement runs", func() bool {
		return value(t, killer, "select count(*) from information_schema.processlist where info like 'select sleep(60)%'") == "1"
	})
	exec(t, killer, fmt.Sprintf("kill query %d", id))
	select {
	case err := <-failed:
		if err != nil {
			wantError(t, err, 1317)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the statement was not killed")
	}
	wantServer(t, victim, servers[0])
	execError(t, killer, 9522, "kill 4000000000")
	execError(t, killer, 9516, "kill query id 7")
	exec(t, killer, fmt.Sprintf("kill %d", id))
	if _, err := victim.ExecContext(t.Context(), "select 1 from dual"); err == nil {
		t.Error("the killed session still answers")
	}
}

func TestCommandsForServersOnlyAreRefused(t *testing.T) {
	c, err := mysqlclient.Connect(start(t).addr, user, password, "")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, command := range []byte{0x08 /* SHUTDOWN */, 0x12 /* BINLOG_DUMP */, 0x15 /* REGISTER_SLAVE */, 0x1e /* BINLOG_DUMP_GTID */} {
		if _, err := c.Conn.Conn.Write([]byte{1, 0, 0, 0, command}); err != nil {
			t.Fatal(err)
		}
		c.Sequence = 1
		answer, err := c.ReadPacket()
		if err != nil {
			t.Fatal(err)
		}
		if answer[0] != 0xff || binary.LittleEndian.Uint16(answer[1:]) != 9516 {
			t.Errorf("command %#x: %q", command, answer)
		}
	}
	if err := c.Ping(); err != nil {
		t.Error(err)
	}
}

// TestPipelinedCommandsAreAnsweredInOrder sends many commands before it reads
// any answer.
func TestPipelinedCommandsAreAnsweredInOrder(t *testing.T) {
	c, err := mysqlclient.Connect(start(t).addr, user, password, "")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var all []byte
	send := func(sql string) {
		all = append(all, byte(1+len(sql)), 0, 0, 0, 0x03)
		all = append(all, sql...)
	}
	const commands = 500
	send("select library a1")
	for range commands {
		send("do 1")
	}
	if _, err := c.Conn.Conn.Write(all); err != nil {
		t.Fatal(err)
	}
	for i := range commands + 1 {
		c.Sequence = 1
		answer, err := c.ReadPacket()
		if err != nil {
			t.Fatal(err)
		}
		if answer[0] != 0 {
			t.Fatalf("answer %d: %q", i, answer)
		}
	}
}

func TestResetConnectionForgetsTheLibrary(t *testing.T) {
	n := start(t)
	c, err := mysqlclient.Connect(n.addr, user, password, "")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Execute("select library a1"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Conn.Conn.Write([]byte{1, 0, 0, 0, 0x1f}); err != nil {
		t.Fatal(err)
	}
	c.Sequence = 1
	if answer, err := c.ReadPacket(); err != nil || answer[0] != 0 {
		t.Fatalf("%q, %v", answer, err)
	}
	if _, err := c.Execute("select 1 from mysql.user"); err == nil || !strings.Contains(err.Error(), "9501") {
		t.Errorf("after the reset: %v", err)
	}
}

func TestClientThatLeavesInTheMiddleHarmsNobody(t *testing.T) {
	n := start(t)
	other := n.open(t)
	exec(t, other, "select library a1")
	for _, begin := range []string{
		"select a.seq, b.seq from seq_1_to_100000 a, seq_1_to_100 b", // in the middle of rows
		"insert into relay_gone values (1)",
	} {
		exec(t, other, "create or replace table relay_gone (a int) engine=innodb")
		c, err := mysqlclient.Connect(n.addr, user, password, "")
		if err != nil {
			t.Fatal(err)
		}
		raw := c.Conn.Conn
		for _, statement := range []string{"select library a1", "begin"} {
			if _, err := c.Execute(statement); err != nil {
				t.Fatal(err)
			}
		}
		packet := append([]byte{byte(1 + len(begin)), 0, 0, 0, 0x03}, begin...)
		if _, err := raw.Write(packet); err != nil {
			t.Fatal(err)
		}
		if _, err := raw.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		if err := raw.Close(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "its session has ended", func() bool { return len(n.Sessions()) == 1 })
	}
	eventually(t, "its transaction is rolled back", func() bool {
		return value(t, other, "select count(*) from relay_gone") == "0"
	})
}

// TestFilesThatAreWaitedForHoldNoThreads has the clients not send what their
// statements ask for.
func TestFilesThatAreWaitedForHoldNoThreads(t *testing.T) {
	n := start(t)
	const sessions = 40
	setup := n.raw(t)
	setup.query(t, "select library a1")
	setup.query(t, "create or replace table waited_for (a int)")
	before := pprof.Lookup("threadcreate").Count()
	for i := range sessions {
		c := n.raw(t, func(c *mysqlclient.Conn) error { return c.SetCapability(mysql.CLIENT_LOCAL_FILES) })
		c.query(t, "select library a1")
		c.send(t, packet(0x03, fmt.Sprintf("/* %d */ load data LoCaL infile 'x' into table waited_for", i)))
		if answer := c.read(t, true); answer[0] != 0xfb {
			t.Fatalf("no file is asked for: %q", answer)
		}
	}
	if made := pprof.Lookup("threadcreate").Count() - before; made > sessions/2 {
		t.Errorf("%d threads were made for %d sessions", made, sessions)
	}
}

// TestPipelineMayHoldAFile sends commands of every kind in one write, in the middle
// of them one that asks for a file, and the file.
func TestPipelineMayHoldAFile(t *testing.T) {
	c := start(t).raw(t, func(c *mysqlclient.Conn) error { return c.SetCapability(mysql.CLIENT_LOCAL_FILES) })
	c.query(t, "select library a1")
	c.query(t, "create or replace table piped (a int)")
	id := c.prepare(t, "select 1 from dual")
	ok := func(first bool) {
		t.Helper()
		if answer := c.read(t, first); answer[0] != 0 {
			t.Fatalf("got %q, want OK", answer)
		}
	}
	for _, comment := range []string{"", "/* a */ "} {
		c.send(t, packet(0x0e, ""), packet(0x03, "do 1"), packet(0x19, id4(9999)),
			packet(0x03, comment+"load data local infile 'x' into table piped"), []byte{2, 0, 0, 2, '1', '\n', 0, 0, 0, 3},
			packet(0x17, id4(id)+"\x00\x01\x00\x00\x00"), packet(0x03, "select library a2"), packet(0x0e, ""))
		ok(true)
		ok(true)
		if answer := c.read(t, true); answer[0] != 0xfb {
			t.Fatalf("no file is asked for: %q", answer)
		}
		c.Sequence = 4
		ok(false)
		for i := range 4 { // one column, its definition, a row and the end
			c.read(t, i == 0)
		}
		ok(true)
		ok(true)
		c.query(t, "select library a1")
	}
	wantRows(t, "piped", 2)
}

// TestResetConnectionWorksInEveryState has something different under way each time.
func TestResetConnectionWorksInEveryState(t *testing.T) {
	c := start(t, parkSoon).raw(t)
	for _, before := range [][]string{
		nil,
		{"select library a1"},
		{"select library a1", "begin", "select 1 into @x"},
		{"select library a1", "create temporary table made (a int)"},
		{"set @a = 1"},
		{"select library a1", "set autocommit = 0", "select count(*) into @x from mysql.user"},
		{"select library a1", "xa start 'x'"},
	} {
		for _, statement := range before {
			c.query(t, statement)
		}
		c.want(t, 0, packet(0x1f, ""))
		c.want(t, 9501, packet(0x03, "select * from mysql.user"))
		r, err := c.Execute("select @@autocommit and @a is null and @x is null")
		if err != nil {
			t.Fatal(err)
		}
		if clean, err := r.GetInt(0, 0); clean != 1 || err != nil {
			t.Errorf("behind %q something is left (%v)", before, err)
		}
	}
}
