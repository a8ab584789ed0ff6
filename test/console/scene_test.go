package console

import (
	"context"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/browser"
	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

const database = "appdb"

// patience bounds every wait for something that should happen soon; it is long because
// the race detector and a busy machine make everything slow.
const patience = 2 * time.Minute

// The libraries: one with a replica, and one that is as far as its only server.
const (
	accounts = "accounts"
	archive  = "archive"
)

// coreObjects is how many have a home before anything is looked at.
const coreObjects = 400

// sessionsPerNode is how many clients each node has.
const sessionsPerNode = 3

// scene is a cluster with clients at work, and a browser.
type scene struct {
	cluster *cluster.Cluster
	browser *browser.Browser
	load    *load
}

func start(t *testing.T) *scene {
	t.Helper()
	b := browser.ForTest(t) // first: without one the servers are not needed
	replicated := mysqld.GroupForTest(t, 2, mysqld.GroupOptions{Server: mysqld.Options{Database: database}})
	alone := mysqld.GroupForTest(t, 1, mysqld.GroupOptions{
		Server: mysqld.Options{Database: database, Replication: &mysqld.Replication{Asynchronous: true}},
	})
	c := cluster.ForTest(t, cluster.Options{
		User: mysqld.App.User, Password: mysqld.App.Password, Database: database, LogLevel: "info",
		Libraries: []cluster.Library{
			{Name: accounts, Servers: replicated.Addrs(), Failover: "promote"},
			{Name: archive, Servers: alone.Addrs()},
		},
		Failover: &cluster.FailoverSection{
			User: mysqld.Failover.User, Password: mysqld.Failover.Password,
			ReplicationUser: mysqld.Replicator.User, ReplicationPassword: mysqld.Replicator.Password,
		},
	})
	// On a machine that stands still for a while the replica would become the active one.
	if out, err := c.Nodes[0].CLI(within(t), "library", "pin", accounts); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return &scene{cluster: c, browser: b, load: startLoad(t, c.Nodes)}
}

// within is a context of the test that ends after patience.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// consoleOf is the address of a node's console.
func consoleOf(n *cluster.Node) string { return "http://" + n.Addresses().HTTP }
