package proxy_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy"
	"github.com/mysqlda/mysqlda/proxy/backend"
	"github.com/mysqlda/mysqlda/proxy/wire"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

const (
	user     = "calvin"
	password = "s3cret"
	database = "calvindb"
)

// servers are the real servers of library_1 and library_2.
var servers [2]*mysqld.Server

func TestMain(m *testing.M) {
	os.Exit(func() int {
		if !mysqld.Available() {
			fmt.Fprintln(os.Stderr, mysqld.ErrNotInstalled)
			return 1
		}
		for i := range servers {
			server, err := mysqld.Start(context.Background(), mysqld.Options{
				User: user, Password: password, Database: database,
				Args: []string{"--max-allowed-packet=64M", "--local-infile=1"},
			})
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
			defer server.Close()
			servers[i] = server
		}
		return m.Run()
	}())
}

// directory is a Directory of one process: what cluster does with a log, it
// does with a mutex. The name of a core object says where it lives: "a1" and
// "b1" in library_1, "a2" and "b2" in library_2.
type directory struct {
	settings fsm.Settings
	kill     func(number uint16, id uint32, user string, statementOnly bool) (bool, error)
	events   chan fsm.Event

	users *fsm.Machine

	mu        sync.Mutex
	libraries *fsm.LibrarySet
	placed    map[string]fsm.Placement
	bindings  map[[2]string]string
	greetings map[string]fsm.Greeting
	down      error // what a decision fails with
}

func newDirectory(libraries ...fsm.Library) *directory {
	d := &directory{
		settings:  fsm.Settings{User: user, Password: password, Database: database},
		users:     fsm.New(),
		libraries: fsm.NewLibrarySet(1, libraries),
		placed:    make(map[string]fsm.Placement),
		bindings:  make(map[[2]string]string),
		greetings: make(map[string]fsm.Greeting),
	}
	d.apply(fsm.Bootstrap{
		Settings: fsm.Settings{ClusterID: strings.Repeat("0", fsm.ClusterIDLen), User: user, Password: password},
		Libraries: []fsm.AddLibrary{
			{Name: "library_1", Servers: []fsm.Server{{Address: "h:1"}}}, {Name: "library_2", Servers: []fsm.Server{{Address: "h:2"}}},
		},
	})
	return d
}

// apply changes the users.
func (d *directory) apply(command interface{ Encode() ([]byte, error) }) {
	entry, err := command.Encode()
	if err == nil {
		var r fsm.Result
		if r, err = d.users.Apply(d.users.AppliedIndex()+1, entry); err == nil {
			err = r.Err
		}
	}
	if err != nil {
		panic(err) // the test itself is wrong
	}
}

func (d *directory) Resolve(_ context.Context, core string) (fsm.Placement, error) {
	if err := fsm.CheckName("core object", core, fsm.MaxCoreLen); err != nil {
		return fsm.Placement{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if p, ok := d.placed[core]; ok {
		return p, nil
	}
	if d.down != nil {
		return fsm.Placement{}, d.down
	}
	id, err := strconv.Atoi(core[len(core)-1:])
	if err != nil {
		return fsm.Placement{}, fsm.ErrNoOpenLibrary
	}
	p := fsm.Placement{Core: core, Library: fsm.LibraryID(id), Epoch: 1}
	d.placed[core] = p
	return p, nil
}

func (d *directory) Locate(_ context.Context, core string) (fsm.Placement, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p, ok := d.placed[core]
	if !ok {
		return p, fsm.ErrNoPlacement
	}
	return p, nil
}

func (d *directory) ResolveCorrelated(_ context.Context, class, object string) (fsm.Placement, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	core, ok := d.bindings[[2]string{class, object}]
	if !ok {
		return fsm.Placement{}, fsm.ErrNoBinding
	}
	return d.placed[core], nil
}

func (d *directory) Bind(_ context.Context, class, object, core string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.placed[core]; !ok {
		return fsm.ErrNoPlacement
	}
	if old, ok := d.bindings[[2]string{class, object}]; ok && old != core {
		return fsm.ErrBound
	}
	d.bindings[[2]string{class, object}] = core
	return nil
}

func (d *directory) Libraries() *fsm.LibrarySet {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.libraries
}

func (d *directory) Settings() *fsm.Settings { return &d.settings }

func (d *directory) Users() *fsm.UserSet { return d.users.Users() }

func (d *directory) Greetings() map[string]fsm.Greeting {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.greetings)
}

func (d *directory) record(address string, g wire.Greeting) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.greetings[address] = fsm.Greeting{Version: g.Version, Capabilities: uint64(g.Capabilities), Collation: g.Collation}
}

