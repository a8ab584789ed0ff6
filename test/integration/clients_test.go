package integration

import (
	"database/sql"
	"errors"
	"net"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/need"
)

// clientPrograms is where the programs in other languages are.
const clientPrograms = "../clients"

func TestClientProgramsRunThroughAFollower(t *testing.T) {
	t.Parallel()
	c := cluster.ForTest(t, options(t, 3))
	followers, err := c.Followers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n, database := followers[0], databaseOf(t)
	t.Run("mariadb command line", func(t *testing.T) {
		t.Parallel()
		if _, err := osexec.LookPath("mariadb"); err != nil {
			need.Missing(t, "mariadb is not installed")
		}
		runClient(t, n, database, "cli", "sh", "mariadb_client.sh")
	})
	t.Run("PyMySQL", func(t *testing.T) {
		t.Parallel()
		runClient(t, n, database, "py", python(t), "pymysql_client.py")
	})
	t.Run("mysql2", func(t *testing.T) {
		t.Parallel()
		if _, err := os.Stat(filepath.Join(clientPrograms, "node/node_modules/mysql2")); err != nil {
			need.Missing(t, "mysql2 for Node is not installed")
		}
		runClient(t, n, database, "js", "node", "node/mysql2_client.js")
	})
	t.Run("go-sql-driver", func(t *testing.T) {
		t.Parallel()
		goClient(t, n)
	})
}

// python finds an interpreter that has PyMySQL.
func python(t *testing.T) string {
	t.Helper()
	for _, interpreter := range []string{"python3", "/usr/bin/python3"} {
		if osexec.CommandContext(t.Context(), interpreter, "-c", "import pymysql").Run() == nil {
			return interpreter
		}
	}
	need.Missing(t, "PyMySQL is not installed")
	return ""
}

// runClient runs a program and expects "ok" as its last line.
func runClient(t *testing.T, n *cluster.Node, database, name string, command ...string) {
	t.Helper()
	host, port, err := net.SplitHostPort(n.Addresses().MySQL)
	if err != nil {
		t.Fatal(err)
	}
	cmd := osexec.CommandContext(within(t), command[0], command[1:]...)
	cmd.Dir = clientPrograms
	cmd.Env = append(os.Environ(),
		"DB_HOST="+host, "DB_PORT="+port, "DB_USER="+user, "DB_PASSWORD="+password,
		"DB_NAME="+database, "TABLE=t_"+name, "CORE=client-"+name, "NEW_CORE=client-new-"+name)
	out, err := cmd.CombinedOutput()
	if lines := strings.Fields(string(out)); err != nil || len(lines) == 0 || lines[len(lines)-1] != "ok" {
		t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
	}
}

// goClient is the program of ../clients for go-sql-driver.
func goClient(t *testing.T, n *cluster.Node) {
	conn := connect(t, n)
	exec(t, conn, "select library client-go")
	exec(t, conn, "CREATE TABLE t_go (id INT PRIMARY KEY, name VARCHAR(40)) CHARACTER SET utf8mb4")
	exec(t, conn, "CREATE TABLE t_go_digits (d INT PRIMARY KEY)")
	for d := range 10 {
		exec(t, conn, "INSERT INTO t_go_digits VALUES (?)", d)
	}
	exec(t, conn, "INSERT INTO t_go VALUES (?, ?)", 1, "Käthe")
	checkName(t, conn)

	tx, err := conn.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), "INSERT INTO t_go VALUES (2, 'gone')"); err != nil {
		t.Fatal(err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if rows := number(t, conn, "SELECT COUNT(*) FROM t_go"); rows != 1 {
		t.Fatalf("%d rows after the rollback", rows)
	}

	_, err = conn.ExecContext(t.Context(), "SELECT * FROM t_go_missing")
	if e := new(mysql.MySQLError); !errors.As(err, &e) || e.Number != 1146 {
		t.Fatalf("error of a missing table: %v", err)
	}

	checkLargeResult(t, conn)

	again := connect(t, n)
	exec(t, again, "select library ?", "client-go")
	checkName(t, again)
}

func checkName(t *testing.T, conn *sql.Conn) {
	t.Helper()
	statement, err := conn.PrepareContext(t.Context(), "SELECT name FROM t_go WHERE id = ?")
	if err != nil {
		t.Fatal(err)
	}
	defer statement.Close()
	for range 2 {
		var name string
		if err := statement.QueryRowContext(t.Context(), 1).Scan(&name); err != nil || name != "Käthe" {
			t.Fatalf("name: %q, %v", name, err)
		}
	}
}

// checkLargeResult reads 50,000 rows, as text and as binary rows.
func checkLargeResult(t *testing.T, conn *sql.Conn) {
	t.Helper()
	const query = "SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d, REPEAT('x', 40) " +
		"FROM t_go_digits a, t_go_digits b, t_go_digits c, t_go_digits e, t_go_digits f WHERE f.d < 5"
	for _, args := range [][]any{nil, {5}} {
		text := query
		if args != nil {
			text = strings.Replace(query, "f.d < 5", "f.d < ?", 1)
		}
		rows, err := conn.QueryContext(t.Context(), text, args...)
		if err != nil {
			t.Fatal(err)
		}
		count, sum := 0, 0
		for rows.Next() {
			var value int
			var filler string
			if err := rows.Scan(&value, &filler); err != nil {
				t.Fatal(err)
			}
			count, sum = count+1, sum+value
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
		if count != 50000 || sum != 49999*25000 {
			t.Fatalf("%d rows with sum %d", count, sum)
		}
	}
}
