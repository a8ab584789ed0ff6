package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

const (
	user     = "bench"
	password = "bench"
	database = "bench"

	// voters are the nodes of a cluster before one joins.
	voters = 3
	// setupTimeout bounds starting servers and empty nodes.
	setupTimeout = 3 * time.Minute
	// catchUpTimeout bounds every wait that depends on how much there is.
	catchUpTimeout = 20 * time.Minute
)

// libraryNames are those of a cluster.
var libraryNames = [...]string{"library_1", "library_2"}

// stage is a cluster of three nodes, and a fourth one that has not been started.
type stage struct {
	cluster *cluster.Cluster
	dir     string
	size    int          // core objects that are imported
	next    atomic.Int64 // number of the next core object that clients assign
	closers []func() error
}

// openStage starts a server for each library and an empty cluster in dir, which it
// makes. The stage must be closed also after an error.
func openStage(ctx context.Context, mysqlda, dir string, size int) (*stage, error) {
	ctx, cancel := context.WithTimeout(ctx, setupTimeout)
	defer cancel()
	s := &stage{dir: dir, size: size}
	s.next.Store(int64(size))
	if err := os.MkdirAll(filepath.Join(dir, "nodes"), 0o700); err != nil {
		return s, err
	}
	s.closers = append(s.closers, func() error { return os.RemoveAll(dir) })
	o := cluster.Options{
		Binary: mysqlda, Nodes: voters + 1, Dir: filepath.Join(dir, "nodes"), LogLevel: "warn",
		User: user, Password: password, Database: database, DefaultLibrary: libraryNames[0],
	}
	for _, name := range libraryNames {
		server, err := mysqld.Start(ctx, mysqld.Options{User: user, Password: password, Database: database})
		if err != nil {
			return s, err
		}
		s.closers = append(s.closers, server.Close)
		o.Libraries = append(o.Libraries, cluster.Library{Name: name, Servers: []string{server.Addr()}})
	}
	c, err := cluster.New(o)
	if err != nil {
		return s, err
	}
	s.cluster = c
	s.closers = append(s.closers, c.Close)
	return s, s.boot(ctx)
}

func (s *stage) boot(ctx context.Context) error {
	first := s.cluster.Nodes[0]
	if err := first.Start(ctx, "--bootstrap"); err != nil {
		return err
	}
	for _, n := range s.old()[1:] {
		if err := n.Start(ctx, "--join", first.Addresses().Cluster); err != nil {
			return err
		}
	}
	for _, n := range s.old() {
		if err := await(ctx, first, "node "+n.ID+" votes", 50*time.Millisecond, func() error { return s.votes(ctx, n) }); err != nil {
			return err
		}
	}
	return nil
}

// votes is nil when the first node sees a node alive and voting.
func (s *stage) votes(ctx context.Context, n *cluster.Node) error {
	now, err := status(ctx, s.cluster.Nodes[0])
	if err != nil {
		return err
	}
	if seen, ok := now.Node(n.ID); !ok || !seen.Voter || !seen.Alive {
		return fmt.Errorf("node %s is seen as %+v", n.ID, seen)
	}
	return nil
}

// old are the nodes that are there from the beginning, fresh is the other one.
func (s *stage) old() []*cluster.Node { return s.cluster.Nodes[:voters] }
func (s *stage) fresh() *cluster.Node { return s.cluster.Nodes[voters] }

// lost says which nodes have ended by themselves.
func (s *stage) lost() error {
	var errs []error
	for _, n := range s.cluster.Nodes {
		if n.Process() != nil && !n.Running() {
			errs = append(errs, fmt.Errorf("node %s has ended: %s; %s", n.ID, n.Process().State(), n.LogTail()))
		}
	}
	return errors.Join(errs...)
}

// addresses are where clients reach nodes.
func addresses(nodes []*cluster.Node) []string {
	addrs := make([]string, len(nodes))
	for i, n := range nodes {
		addrs[i] = n.Addresses().MySQL
	}
	return addrs
}

// awaitPlacements waits until a node holds so many placements at least.
func awaitPlacements(ctx context.Context, n *cluster.Node, atLeast uint64) error {
	return await(ctx, n, fmt.Sprintf("node %s holds %d placements", n.ID, atLeast), 50*time.Millisecond, func() error {
		now, err := status(ctx, n)
		if err == nil && now.Placements < atLeast {
			err = fmt.Errorf("it holds %d", now.Placements)
		}
		return err
	})
}

// close ends everything, what was started last first, and removes the directory.
func (s *stage) close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	return errors.Join(errs...)
}
