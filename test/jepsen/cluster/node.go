package cluster

import (
	"fmt"
	"net"
	"strconv"
	"sync/atomic"

	harness "github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/disk"
	"github.com/mysqlda/mysqlda/test/harness/hosts"
)

// Ports on hosts, the same on each.
const (
	MySQLPort   = 13306
	ClusterPort = 13307
	GossipPort  = 13308
	HTTPPort    = 13309
	ServerPort  = 3306
)

// Elsewhere is how far from these a node's ports are that was given other addresses,
// where it has a host of its own.
const Elsewhere = 10

// Places are the ports that a port of the above is ever found at.
func Places(port int) []int { return []int{port, port + Elsewhere} }

// diskBytes is the size of a node's small disk. A node needs a quarter of it.
const diskBytes = 64 << 20

// Node is one node, a member or not.
type Node struct {
	*harness.Node
	Host *hosts.Host // nil on loopback
	claim
	member atomic.Bool
}

// Member tells whether the node is meant to be a member, also while it does not run.
func (n *Node) Member() bool { return n.member.Load() }

// SetMember says so.
func (n *Node) SetMember(member bool) { n.member.Store(member) }

// addressesOn are the usual addresses on a host.
func addressesOn(h *hosts.Host) harness.Addresses {
	at := func(port int) string { return net.JoinHostPort(h.IP, strconv.Itoa(port)) }
	return harness.Addresses{MySQL: at(MySQLPort), Cluster: at(ClusterPort), Gossip: at(GossipPort), HTTP: at(HTTPPort)}
}

// mountDisk gives the node a small disk for its data.
func (c *Cluster) mountDisk(n *Node) error {
	unmount, err := disk.Small(n.DataDir(), diskBytes)
	if err != nil {
		return fmt.Errorf("node %s: %w", n.ID, err)
	}
	c.closers = append(c.closers, unmount)
	return nil
}
