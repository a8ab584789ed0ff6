package main

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/go-mysql-org/go-mysql/client"
	"github.com/go-mysql-org/go-mysql/mysql"
	_ "github.com/go-sql-driver/mysql"
	"github.com/sirupsen/logrus"
)

func TestMain(m *testing.M) {
	logrus.SetOutput(io.Discard)
	os.Exit(m.Run())
}

func start(t *testing.T) *embeddedServer {
	t.Helper()
	s, err := newServer(config{listen: "127.0.0.1:0", user: "calvin", password: "secret", database: "calvindb"})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.serve() }()
	t.Cleanup(func() {
		s.close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s
}

func connect(t *testing.T, s *embeddedServer) *client.Conn {
	t.Helper()
	c, err := client.Connect(s.addr(), "calvin", "secret", "calvindb")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // the server may be gone already
	return c
}

func mustExecute(t *testing.T, c *client.Conn, statement string) *mysql.Result {
	t.Helper()
	r, err := c.Execute(statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return r
}

func isCode(err error, code uint16) bool {
	var e *mysql.MyError
	return errors.As(err, &e) && e.Code == code
}

func TestServerDoesWhatTheDemoNeeds(t *testing.T) {
	s := start(t)
	c := connect(t, s)
	mustExecute(t, c, "CREATE TABLE IF NOT EXISTS orders (id INT PRIMARY KEY, customer VARCHAR(64), amount INT)")
	mustExecute(t, c, "INSERT INTO orders VALUES (1, 'cust-1', 30)")
	mustExecute(t, c, "INSERT INTO orders VALUES (2, 'cust-1', 12)")
	r := mustExecute(t, c, "SELECT SUM(amount) FROM orders WHERE customer = 'cust-1'")
	if sum, err := r.GetInt(0, 0); err != nil || sum != 42 {
		t.Fatalf("sum: %d, %v", sum, err)
	}
	if _, err := c.Execute("SELECT * FROM nothing"); !isCode(err, mysql.ER_NO_SUCH_TABLE) {
		t.Fatalf("a missing table: %v", err)
	}
	if err := c.Ping(); err != nil {
		t.Fatalf("ping after an error: %v", err)
	}
}

// The driver is another one than elsewhere here: go-mysql's client marks every
// execute with a flag that this server takes for the wish for a cursor.
func TestPreparedStatements(t *testing.T) {
	s := start(t)
	db, err := sql.Open("mysql", "calvin:secret@tcp("+s.addr()+")/calvindb")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(10))"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "INSERT INTO t VALUES (?, ?)", 7, "seven"); err != nil {
		t.Fatal(err)
	}
	var v string
	if err := db.QueryRowContext(t.Context(), "SELECT v FROM t WHERE id = ?", 7).Scan(&v); err != nil || v != "seven" {
		t.Fatalf("row: %q, %v", v, err)
	}
}

func TestRollbackTakesRowsBack(t *testing.T) {
	c := connect(t, start(t))
	mustExecute(t, c, "CREATE TABLE t (id INT PRIMARY KEY)")
	if err := c.Begin(); err != nil {
		t.Fatal(err)
	}
	if !c.IsInTransaction() {
		t.Fatal("the status flags do not say that a transaction is open")
	}
	mustExecute(t, c, "INSERT INTO t VALUES (1)")
	if err := c.Rollback(); err != nil {
		t.Fatal(err)
	}
	r := mustExecute(t, c, "SELECT COUNT(*) FROM t")
	if n, err := r.GetInt(0, 0); err != nil || n != 0 {
		t.Fatalf("rows after the rollback: %d, %v", n, err)
	}
}

// resetConnection sends COM_RESET_CONNECTION, for which the client has no method.
func resetConnection(t *testing.T, c *client.Conn) {
	t.Helper()
	c.ResetSequence()
	if err := c.WritePacket([]byte{0, 0, 0, 0, mysql.COM_RESET_CONNECTION}); err != nil {
		t.Fatal(err)
	}
	answer, err := c.ReadPacket()
	if err != nil {
		t.Fatal(err)
	}
	if answer[0] != mysql.OK_HEADER {
		t.Fatalf("answer to the reset: % x", answer)
	}
}

func TestResetConnectionForgetsVariablesAndKeepsDatabase(t *testing.T) {
	c := connect(t, start(t))
	mustExecute(t, c, "SET @x = 1")
	resetConnection(t, c)
	r := mustExecute(t, c, "SELECT @x, DATABASE()")
	if null, err := r.IsNull(0, 0); err != nil || !null {
		t.Fatalf("the variable is still there: %v", err)
	}
	if db, err := r.GetString(0, 1); err != nil || db != "calvindb" {
		t.Fatalf("database after the reset: %q, %v", db, err)
	}
}

func TestWrongPasswordIsRefused(t *testing.T) {
	s := start(t)
	if c, err := client.Connect(s.addr(), "calvin", "wrong", "calvindb"); err == nil {
		_ = c.Close()
		t.Fatal("logged in with a wrong password")
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- run(ctx, config{listen: "127.0.0.1:0", user: "u", database: "d"}, in) }()
	if _, err := out.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