func (d *directory) NodeNumber() uint16 { return 7 }

func (d *directory) Kill(_ context.Context, number uint16, id uint32, user string, statementOnly bool) (bool, error) {
	if d.kill == nil {
		return false, nil
	}
	return d.kill(number, id, user, statementOnly)
}

func (d *directory) Watch(context.Context) <-chan fsm.Event { return d.events }

// node is a proxy in front of library_1 and library_2.
type node struct {
	*proxy.Server
	directory *directory
	backends  *backend.Manager
	addr      string
	stopped   chan error // the result of Serve
}

func library(id fsm.LibraryID, name string, addresses ...string) fsm.Library {
	l := fsm.Library{ID: id, Name: name, State: fsm.LibraryOpen, Weight: 100, Active: addresses[0], ActiveEpoch: 1}
	for _, address := range addresses {
		l.Servers = append(l.Servers, fsm.Server{Address: address})
	}
	return l
}

type option func(*directory, *proxy.Config)

func start(t testing.TB, options ...option) *node {
	t.Helper()
	d := newDirectory(library(1, "library_1", servers[0].Addr()), library(2, "library_2", servers[1].Addr()))
	log := zaptest.NewLogger(t, zaptest.Level(zap.WarnLevel))
	cfg := proxy.Config{Directory: d, Logger: log, Registerer: prometheus.NewRegistry()}
	for _, option := range options {
		option(d, &cfg)
	}
	greeted := cfg.Backends == nil
	if greeted {
		cfg.Backends = backend.New(backend.Config{Logger: log, Registerer: prometheus.NewRegistry(), Greeted: d.record})
	}
	cfg.Backends.Update(d.Libraries(), d.Settings())
	server, err := proxy.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &node{Server: server, directory: d, backends: cfg.Backends, addr: l.Addr().String(), stopped: make(chan error, 1)}
	go func() { n.stopped <- server.Serve(l) }()
	for _, l := range d.Libraries().All() {
		eventually(t, "the servers have greeted", func() bool { _, ok := d.Greetings()[l.Active]; return ok || !greeted })
	}
	server.SetReady(true)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := <-n.stopped; err != nil {
			t.Errorf("serve: %v", err)
		}
		cfg.Backends.Close()
	})
	return n
}

// open returns one client session.
func (n *node) open(t *testing.T, parameters ...string) *sql.Conn {
	t.Helper()
	db, err := sql.Open("mysql", n.dsn(parameters...))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(conn.Close(), db.Close()); err != nil && !errors.Is(err, sql.ErrConnDone) {
			t.Error(err)
		}
	})
	return conn
}

func (n *node) dsn(parameters ...string) string {
	return fmt.Sprintf("%s:%s@tcp(%s)/?%s", user, password, n.addr, strings.Join(parameters, "&"))
}

func exec(t *testing.T, c *sql.Conn, query string, args ...any) {
	t.Helper()
	if _, err := c.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func value(t *testing.T, c *sql.Conn, query string, args ...any) string {
	t.Helper()
	var v sql.NullString
	if err := c.QueryRowContext(t.Context(), query, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v.String
}

// wantError checks the number of a MySQL error.
func wantError(t *testing.T, err error, number uint16) {
	t.Helper()
	var e *mysqldriver.MySQLError
	if !errors.As(err, &e) || e.Number != number {
		t.Fatalf("got error %v, want number %d", err, number)
	}
}

func execError(t *testing.T, c *sql.Conn, number uint16, query string, args ...any) {
	t.Helper()
	_, err := c.ExecContext(t.Context(), query, args...)
	wantError(t, err, number)
}

// wantServer checks that the session is bridged to that server.
func wantServer(t *testing.T, c *sql.Conn, server *mysqld.Server) {
	t.Helper()
	if got := value(t, c, "select @@port from dual where 1"); got != strconv.Itoa(server.Port()) {
		t.Fatalf("the session is at port %s, want %d", got, server.Port())
	}
}

// direct returns a pool of connections to a server that bypasses the node.
func direct(t *testing.T, server *mysqld.Server) *sql.DB {
	t.Helper()
	db, err := server.OpenDB()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// eventually waits for a condition.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for tick := time.NewTicker(5 * time.Millisecond); ; <-tick.C {
		if condition() {
			tick.Stop()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting until %s", what)
		}
	}
}
