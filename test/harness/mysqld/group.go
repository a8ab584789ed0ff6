package mysqld

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// Group is servers that replicate: at first the first of them is the source of all
// others.
type Group struct {
	Servers []*Server
}

// GroupOptions say what kind of group is wanted. The zero value is one of servers
// as Options has them, with semi-synchronous replication.
type GroupOptions struct {
	// Server is what all servers are like. Its Port must be 0 if there are several;
	// its Replication says what holds for all, the ServerIDs are 1, 2, ...
	// With a Dir, each server has a directory of its own in it.
	Server Options
	// Each, unless nil, changes the options of one server, counted from 0. Calls
	// come one after another.
	Each func(i int, o *Options)
}

// followTimeout bounds how long a replica may take to connect to its source.
const followTimeout = 30 * time.Second

// StartReplicated starts n servers and returns once all but the first replicate
// from the first. The replicas are read-only. No server has anything in its binary
// log.
func StartReplicated(ctx context.Context, n int, opts GroupOptions) (*Group, error) {
	options := make([]Options, n)
	for i := range options {
		o := opts.Server
		r := Replication{}
		if o.Replication != nil {
			r = *o.Replication
		}
		r.ServerID = uint32(i + 1)
		o.Replication = &r
		if o.Dir != "" {
			o.Dir = filepath.Join(o.Dir, strconv.Itoa(i+1))
		}
		if opts.Each != nil {
			opts.Each(i, &o)
		}
		options[i] = o
	}

	// The first makes the data directory that the others copy.
	g := &Group{Servers: make([]*Server, n)}
	errs := make([]error, n)
	start := func(i int) { g.Servers[i], errs[i] = Start(ctx, options[i]) }
	var started sync.WaitGroup
	if n > 0 {
		start(0)
	}
	for i := 1; i < n && errs[0] == nil; i++ {
		started.Go(func() { start(i) })
	}
	started.Wait()
	err := errors.Join(errs...)
	for i := 1; i < n && err == nil; i++ {
		err = g.Servers[i].Follow(ctx, g.Servers[0])
	}
	if err != nil {
		return nil, errors.Join(err, g.Close())
	}
	return g, nil
}

// Addrs are the servers' addresses.
func (g *Group) Addrs() []string {
	addrs := make([]string, len(g.Servers))
	for i, s := range g.Servers {
		addrs[i] = s.Addr()
	}
	return addrs
}

// Close ends all servers, see Server.Close.
func (g *Group) Close() error {
	var errs []error
	for _, s := range g.Servers {
		if s != nil {
			errs = append(errs, s.Close())
		}
	}
	return errors.Join(errs...)
}

// Follow makes the server a read-only replica of source, from where it is now, and
// returns once it is connected. It must not be a replica that runs. Both are servers
// with Replication.
func (s *Server) Follow(ctx context.Context, source *Server) error {
	ctx, cancel := context.WithTimeout(ctx, followTimeout)
	defer cancel()
	err := s.withAdmin(func(db *sql.DB) error {
		statements := s.flavour.follow(source)
		if !s.options.Replication.Asynchronous {
			statements = append([]string{s.flavour.noSource()}, statements...)
		}
		for _, statement := range statements {
			if _, err := db.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("%.20s...: %w", statement, err) // its end has a password
			}
		}
		return s.awaitReceiving(ctx, db)
	})
	if err != nil {
		return fmt.Errorf("have %s follow %s: %w\n%s", s.Addr(), source.Addr(), err, s.LogTail())
	}
	return nil
}

// noSource has what a replica executes not wait for replicas of its own.
func (f flavour) noSource() string {
	if f.mariaDB {
		return "SET GLOBAL rpl_semi_sync_master_enabled = OFF"
	}
	return "SET GLOBAL rpl_semi_sync_source_enabled = OFF"
}

func (f flavour) follow(source *Server) []string {
	host, port := source.options.BindAddress, source.options.Port
	if f.mariaDB {
		return []string{
			"SET GLOBAL read_only = ON",
			fmt.Sprintf("CHANGE MASTER TO MASTER_HOST='%s', MASTER_PORT=%d, MASTER_USER='%s', MASTER_PASSWORD='%s',"+
				" MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1", host, port, Replicator.User, Replicator.Password),
			"START SLAVE",
		}
	}
	return []string{
		"SET GLOBAL super_read_only = ON",
		fmt.Sprintf("CHANGE REPLICATION SOURCE TO SOURCE_HOST='%s', SOURCE_PORT=%d, SOURCE_USER='%s', SOURCE_PASSWORD='%s',"+
			" SOURCE_AUTO_POSITION=1, GET_SOURCE_PUBLIC_KEY=1, SOURCE_CONNECT_RETRY=1", host, port, Replicator.User, Replicator.Password),
		"START REPLICA",
	}
}

// receivingWord is what Slave_running or its successor says of a replica that is
// connected and executes what it receives.
const receivingWord = "ON"

func (s *Server) awaitReceiving(ctx context.Context, db *sql.DB) error {
	question := "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'Slave_running'"
	if !s.flavour.mariaDB {
		question = "SELECT service_state FROM performance_schema.replication_connection_status"
	}
	ticker := time.NewTicker(loginEvery)
	defer ticker.Stop()
	for {
		var state string
		if err := db.QueryRowContext(ctx, question).Scan(&state); err != nil {
			return fmt.Errorf("ask whether it replicates: %w", err)
		}
		if state == receivingWord {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("replication is %s: %w", state, ctx.Err())
		case <-ticker.C:
		}
	}
}

// withAdmin lends a direct connection of the server's own account.
func (s *Server) withAdmin(use func(*sql.DB) error) error {
	db, err := s.OpenDB()
	if err != nil {
		return err
	}
	return errors.Join(use(db), db.Close())
}
