package mtr

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

// scene is one server, made for the suite.
type scene struct {
	mysqld  *mysqld.Server
	server  target
	cleaner *cleaner
}

func newScene(t *testing.T) *scene {
	t.Helper()
	vardir := t.TempDir()
	args, err := serverArgs(vardir)
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{server: target{name: "server", vardir: vardir, socket: filepath.Join(vardir, "mysqld.1/data/mysqld.sock")}}
	if err := os.MkdirAll(filepath.Join(vardir, serverTemp), 0o700); err != nil {
		t.Fatal(err)
	}
	s.mysqld = mysqld.ForTest(t, mysqld.Options{Dir: filepath.Join(vardir, "mysqld.1"), User: "cleaner", Args: args})
	s.server.addr = s.mysqld.Addr()
	if err := s.server.prepare(); err != nil {
		t.Fatal(err)
	}
	s.load(t)
	db, err := s.mysqld.OpenDB()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.cleaner, err = newCleaner(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	return s
}

// load fills in what the suite expects of a new server.
func (s *scene) load(t *testing.T) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "mariadb", "--defaults-file="+s.server.defaults(), "mysql")
	cmd.Stdin = strings.NewReader(`
		SOURCE ` + share + `/mysql_test_data_timezone.sql
		DELETE FROM global_priv WHERE User = '';
		ALTER TABLE gtid_slave_pos ENGINE=Aria TRANSACTIONAL=0;
		FLUSH PRIVILEGES;
		CREATE DATABASE mtr CHARACTER SET latin1;
		CREATE PROCEDURE mtr.add_suppression(pattern VARCHAR(255)) BEGIN END;`)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("load what the suite expects: %v\n%s", err, out)
	}
}

// throughNode starts a node in front of the server.
func (s *scene) throughNode(t *testing.T) (target, *cluster.Node) {
	t.Helper()
	c := cluster.ForTest(t, cluster.Options{
		Nodes: 1, User: "root", EmptyPassword: true, Database: "test", DefaultLibrary: "main", LogLevel: "info",
		Libraries: []cluster.Library{{Name: "main", Servers: []string{s.mysqld.Addr()}}},
	})
	node := s.server
	node.name, node.addr = "node", c.Nodes[0].Addresses().MySQL
	if err := node.prepare(); err != nil {
		t.Fatal(err)
	}
	node.prologue = filepath.Join(node.vardir, "prologue.inc")
	if err := os.WriteFile(node.prologue, []byte(fillPool()), 0o600); err != nil {
		t.Fatal(err)
	}
	return node, c.Nodes[0]
}

// fillPool is a script that makes the node keep as many idle connections to the
// server as most tests will use at the same time. Tests count the server's
// connections when they begin and wait at their end until there are as many again.
func fillPool() string {
	const connections = 8
	script := "--disable_query_log\n"
	for i := range connections {
		script += fmt.Sprintf("connect (pool%d,localhost,root,,test);\nDO 1;\n", i)
	}
	script += "connection default;\n"
	for i := range connections {
		script += fmt.Sprintf("disconnect pool%d;\n", i)
	}
	return script + "--enable_query_log\n"
}
