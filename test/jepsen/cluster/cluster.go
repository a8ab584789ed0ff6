package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	harness "github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/hosts"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

// Cluster is the nodes and servers of a run. Its methods may be called from any
// goroutine.
type Cluster struct {
	Nodes   []*Node // the first members, then the spare ones
	Servers []*Server
	Network *hosts.Network // nil on loopback

	options Options
	closers []func() error
}

// snapshotAfter is small, so that snapshots are made, and the log shortened, all the
// time.
const snapshotAfter = 16 // KiB

// idleTimeout is short, so that a node soon holds what it needs and no more.
const idleTimeout = 2 // seconds

// openTimeout bounds starting everything.
const openTimeout = 2 * time.Minute

// Open starts everything and returns once it is whole. What was started before an
// error is ended.
func Open(ctx context.Context, o Options) (*Cluster, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	c := &Cluster{options: o}
	for _, step := range []func(context.Context) error{c.openHosts, c.openServers, c.openNodes, c.Settle} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return c, nil
}

func hostNames(prefix string, count int) []string {
	names := make([]string, count)
	for i := range names {
		names[i] = fmt.Sprintf("%s%d", prefix, i+1)
	}
	return names
}

func (c *Cluster) openHosts(ctx context.Context) (err error) {
	if !c.options.Hosts {
		return nil
	}
	names := hostNames("n", c.options.Nodes+c.options.Spare)
	names = append(names, hostNames("s", len(still)+1)...)
	if c.options.Moving {
		names = append(names, hostNames("m", movingServers)...)
	}
	if c.Network, err = hosts.New(ctx, names...); err != nil {
		return err
	}
	c.closers = append(c.closers, c.Network.Close)
	return nil
}

// host is the host of that name, nil on loopback.
func (c *Cluster) host(name string) *hosts.Host {
	if c.Network == nil {
		return nil
	}
	return c.Network.Host(name)
}

func (c *Cluster) openNodes(ctx context.Context) error {
	dir := filepath.Join(c.options.Dir, "nodes")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	names := hostNames("n", c.options.Nodes+c.options.Spare)
	o := harness.Options{
		Nodes: len(names), Binary: c.options.Binary, Dir: dir, LogLevel: "info", LogFormat: "json",
		User: mysqld.App.User, Password: mysqld.App.Password, Database: database,
		SnapshotAfter: snapshotAfter, IdleTimeout: idleTimeout, Libraries: c.libraries(),
		Failover: &harness.FailoverSection{
			User: mysqld.Failover.User, Password: mysqld.Failover.Password,
			ReplicationUser: mysqld.Replicator.User, ReplicationPassword: mysqld.Replicator.Password,
		},
	}
	if c.Network != nil {
		o.Prefix = func(i int) []string { return c.host(names[i]).Prefix() }
		o.Ports = func(i int) (harness.Addresses, error) { return addressesOn(c.host(names[i])), nil }
	}
	nodes, err := harness.New(o)
	if err != nil {
		return err
	}
	c.closers = append(c.closers, nodes.Close)
	for i, n := range nodes.Nodes {
		node := &Node{Node: n, Host: c.host(names[i])}
		node.SetMember(i < c.options.Nodes)
		c.Nodes = append(c.Nodes, node)
		if c.options.SmallDisks {
			if err := c.mountDisk(node); err != nil {
				return err
			}
		}
	}
	first := c.Nodes[0]
	if err := first.Node.Start(ctx, "--bootstrap"); err != nil {
		return err
	}
	for _, n := range c.Members()[1:] {
		if err := n.Launch("--join", first.Addresses().Cluster); err != nil {
			return err
		}
	}
	return nil
}

// Members are the nodes that are meant to be members now, whether they run or not.
func (c *Cluster) Members() []*Node {
	return slices.DeleteFunc(slices.Clone(c.Nodes), func(n *Node) bool { return !n.Member() })
}

// Start starts the process of a member that does not run, and does not wait until it
// serves clients.
func (c *Cluster) Start(_ context.Context, n *Node) error {
	if n.Running() {
		return nil
	}
	return n.Launch()
}

// Close ends everything without ceremony, what was started last first. What lies in
// the directory stays.
func (c *Cluster) Close() error {
	var errs []error
	for i := len(c.closers) - 1; i >= 0; i-- {
		errs = append(errs, c.closers[i]())
	}
	c.closers = nil
	return errors.Join(errs...)
}
