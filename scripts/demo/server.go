package main

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/mysqlda/mysqlda/test/harness/child"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

// The account that clients and nodes use in the demo, that of the sample config.
const (
	user     = "calvin"
	password = "calvin"
	database = "calvindb"
)

// server is one library's MySQL server.
type server struct {
	library string
	addr    string
	stop    func(context.Context) error
}

// startServer starts a server of the kind that this machine has.
func (t *tour) startServer(ctx context.Context, library string) (*server, error) {
	dir := filepath.Join(t.dir, library)
	if t.embedded != "" {
		return t.startEmbedded(ctx, library)
	}
	s, err := mysqld.Start(ctx, mysqld.Options{
		Dir: dir, User: user, Password: password, Database: database,
		// It has no replica, but the accounts with which nodes watch all servers.
		Replication: &mysqld.Replication{ServerID: 1, Asynchronous: true},
	})
	if err != nil {
		return nil, err
	}
	return &server{library: library, addr: s.Addr(), stop: s.Stop}, nil
}

// chooseServers decides between real servers and the embedded one, which it
// builds.
func (t *tour) chooseServers(ctx context.Context) error {
	if mysqld.Available() && os.Getenv("DEMO_EMBEDDED") == "" {
		return nil
	}
	t.out.say("Neither MariaDB nor MySQL is used: building a small server in memory")
	t.out.say("instead (the first time this takes a minute).")
	program := filepath.Join(t.dir, "embedded-server")
	cmd := exec.CommandContext(ctx, "go", "-C", "test/embedded", "build", "-o", program, ".")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the embedded server (run this in the source tree, with access to a Go module proxy): %w\n%s", err, out)
	}
	t.embedded = program
	return nil
}

func (t *tour) startEmbedded(ctx context.Context, library string) (*server, error) {
	cmd := exec.Command(t.embedded, "-user", user, "-password", password, "-database", database)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the server of %s: %w", library, err)
	}
	cmd.Stderr = os.Stderr
	process, err := child.Start(cmd)
	if err != nil {
		return nil, err
	}
	// The server listens before it says so.
	line, err := bufio.NewReader(out).ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !ok {
		return nil, errors.Join(fmt.Errorf("the server of %s said %q: %w", library, line, err), process.Kill())
	}
	return &server{library: library, addr: addr, stop: process.Stop}, nil
}

// open returns a pool of connections straight to the server, past mysqlda.
func (s *server) open() (*sql.DB, error) {
	c := mysql.NewConfig()
	c.Net, c.Addr, c.User, c.Passwd, c.DBName = "tcp", s.addr, user, password, database
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, fmt.Errorf("describe the connection to %s: %w", s.addr, err)
	}
	return sql.OpenDB(connector), nil
}
