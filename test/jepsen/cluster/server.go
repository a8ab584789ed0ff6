package cluster

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	harness "github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/hosts"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

// The libraries. Those of Still have a server each.
const Moving = "moving" // has three, which replicate; any of them may be the active one

// still are the libraries whose server never changes.
var still = []string{"lib1", "lib2", "lib3"}

// spareLibrary is what a library is called that an operator adds.
const spareLibrary = "lib4"

const (
	movingServers = 3
	database      = "test"
)

// schema makes the tables that clients use. What is written twice is there twice.
func schema(library string) []string {
	return []string{
		"create table rows_of (core varchar(64) not null, number bigint not null, key (core, number)) engine=innodb",
		"create table library_name (name varchar(64) not null) engine=innodb",
		fmt.Sprintf("insert into library_name values ('%s')", library),
	}
}

// Server is a MySQL server of a library.
type Server struct {
	*mysqld.Server
	Library string
	Host    *hosts.Host // nil on loopback
	// Spare says that the library is not one of the cluster before an operator adds it.
	Spare bool
	claim
}

// openServers starts all servers.
func (c *Cluster) openServers(ctx context.Context) error {
	for i, library := range append(slices.Clone(still), spareLibrary) {
		if err := c.openGroup(ctx, library, fmt.Sprintf("s%d", i+1)); err != nil {
			return err
		}
	}
	c.Servers[len(c.Servers)-1].Spare = true
	if !c.options.Moving {
		return nil
	}
	return c.openGroup(ctx, Moving, hostNames("m", movingServers)...)
}

// openGroup starts the servers of a library, one on each host.
func (c *Cluster) openGroup(ctx context.Context, library string, names ...string) error {
	group, err := mysqld.StartReplicated(ctx, len(names), mysqld.GroupOptions{
		Each: func(i int, o *mysqld.Options) {
			*o = mysqld.Options{
				Dir: filepath.Join(c.options.Dir, names[i]), Database: database,
				Replication: &mysqld.Replication{ServerID: o.Replication.ServerID, Asynchronous: len(names) == 1},
			}
			if h := c.host(names[i]); h != nil {
				o.BindAddress, o.Port, o.Prefix = h.IP, ServerPort, h.Prefix()
			}
		},
	})
	if err != nil {
		return fmt.Errorf("start the servers of library %s: %w", library, err)
	}
	for i, s := range group.Servers {
		c.Servers = append(c.Servers, &Server{Server: s, Library: library, Host: c.host(names[i])})
		c.closers = append(c.closers, s.Close)
	}
	return execute(ctx, group.Servers[0], schema(library)...)
}

func execute(ctx context.Context, server *mysqld.Server, statements ...string) error {
	db, err := server.OpenDB()
	if err != nil {
		return err
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

// ServersOf are the servers of a library.
func (c *Cluster) ServersOf(library string) []*Server {
	var found []*Server
	for _, s := range c.Servers {
		if s.Library == library {
			found = append(found, s)
		}
	}
	return found
}

// SpareServer is the server of a library that is not one of the cluster at first.
func (c *Cluster) SpareServer() *Server {
	return c.Servers[slices.IndexFunc(c.Servers, func(s *Server) bool { return s.Spare })]
}

// libraries are those that the cluster begins with.
func (c *Cluster) libraries() []harness.Library {
	var found []harness.Library
	for _, name := range still {
		found = append(found, harness.Library{Name: name, Servers: addresses(c.ServersOf(name))})
	}
	if c.options.Moving {
		found = append(found, harness.Library{Name: Moving, Servers: addresses(c.ServersOf(Moving)), Failover: "promote"})
	}
	return found
}

func addresses(servers []*Server) []string {
	var found []string
	for _, s := range servers {
		found = append(found, s.Addr())
	}
	return found
}

// Name is what the server's host is called, or would be.
func (s *Server) Name() string { return filepath.Base(filepath.Dir(s.LogFile())) }

// Active is the server of a library that takes its writes: the only one, or the one
// that the members call the active one.
func (c *Cluster) Active(ctx context.Context, library string) (*Server, error) {
	servers := c.ServersOf(library)
	if len(servers) == 1 {
		return servers[0], nil
	}
	leader, err := c.Leader(ctx)
	if err != nil {
		return nil, err
	}
	s, err := leader.Status(ctx)
	if err != nil {
		return nil, err
	}
	l, _ := s.Library(library)
	i := slices.IndexFunc(servers, func(server *Server) bool { return server.Addr() == l.Active })
	if i < 0 {
		return nil, fmt.Errorf("library %s has no active server: %q", library, l.Active)
	}
	return servers[i], nil
}
