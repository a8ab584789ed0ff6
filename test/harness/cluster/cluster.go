package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// Cluster is a set of nodes in one directory.
type Cluster struct {
	Nodes  []*Node
	dir    string
	ownDir bool // we made dir
}

// Start starts a cluster and returns once every node serves clients and votes.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	c, err := New(o)
	if err != nil {
		return nil, err
	}
	if err := c.boot(ctx); err != nil {
		return nil, errors.Join(err, errors.New(c.logTails()), c.Close())
	}
	return c, nil
}

// New writes the config files of a cluster without starting a node.
func New(o Options) (*Cluster, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	c := &Cluster{dir: o.Dir}
	if c.dir == "" {
		if c.dir, err = os.MkdirTemp("", "mysqlda-cluster-"); err != nil {
			return nil, fmt.Errorf("make the cluster's directory: %w", err)
		}
		c.ownDir = true
	}
	for i := range o.Nodes {
		n, err := newNode(o, c.dir, i)
		if err != nil {
			return nil, errors.Join(err, c.Close())
		}
		c.Nodes = append(c.Nodes, n)
	}
	return c, nil
}

// boot starts the first node as a new cluster and lets the others join it.
func (c *Cluster) boot(ctx context.Context) error {
	if err := c.Nodes[0].Start(ctx, "--bootstrap"); err != nil {
		return err
	}
	for _, n := range c.Nodes[1:] {
		if err := n.Launch("--join", c.Nodes[0].Addresses().Cluster); err != nil {
			return err
		}
	}
	for _, n := range c.Nodes[1:] {
		if err := n.WaitReady(ctx); err != nil {
			return err
		}
	}
	return c.WaitWhole(ctx)
}

// WaitWhole waits until every node sees every node alive and voting, under the
// same leader.
func (c *Cluster) WaitWhole(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	return wait.For(ctx, "the cluster is whole", func(ctx context.Context) error {
		leaders := map[string]bool{}
		for _, n := range c.Nodes {
			s, err := n.Status(ctx)
			if err != nil {
				return err
			}
			leaders[s.Leader] = true
			for _, other := range c.Nodes {
				if seen, ok := s.Node(other.ID); !ok || !seen.Voter || !seen.Alive {
					return fmt.Errorf("node %s sees %s as %+v", n.ID, other.ID, seen)
				}
			}
		}
		if len(leaders) != 1 || leaders[""] {
			return fmt.Errorf("the nodes do not name one leader: %v", leaders)
		}
		return nil
	})
}

// Leader waits until a running node names a running leader, and returns it.
func (c *Cluster) Leader(ctx context.Context) (*Node, error) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	var leader *Node
	err := wait.For(ctx, "there is a leader", func(ctx context.Context) error {
		var errs []error
		for _, n := range c.Nodes {
			if !n.Running() {
				continue
			}
			s, err := n.Status(ctx)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			if leader = c.byID(s.Leader); leader != nil && leader.Running() {
				return nil
			}
			errs = append(errs, fmt.Errorf("node %s names %q", n.ID, s.Leader))
		}
		return errors.Join(errors.New("no running leader"), errors.Join(errs...))
	})
	return leader, err
}

// Followers are the running nodes beside the leader.
func (c *Cluster) Followers(ctx context.Context) ([]*Node, error) {
	leader, err := c.Leader(ctx)
	if err != nil {
		return nil, err
	}
	var followers []*Node
	for _, n := range c.Nodes {
		if n != leader && n.Running() {
			followers = append(followers, n)
		}
	}
	return followers, nil
}

func (c *Cluster) byID(id string) *Node {
	for _, n := range c.Nodes {
		if n.ID == id {
			return n
		}
	}
	return nil
}

// Dir is the cluster's directory.
func (c *Cluster) Dir() string { return c.dir }

// Close ends every node without ceremony and removes the directory if it was
// made here.
func (c *Cluster) Close() error {
	var errs []error
	for _, n := range c.Nodes {
		if n.Running() {
			errs = append(errs, n.Kill())
		}
	}
	if c.ownDir {
		errs = append(errs, os.RemoveAll(c.dir))
	}
	return errors.Join(errs...)
}

func (c *Cluster) logTails() string {
	var b strings.Builder
	for _, n := range c.Nodes {
		if n.Process() != nil {
			b.WriteString(n.LogTail())
		}
	}
	return b.String()
}
