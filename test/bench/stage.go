package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

const (
	user     = "bench"
	password = "bench"
	database = "bench"

	// tableRows is the size of sysbench's table.
	tableRows = 100_000
	// setupTimeout bounds starting and filling everything.
	setupTimeout = 3 * time.Minute
)

// libraryName names libraries from 0 on.
func libraryName(i int) string { return "library_" + strconv.Itoa(i+1) }

// stage is what runs while something is measured.
type stage struct {
	targets []target // the server itself first
	server  *sql.DB  // one connection to it, where memory is measured
	closers []func() error
}

// openSpeedStage starts a server for each of two libraries, and HAProxy, one node
// and three nodes in front of them. Whoever selects no library is in the first
// one, where HAProxy leads to as well. The stage must be closed also after an
// error.
func (b *bench) openSpeedStage(ctx context.Context) (*stage, error) {
	ctx, cancel := context.WithTimeout(ctx, setupTimeout)
	defer cancel()
	s := &stage{}
	var servers [2]*mysqld.Server
	for i := range servers {
		var err error
		if servers[i], err = s.openServer(ctx, maxConnections, "--thread-cache-size="+strconv.Itoa(maxConnections)); err != nil {
			return s, err
		}
		if err := fill(ctx, servers[i]); err != nil {
			return s, err
		}
	}
	s.targets = append(s.targets, target{name: directName, addr: servers[0].Addr()})
	if err := sysbenchPrepare(ctx, b.programs.sysbench, s.targets[0]); err != nil {
		return s, err
	}
	if err := s.openHAProxy(ctx, b.programs.haproxy, servers[0].Addr(), maxConnections); err != nil {
		return s, err
	}
	if err := s.openNodes(ctx, cluster.Options{Binary: b.mysqlda, Nodes: 1}, nodeName, servers[:]); err != nil {
		return s, err
	}
	return s, s.openNodes(ctx, cluster.Options{Binary: b.mysqlda, Nodes: 3}, clusterName, servers[:])
}

// openMemoryStage starts a fresh server, HAProxy and one node, so that no memory
// is left of anything else. The server keeps no thread for an idle connection:
// HAProxy has as many of them as it has clients.
func (b *bench) openMemoryStage(ctx context.Context) (*stage, error) {
	ctx, cancel := context.WithTimeout(ctx, setupTimeout)
	defer cancel()
	s := &stage{}
	server, err := s.openServer(ctx, b.sessions, "--thread-handling=pool-of-threads")
	if err != nil {
		return s, err
	}
	s.targets = append(s.targets, target{name: directName, addr: server.Addr()})
	if s.server, err = server.OpenDB(); err != nil {
		return s, err
	}
	s.server.SetMaxOpenConns(1)
	s.closers = append(s.closers, s.server.Close)
	// HAProxy keeps two connections for each client.
	connections := min(b.sessions, (b.openFiles-spareConnections)/2)
	if err := s.openHAProxy(ctx, b.programs.haproxy, server.Addr(), connections); err != nil {
		return s, err
	}
	s.targets[len(s.targets)-1].most = connections
	return s, s.openNodes(ctx, cluster.Options{Binary: b.mysqlda, Nodes: 1, ParkAfter: parkAfter}, nodeName, []*mysqld.Server{server})
}

// spareConnections is room for what is not measured: probes, the filling of
// tables, files.
const spareConnections = 500

// openServer starts a server with room for the whole table in memory.
func (s *stage) openServer(ctx context.Context, connections int, args ...string) (*mysqld.Server, error) {
	server, err := mysqld.Start(ctx, mysqld.Options{
		User: user, Password: password, Database: database,
		Args: append([]string{
			"--max-connections=" + strconv.Itoa(connections+spareConnections),
			"--innodb-buffer-pool-size=256M",
			"--table-open-cache=2000",
			"--back-log=1024",
		}, args...),
	})
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, server.Close)
	return server, nil
}

// fill makes the table that both libraries have.
func fill(ctx context.Context, server *mysqld.Server) (err error) {
	db, err := server.OpenDB()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return execAll(ctx, db,
		"create table point (id int primary key, v int)",
		"insert into point values (1, 1)",
	)
}

func execAll(ctx context.Context, db *sql.DB, statements ...string) error {
	for _, statement := range statements {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// openNodes starts a cluster whose clients are at one node: with several, at one
// that does not lead.
func (s *stage) openNodes(ctx context.Context, o cluster.Options, name string, servers []*mysqld.Server) error {
	libraries := make([]cluster.Library, len(servers))
	for i, server := range servers {
		libraries[i] = cluster.Library{Name: libraryName(i), Servers: []string{server.Addr()}}
	}
	o.User, o.Password, o.Database, o.LogLevel = user, password, database, "warn"
	o.DefaultLibrary, o.Libraries = libraryName(0), libraries
	c, err := cluster.Start(ctx, o)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, c.Close)
	node := c.Nodes[0]
	if o.Nodes > 1 {
		followers, err := c.Followers(ctx)
		if err != nil {
			return err
		}
		node = followers[0]
	}
	t := target{name: name, addr: node.Addresses().MySQL, http: node.Addresses().HTTP, pid: node.Process().PID()}
	if len(servers) == 2 {
		if t.homes, err = learnHomes(ctx, node, [2]int{servers[0].Port(), servers[1].Port()}); err != nil {
			return err
		}
	}
	s.targets = append(s.targets, t)
	return nil
}

// close ends everything, what was started last first.
func (s *stage) close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	return errors.Join(errs...)
}
