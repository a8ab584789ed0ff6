package integration

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
)

// programThat answers a running node as it is told, and is the real program otherwise, or
// something else.
func programThat(t *testing.T, path, answers, otherwise string) {
	t.Helper()
	script := filepath.Join(t.TempDir(), "script")
	write(t, script, fmt.Sprintf("#!/bin/sh\ncase $1 in\ncheck-restart) echo '%s' ;;\n*) %s ;;\nesac\n", answers, otherwise))
	replaceProgram(t, path, script)
}

func TestANodeThatDoesNotComeBackIsTold(t *testing.T) {
	t.Parallel()
	o := withOwnProgram(t, options(t, 1))
	n := cluster.ForTest(t, o).Nodes[0]
	program, err := cluster.Binary()
	if err != nil {
		t.Fatal(err)
	}
	programThat(t, o.Binary, `{"version": "9", "handover": 1, "sessions": 1}`, "echo 'the new one fails' >&2; exit 3")
	said, err := runProgram(t, program, "restart", "--http", n.Addresses().HTTP)
	if err == nil || !strings.Contains(said, "has ended instead of going on") {
		t.Errorf("%v: %s", err, said)
	}
	if n.Running() || !strings.Contains(n.LogTail(), "the new one fails") {
		t.Error("the new program was not executed, or has not ended the node")
	}
	replaceProgram(t, o.Binary, program)
	if err := n.Start(within(t)); err != nil {
		t.Fatal(err)
	}
}

func TestSessionsEndWhereTheNextReleaseWouldNotUnderstandThem(t *testing.T) {
	t.Parallel()
	o := withOwnProgram(t, options(t, 1))
	n := cluster.ForTest(t, o).Nodes[0]
	program, err := cluster.Binary()
	if err != nil {
		t.Fatal(err)
	}
	conn := connect(t, n)
	if _, err := selectLibrary(t.Context(), conn, "cust"); err != nil {
		t.Fatal(err)
	}
	programThat(t, o.Binary, `{"version": "9", "handover": 1, "sessions": 99}`, `exec "`+program+`" "$@"`)
	said, err := runProgram(t, program, "restart", "--http", n.Addresses().HTTP)
	if err != nil || !strings.Contains(said, "0 sessions go on, 1 ended (1 were of another release)") {
		t.Errorf("%v: %s", err, said)
	}
	if _, err := conn.ExecContext(within(t), "DO 1"); err == nil {
		t.Error("the session goes on")
	}
	exec(t, connect(t, n), "DO 1")
}

func TestSessionsWithTLSEndAndAreCounted(t *testing.T) {
	t.Parallel()
	n := cluster.ForTest(t, withOwnProgram(t, options(t, 1))).Nodes[0]
	db, err := n.OpenDB(func(c *mysql.Config) { c.TLSConfig = "skip-verify" })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	secure, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	exec(t, secure, "DO 1")
	plain := connect(t, n)
	exec(t, plain, "DO 1")
	if said := cli(t, n, "restart"); !strings.Contains(said, "1 sessions go on, 1 ended (1 use TLS)") {
		t.Errorf("said %q", said)
	}
	exec(t, plain, "DO 1")
	if _, err := secure.ExecContext(within(t), "DO 1"); err == nil {
		t.Error("the session with TLS goes on")
	}
}

// TestANodeInTheBackgroundKeepsItsPIDFile also restarts as the original's file and script
// know a node.
func TestANodeInTheBackgroundKeepsItsPIDFile(t *testing.T) {
	t.Parallel()
	o := newOriginal(t)
	t.Cleanup(func() { o.end(t) })
	if code, out := runScript(o, "start"); code != 0 {
		t.Fatalf("%d: %s", code, out)
	}
	connector, err := mysql.NewConnector(o.client())
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { db.Close() })
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	exec(t, conn, "DO 1")
	before := o.pid(t)
	if code, out := o.run(t, o.program, "restart", "-f", o.conf); code != 0 {
		t.Fatalf("%d: %s", code, out)
	}
	exec(t, conn, "DO 1")
	if after := o.pid(t); after != before {
		t.Errorf("the pid file says %d, and said %d", after, before)
	}
	if code, out := runScript(o, "status"); code != 0 || !strings.Contains(out, "process "+strconv.Itoa(before)) {
		t.Errorf("%d: %s", code, out)
	}
	if code, out := runScript(o, "start"); code != 0 || !strings.Contains(out, "runs already") {
		t.Errorf("%d: %s", code, out)
	}
	if code, out := runScript(o, "stop"); code != 0 {
		t.Errorf("%d: %s", code, out)
	}
	if _, err := os.Stat(o.beside("pid")); !os.IsNotExist(err) {
		t.Errorf("the pid file is still there: %v", err)
	}
}
