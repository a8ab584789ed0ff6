// Package integration tests the real program: clusters of child processes in
// front of real MySQL-compatible servers, with real clients.
package integration

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

// The account of the tests, on every server.
const (
	user     = "app"
	password = "app-password"
)

// patience bounds every wait for something that should happen soon; it is long
// because the race detector and a busy machine make everything slow.
const patience = 90 * time.Second

// libraries are the names of the two libraries of most tests.
var libraries = []string{"alpha", "beta"}

// servers are shared by all tests of this process; each test has a database of
// its own in them. A test that stops servers starts its own.
var servers = sync.OnceValues(func() ([]*mysqld.Server, error) {
	var started []*mysqld.Server
	for range libraries {
		s, err := mysqld.Start(context.Background(), mysqld.Options{User: user, Password: password})
		if err != nil {
			return started, err
		}
		started = append(started, s)
	}
	return started, nil
})

func TestMain(m *testing.M) {
	if dsns := os.Getenv(brokerNodes); dsns != "" {
		runBroker(dsns)
		return
	}
	if !mysqld.Available() {
		fmt.Println("skipped:", mysqld.ErrNotInstalled)
		return
	}
	code := m.Run()
	started, err := servers() // starts them if no test has; harmless
	for _, s := range started {
		err = errors.Join(err, s.Close())
	}
	if err != nil {
		fmt.Println(err)
		code = 1
	}
	os.Exit(code)
}

// libraryServers returns the shared servers, in the order of libraries, and
// makes a database for this test in each.
func libraryServers(t *testing.T, database string) []*mysqld.Server {
	t.Helper()
	started, err := servers()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range started {
		directly(t, s, "", "CREATE DATABASE `"+database+"`")
	}
	return started
}

// directly executes a statement at a server, past the nodes.
func directly(t *testing.T, s *mysqld.Server, database, statement string) {
	t.Helper()
	db, err := s.OpenDB()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if database != "" {
		if _, err := conn.ExecContext(t.Context(), "USE `"+database+"`"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := conn.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// databaseOf is the name of a test's database.
func databaseOf(t *testing.T) string {
	return strings.NewReplacer("/", "_", "#", "_").Replace(strings.ToLower(t.Name()))[:min(60, len(t.Name()))]
}

// options describes a cluster of the given number of nodes in front of the
// shared servers.
func options(t *testing.T, nodes int) cluster.Options {
	t.Helper()
	database := databaseOf(t)
	o := cluster.Options{Nodes: nodes, User: user, Password: password, Database: database}
	for i, s := range libraryServers(t, database) {
		o.Libraries = append(o.Libraries, cluster.Library{Name: libraries[i], Servers: []string{s.Addr()}})
	}
	return o
}

// within is a context of the test that ends after patience.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}
