package cluster

import (
	"cmp"
	"fmt"
	"net"
	"strconv"

	"github.com/mysqlda/mysqlda/test/harness/port"
)

// Options say what kind of cluster is wanted.
type Options struct {
	// Nodes is how many nodes there are; 0 means three. They are called n1, n2...
	Nodes int
	// Binary is the program to run; "" builds it from this module.
	Binary string
	// Dir is where every node keeps its config file, data and log. "" makes a
	// temporary directory, which Close removes.
	Dir string
	// User, Password and Database are the account of clients and servers.
	User, Password, Database string
	// EmptyPassword makes an empty Password mean an account without one.
	EmptyPassword bool
	// DefaultLibrary, unless "", is where sessions are that select no library.
	DefaultLibrary string
	// BackendConnections, unless 0, is how many backend connections a node has to
	// a server at most.
	BackendConnections int
	// Libraries seed the cluster.
	Libraries []Library
	// Ports returns the four ports of a node (MySQL, internode, gossip, HTTP);
	// nil takes free ones. index counts nodes from 0.
	Ports func(index int) (Addresses, error)
	// IdleTimeout is after how many seconds a node closes a backend connection that
	// nobody uses; 0 means 60.
	IdleTimeout int
	// ParkAfter is after how many seconds an idle session gives its backend
	// connection back; 0 leaves the product's default.
	ParkAfter int
	// MaxSessions is how many sessions each node serves; 0 leaves the product's
	// default.
	MaxSessions int
	// SnapshotAfter is how many KiB of log make a snapshot due, at least; 0 leaves
	// the product's default.
	SnapshotAfter int
	// LogLevel is that of the nodes; "" means debug.
	LogLevel string
	// LogFormat is console or json; "" leaves the product's default.
	LogFormat string
	// SlowStatementMS is after how many milliseconds a statement is logged as a slow
	// one; 0: never.
	SlowStatementMS int
	// Failover, unless nil, is what all libraries share that concerns changes of
	// their active servers.
	Failover *FailoverSection
	// KeyFiles has each node read its keys from its KeyFile, which must be there when it
	// starts.
	KeyFiles bool
	// Prefix, unless nil, is a command that runs the program of a node, counted from
	// 0, such as one that puts it on a host of its own. It must replace itself by it,
	// and not start it as a child.
	Prefix func(index int) []string
}

// Library is a library as a config file names it.
type Library struct {
	Name    string
	Servers []string // host:port, in the order in which they are tried
	// Failover is off, ordered, follow or promote; "" leaves the product's default.
	Failover string
	Failback bool // with ordered
}

// Addresses are where a node is reached, each host:port.
type Addresses struct {
	MySQL, Cluster, Gossip, HTTP string
}

// FreeAddresses returns addresses of 127.0.0.1 that nobody else gets while this
// process lives.
func FreeAddresses() (Addresses, error) {
	var a Addresses
	for _, target := range []*string{&a.MySQL, &a.Cluster, &a.Gossip, &a.HTTP} {
		p, err := port.Reserve()
		if err != nil {
			return Addresses{}, err
		}
		*target = net.JoinHostPort("127.0.0.1", strconv.Itoa(p))
	}
	return a, nil
}

const defaultNodes = 3

func (o Options) withDefaults() (Options, error) {
	o.Nodes = cmp.Or(o.Nodes, defaultNodes)
	o.User = cmp.Or(o.User, "test")
	if !o.EmptyPassword {
		o.Password = cmp.Or(o.Password, "test")
	}
	o.Database = cmp.Or(o.Database, "test")
	o.LogLevel = cmp.Or(o.LogLevel, "debug")
	if o.Ports == nil {
		o.Ports = func(int) (Addresses, error) { return FreeAddresses() }
	}
	if o.Binary == "" {
		binary, err := Binary()
		if err != nil {
			return o, err
		}
		o.Binary = binary
	}
	for _, l := range o.Libraries {
		for _, s := range l.Servers {
			if _, _, err := net.SplitHostPort(s); err != nil {
				return o, fmt.Errorf("server of library %s: %w", l.Name, err)
			}
		}
	}
	return o, nil
}
