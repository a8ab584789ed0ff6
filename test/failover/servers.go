package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/mysqlda/mysqlda/test/harness/disk"
	"github.com/mysqlda/mysqlda/test/harness/hosts"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

// movingServers is how many servers the moving library has.
const movingServers = 3

// openServers starts the servers, and makes the clients' table in both libraries.
func (s *scene) openServers(ctx context.Context) error {
	if err := s.openMoving(ctx); err != nil {
		return err
	}
	for _, server := range s.servers {
		s.closers = append(s.closers, server.Close)
	}
	alone, err := mysqld.StartReplicated(ctx, 1, mysqld.GroupOptions{
		Server: s.optionsAt(s.network.Host("s1"), &mysqld.Replication{Asynchronous: true}),
	})
	if err != nil {
		return err
	}
	s.still = alone.Servers[0]
	s.closers = append(s.closers, s.still.Close)
	for _, server := range []*mysqld.Server{s.servers[0], s.still} {
		if err := execute(ctx, server, createTable); err != nil {
			return err
		}
	}
	return nil
}

// optionsAt are those of a server on a host, which keeps everything in the scene's
// directory.
func (s *scene) optionsAt(host *hosts.Host, r *mysqld.Replication) mysqld.Options {
	return mysqld.Options{
		Dir: filepath.Join(s.dir, host.Name), Database: database, Replication: r,
		BindAddress: host.IP, Port: serverPort, Prefix: host.Prefix(),
	}
}

func (s *scene) openMoving(ctx context.Context) error {
	if s.smallDisk > 0 {
		if err := s.mountSmallDisk(); err != nil {
			return err
		}
	}
	if s.mesh {
		return s.openMesh(ctx)
	}
	group, err := mysqld.StartReplicated(ctx, movingServers, mysqld.GroupOptions{
		Each: func(i int, o *mysqld.Options) {
			*o = s.optionsAt(s.network.Hosts[nodes+i], o.Replication)
			if s.readOnly {
				o.Args = append(o.Args, "--read-only=ON")
			}
		},
	})
	if err != nil {
		return err
	}
	s.servers = group.Servers
	return execute(ctx, s.servers[0], "set global read_only = off")
}

// openMesh starts servers of which each replicates from each other one. Each writes
// GTIDs of a domain of its own, and passes on only what it has executed for clients.
func (s *scene) openMesh(ctx context.Context) error {
	for i := range movingServers {
		o := s.optionsAt(s.network.Hosts[nodes+i], &mysqld.Replication{ServerID: uint32(i + 1)})
		o.Args = []string{"--gtid-domain-id=" + strconv.Itoa(i+1), "--log-slave-updates=OFF"}
		server, err := mysqld.Start(ctx, o)
		if err != nil {
			return errors.Join(err, (&mysqld.Group{Servers: s.servers}).Close())
		}
		s.servers = append(s.servers, server)
	}
	for i, server := range s.servers {
		for k, source := range s.servers {
			if i == k {
				continue
			}
			err := execute(
				ctx, server,
				fmt.Sprintf("change master 'm%d' to master_host='%s', master_port=%d, master_user='%s', master_password='%s', master_use_gtid=slave_pos, master_connect_retry=1",
					k+1, s.hostOfServer(source).IP, serverPort, mysqld.Replicator.User, mysqld.Replicator.Password),
				fmt.Sprintf("start slave 'm%d'", k+1),
			)
			if err != nil {
				return errors.Join(err, (&mysqld.Group{Servers: s.servers}).Close())
			}
		}
	}
	return nil
}

// mountSmallDisk makes the file system of the first server's data.
func (s *scene) mountSmallDisk() error {
	dir := s.dataOf(s.network.Hosts[nodes])
	unmount, err := disk.Small(dir, s.smallDisk)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, unmount)
	return nil
}

// dataOf is where the server on a host keeps its data.
func (s *scene) dataOf(host *hosts.Host) string { return filepath.Join(s.dir, host.Name, "data") }

// execute executes statements at a server, past the nodes.
func execute(ctx context.Context, server *mysqld.Server, statements ...string) error {
	return atServer(server, func(db *sql.DB) error {
		conn, err := db.Conn(ctx)
		if err != nil {
			return err
		}
		for _, statement := range statements {
			if _, err := conn.ExecContext(ctx, statement); err != nil {
				return errors.Join(fmt.Errorf("%.20s...: %w", statement, err), conn.Close())
			}
		}
		return conn.Close()
	})
}

// ask asks a server for one value, past the nodes.
func ask[T any](ctx context.Context, server *mysqld.Server, query string) (value T, err error) {
	err = atServer(server, func(db *sql.DB) error { return db.QueryRowContext(ctx, query).Scan(&value) })
	return value, err
}

// atServer lends a direct connection with all rights.
func atServer(server *mysqld.Server, use func(*sql.DB) error) error {
	db, err := server.OpenDB()
	if err != nil {
		return err
	}
	if err := errors.Join(use(db), db.Close()); err != nil {
		return fmt.Errorf("server %s: %w", server.Addr(), err)
	}
	return nil
}

// askSlave asks a replica for one column of what it says of its replication.
func askSlave(ctx context.Context, server *mysqld.Server, column string) (value string, err error) {
	err = atServer(server, func(db *sql.DB) error {
		rows, err := db.QueryContext(ctx, "show slave status")
		if err != nil {
			return err
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			return err
		}
		i := slices.Index(columns, column)
		if i < 0 || !rows.Next() {
			return errors.Join(fmt.Errorf("it says nothing of %s", column), rows.Err())
		}
		values := make([]sql.NullString, len(columns))
		into := make([]any, len(columns))
		for k := range values {
			into[k] = &values[k]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		value = values[i].String
		return rows.Err()
	})
	return value, err
}
