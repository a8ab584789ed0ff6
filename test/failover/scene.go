package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/hosts"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

// The libraries.
const (
	moving = "moving" // three servers
	still  = "still"  // one server
)

const (
	nodes    = 3
	database = "test"
	// startTimeout bounds starting everything.
	startTimeout = 3 * time.Minute
)

// Ports, the same on every host.
const (
	serverPort  = 3306
	mysqlPort   = 13306
	clusterPort = 13307
	gossipPort  = 13308
	httpPort    = 13309
)

// setup is how a scene is set up.
type setup struct {
	policy   string // of the moving library
	failback bool
	// mesh has every server of the moving library replicate from every other one, and
	// take writes. Otherwise the first is the source of the others, which are
	// read-only.
	mesh bool
	// readOnly has servers that start refuse writes until they are told otherwise, as
	// careful operators have it.
	readOnly bool
	// smallDisk has the data of the first server on a disk of its own, of that many
	// bytes; 0 has not.
	smallDisk int
}

// scene is three nodes and four servers, each on a host of its own.
type scene struct {
	setup
	dir     string
	network *hosts.Network
	servers []*mysqld.Server // of the moving library; their ids are 1, 2, 3
	still   *mysqld.Server
	cluster *cluster.Cluster
	cores   map[string]string      // by library, a core object that lives there
	blind   map[*cluster.Node]bool // do not answer, or do not see what the others see
	closers []func() error
}

// openScene starts everything in a directory and returns once it is whole. The scene
// must be closed also after an error.
func openScene(ctx context.Context, binary, dir string, setup setup) (*scene, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	s := &scene{setup: setup, dir: dir, cores: map[string]string{}, blind: map[*cluster.Node]bool{}}
	network, err := hosts.New(ctx, "n1", "n2", "n3", "m1", "m2", "m3", "s1")
	if err != nil {
		return s, err
	}
	s.network = network
	s.closers = append(s.closers, network.Close)
	if err := s.openServers(ctx); err != nil {
		return s, err
	}
	if err := s.openNodes(ctx, binary); err != nil {
		return s, err
	}
	if err := s.findCores(ctx); err != nil {
		return s, err
	}
	return s, s.awaitWhole(ctx)
}

// openNodes starts the nodes.
func (s *scene) openNodes(ctx context.Context, binary string) error {
	dir := filepath.Join(s.dir, "nodes")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	var addresses []string
	for _, server := range s.servers {
		addresses = append(addresses, server.Addr())
	}
	var err error
	s.cluster, err = cluster.Start(ctx, cluster.Options{
		Nodes: nodes, Binary: binary, Dir: dir, LogLevel: "info", LogFormat: "json",
		User: mysqld.App.User, Password: mysqld.App.Password, Database: database,
		Libraries: []cluster.Library{
			{Name: moving, Servers: addresses, Failover: s.policy, Failback: s.failback},
			{Name: still, Servers: []string{s.still.Addr()}},
		},
		Failover: &cluster.FailoverSection{
			User: mysqld.Failover.User, Password: mysqld.Failover.Password,
			ReplicationUser: mysqld.Replicator.User, ReplicationPassword: mysqld.Replicator.Password,
		},
		Prefix: func(i int) []string { return s.nodeHost(i).Prefix() },
		Ports: func(i int) (cluster.Addresses, error) {
			at := func(port int) string { return net.JoinHostPort(s.nodeHost(i).IP, strconv.Itoa(port)) }
			return cluster.Addresses{MySQL: at(mysqlPort), Cluster: at(clusterPort), Gossip: at(gossipPort), HTTP: at(httpPort)}, nil
		},
	})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, s.cluster.Close)
	return nil
}

// nodeHost is the host of the node, counted from 0.
func (s *scene) nodeHost(i int) *hosts.Host { return s.network.Hosts[i] }

// hostOf is the host of a node.
func (s *scene) hostOf(n *cluster.Node) *hosts.Host { return s.network.Host(n.ID) }

// hostOfServer is the host of a server of the moving library.
func (s *scene) hostOfServer(server *mysqld.Server) *hosts.Host {
	for i, other := range s.servers {
		if other == server {
			return s.network.Hosts[nodes+i]
		}
	}
	return nil
}

// findCores gives core objects homes until it has one of each library.
func (s *scene) findCores(ctx context.Context) error {
	const tries = 100
	node := s.cluster.Nodes[0]
	db, err := node.OpenDB(nil)
	if err != nil {
		return err
	}
	defer db.Close()
	for i := range tries {
		core := fmt.Sprintf("core-%d", i)
		if _, err := db.ExecContext(ctx, "select library "+core); err != nil {
			return fmt.Errorf("give %s a home: %w", core, err)
		}
		library, err := node.Locate(ctx, core)
		if err != nil {
			return err
		}
		s.cores[library] = core
		if len(s.cores) == 2 {
			return nil
		}
	}
	return fmt.Errorf("%d core objects live in the same library: %v", tries, s.cores)
}

// close ends everything, what was started last first.
func (s *scene) close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	return errors.Join(errs...)
}
