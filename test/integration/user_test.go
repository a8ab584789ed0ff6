package integration

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/need"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// passwordFile is a file with that password.
func passwordFile(t *testing.T, word string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(word+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// logInAs opens one session as that user; an error is the login's.
func logInAs(t *testing.T, n *cluster.Node, name, word string) (*sql.Conn, error) {
	t.Helper()
	db, err := n.OpenDB(func(c *mysql.Config) { c.User, c.Passwd = name, word })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db.Conn(t.Context())
}

// waitLogin waits until logging in as that user ends with error number, or works for 0.
func waitLogin(t *testing.T, n *cluster.Node, name, word string, number uint16) {
	t.Helper()
	err := wait.For(within(t), fmt.Sprintf("logging in as %s at node %s ends with %d", name, n.ID, number), func(ctx context.Context) error {
		db, err := n.OpenDB(func(c *mysql.Config) { c.User, c.Passwd = name, word })
		if err != nil {
			return err
		}
		defer db.Close()
		err = db.PingContext(ctx)
		var refused *mysql.MySQLError
		if errors.As(err, &refused) && refused.Number == number || err == nil && number == 0 {
			return nil
		}
		return fmt.Errorf("it ended with %v", err)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestUsersHoldAtEveryNode(t *testing.T) {
	t.Parallel()
	c := cluster.ForTest(t, options(t, 3))
	const first, second, third = "the first secret", "the second secret", "the third secret"
	cli(t, c.Nodes[0], "user", "add", "shop", "--password-file", passwordFile(t, first), "--default-library", libraries[1])
	var kept *sql.Conn // outlives the changes of the password
	for i, n := range c.Nodes {
		waitLogin(t, n, "shop", first, 0)
		waitLogin(t, n, "shop", second, 1045)
		waitLogin(t, n, user, password, 0)
		if i == 1 {
			var err error
			if kept, err = logInAs(t, n, "shop", first); err != nil {
				t.Fatal(err)
			}
		}
	}
	if out := cli(t, c.Nodes[2], "user", "list"); !strings.Contains(out, "library "+libraries[1]) || strings.Contains(out, "secret") {
		t.Error(out)
	}

	// Two passwords while they are rotated, one afterwards.
	cli(t, c.Nodes[1], "user", "passwd", "shop", "--password-file", passwordFile(t, second))
	for _, n := range c.Nodes {
		waitLogin(t, n, "shop", second, 0)
		waitLogin(t, n, "shop", first, 0)
	}
	cli(t, c.Nodes[2], "user", "passwd", "shop", "--discard-old")
	for _, n := range c.Nodes {
		waitLogin(t, n, "shop", first, 1045)
		waitLogin(t, n, "shop", second, 0)
	}
	cli(t, c.Nodes[2], "user", "passwd", "shop", "--drop-old", "--password-file", passwordFile(t, third))
	for _, n := range c.Nodes {
		waitLogin(t, n, "shop", second, 1045)
		waitLogin(t, n, "shop", third, 0)
	}
	if got := text(t, kept, "SELECT DATABASE()"); got != databaseOf(t) {
		t.Errorf("the session is in database %q", got)
	}

	// Networks, bounds, locks.
	cli(t, c.Nodes[0], "user", "set", "shop", "--network", "10.0.0.0/8")
	waitLogin(t, c.Nodes[2], "shop", third, 1130)
	cli(t, c.Nodes[0], "user", "set", "shop", "--network", "127.0.0.1,10.0.0.0/8", "--max-sessions", "1")
	waitLogin(t, c.Nodes[2], "shop", third, 0)
	waitLogin(t, c.Nodes[1], "shop", third, 1203) // kept is there
	cli(t, c.Nodes[0], "user", "set", "shop", "--lock", "--max-sessions", "0")
	for _, n := range c.Nodes {
		waitLogin(t, n, "shop", third, 3118)
	}
	err := wait.For(within(t), "the session of the locked user has ended", func(ctx context.Context) error {
		if err := kept.PingContext(ctx); err == nil {
			return errors.New("it goes on")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	cli(t, c.Nodes[0], "user", "set", "shop", "--unlock")
	waitLogin(t, c.Nodes[1], "shop", third, 0)

	// All of it is there after a restart, and in a new cluster from a backup.
	if err := c.Nodes[1].Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitLogin(t, c.Nodes[1], "shop", third, 0)
	backup := filepath.Join(t.TempDir(), "backup")
	cli(t, c.Nodes[0], "backup", backup)
	binary, err := cluster.Binary()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cluster.Run(within(t), binary, "inspect", backup)
	if err != nil || !strings.Contains(out, "shop") || strings.Contains(out, "secret") {
		t.Errorf("%v\n%s", err, out)
	}
	wantNowhere(t, c.Dir(), first, second, third)

	cli(t, c.Nodes[0], "user", "remove", "shop")
	for _, n := range c.Nodes {
		waitLogin(t, n, "shop", third, 1045)
		waitLogin(t, n, user, password, 0)
	}
	if _, err := c.Nodes[0].CLI(within(t), "user", "remove", "shop"); err == nil || !strings.Contains(err.Error(), "there is no user shop") {
		t.Errorf("removed twice: %v", err)
	}
}

// wantNowhere looks for words in all files of a directory.
func wantNowhere(t *testing.T, dir string, words ...string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a snapshot that was replaced meanwhile
		}
		if err != nil {
			return err
		}
		files++
		for _, word := range words {
			if bytes.Contains(content, []byte(word)) {
				t.Errorf("%s has %q", path, word)
			}
		}
		return nil
	})
	if err != nil || files == 0 {
		t.Errorf("%d files in %s, %v", files, dir, err)
	}
}

// text is the one value that a query returns.
func text(t *testing.T, conn *sql.Conn, query string) string {
	t.Helper()
	var v sql.NullString
	if err := conn.QueryRowContext(t.Context(), query).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v.String
}

// TestRealClientsLogInAsUsers has the mariadb client use every plugin with either of
// two passwords.
func TestRealClientsLogInAsUsers(t *testing.T) {
	t.Parallel()
	program, err := osexec.LookPath("mariadb")
	if err != nil {
		need.Missing(t, "mariadb is not installed")
	}
	c := cluster.ForTest(t, options(t, 1))
	n := c.Nodes[0]
	cli(t, n, "user", "add", "shop", "--password-file", passwordFile(t, "older"))
	cli(t, n, "user", "passwd", "shop", "--password-file", passwordFile(t, "newer"))
	cli(t, n, "user", "add", "dba", "--role", "admin", "--password-file", passwordFile(t, "newer"))
	host, port, err := net.SplitHostPort(n.Addresses().MySQL)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(name, word, sql string, flags ...string) (string, error) {
		args := append([]string{"--no-defaults", "--host=" + host, "--port=" + port, "--protocol=tcp", "--user=" + name, "-N", "-B", "-e", sql}, flags...)
		cmd := osexec.CommandContext(within(t), program, args...)
		cmd.Env = append(os.Environ(), "MYSQL_PWD="+word)
		out, err := cmd.CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	for _, flags := range [][]string{
		{"--skip-ssl", "--default-auth=mysql_native_password"},
		{"--ssl", "--default-auth=mysql_native_password"},
		{"--skip-ssl", "--default-auth=caching_sha2_password"},
		{"--ssl", "--default-auth=caching_sha2_password"},
		{"--skip-ssl", "--default-auth=client_ed25519"},
		{"--ssl", "--default-auth=mysql_clear_password"},
	} {
		for _, word := range []string{"newer", "older"} {
			if out, err := ask("shop", word, "show mysqlda users", flags...); err != nil || out != "shop\tclient\tno\t2\t\t\t\t0\t1" {
				t.Errorf("%v, password %s: %v\n%s", flags, word, err, out)
			}
		}
		if out, err := ask("shop", "neither", "do 1", flags...); err == nil || !strings.Contains(out, "ERROR 1045") {
			t.Errorf("%v: %v\n%s", flags, err, out)
		}
	}
	out, err := ask("dba", "newer", "show mysqlda users", "--skip-ssl")
	if err != nil || !strings.Contains(out, "\ndba\tadmin\tno\t1\t") || !strings.Contains(out, "shop\tclient\tno\t2\t") {
		t.Errorf("%v\n%s", err, out)
	}
}
