package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
	"github.com/mysqlda/mysqlda/test/harness/port"
)

// tour is the demo's state while it goes through its steps.
type tour struct {
	dir      string
	binary   string
	embedded string // path of the embedded server, "" when real servers are used
	out      narrator

	servers []*server     // of the libraries with one server, in their order
	group   *mysqld.Group // of the replicated library; nil before it starts
	cluster *cluster.Cluster
}

// run goes through all steps; the first that does not do what it says ends it.
func (t *tour) run(ctx context.Context) error {
	t.out.say("A tour of mysqlda: every customer has a home library, one complete MySQL")
	t.out.say("database, and every node knows where everybody lives.")
	if err := t.chooseServers(ctx); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{
		t.startLibraries, t.startNodes, t.agree, t.runSQL, t.bind, t.grow, t.loseLeader, t.restartLeader,
		t.failover,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	t.out.say("\nThat was the tour: every step did what it said.")
	if os.Getenv("DEMO_EXIT") != "" {
		return nil
	}
	t.invite()
	<-ctx.Done()
	t.out.say("\nEnding the nodes and the libraries.")
	return nil
}

func (t *tour) startLibraries(ctx context.Context) error {
	t.out.chapter("1. Two libraries")
	t.out.say("Two MySQL servers that know nothing of each other, each with a database %s:", database)
	for _, name := range []string{"library_1", "library_2"} {
		if err := t.addServer(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func (t *tour) addServer(ctx context.Context, library string) error {
	s, err := t.startServer(ctx, library)
	if err != nil {
		return fmt.Errorf("start the server of %s: %w", library, err)
	}
	t.servers = append(t.servers, s)
	t.out.say("  %s is at %s", s.library, s.addr)
	return nil
}

// firstPorts are where each node's four ports start if they are free: that of
// MySQL, and behind it those of the cluster, the gossip and HTTP.
var firstPorts = []int{13306, 13316, 13326}

func nodeAddresses(index int) (cluster.Addresses, error) {
	first, err := port.PreferRun(firstPorts[index], 4)
	if err != nil {
		return cluster.Addresses{}, err
	}
	at := func(offset int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(first+offset)) }
	return cluster.Addresses{MySQL: at(0), Cluster: at(1), Gossip: at(2), HTTP: at(3)}, nil
}

func (t *tour) startNodes(ctx context.Context) error {
	t.out.chapter("2. Three nodes")
	t.out.say("The first node makes the cluster, the others join it. Clients may use any of them.")
	var libraries []cluster.Library
	for _, s := range t.servers {
		libraries = append(libraries, cluster.Library{Name: s.library, Servers: []string{s.addr}})
	}
	var err error
	t.cluster, err = cluster.Start(ctx, cluster.Options{
		Nodes: len(firstPorts), Binary: t.binary, Dir: t.dir,
		User: user, Password: password, Database: database,
		Libraries: libraries, Ports: nodeAddresses, LogLevel: "info",
		Failover: t.failoverAccounts(),
	})
	if err != nil {
		return fmt.Errorf("start the nodes: %w", err)
	}
	leader, err := t.cluster.Leader(ctx)
	if err != nil {
		return err
	}
	for i, n := range t.cluster.Nodes {
		how := "start -f n1.conf --bootstrap"
		if i > 0 {
			how = fmt.Sprintf("start -f %s.conf --join %s", n.ID, t.cluster.Nodes[0].Addresses().Cluster)
		}
		t.out.command("mysqlda %s", how)
	}
	for _, n := range t.cluster.Nodes {
		role := ""
		if n == leader {
			role = "  (the leader at the moment)"
		}
		t.out.say("  %s serves MySQL clients at %s%s", n.ID, n.Addresses().MySQL, role)
	}
	return nil
}

// end stops the nodes, then the servers.
func (t *tour) end(ctx context.Context) error {
	var errs []error
	if t.cluster != nil {
		for _, n := range t.cluster.Nodes {
			if n.Running() {
				errs = append(errs, n.Stop(ctx))
			}
		}
		errs = append(errs, t.cluster.Close())
	}
	for _, s := range t.servers {
		errs = append(errs, s.stop(ctx))
	}
	if t.group != nil {
		errs = append(errs, t.group.Close())
	}
	return errors.Join(errs...)
}

// invite prints how to go on alone.
func (t *tour) invite() {
	client := "mysql"
	if _, err := exec.LookPath("mariadb"); err == nil {
		client = "mariadb"
	}
	t.out.chapter("Your turn")
	t.out.say("The cluster stays up until you press Ctrl-C. Connect to any node:")
	t.out.say("")
	for _, n := range t.cluster.Nodes {
		host, p, err := net.SplitHostPort(n.Addresses().MySQL)
		if err != nil {
			continue // the harness made the address
		}
		t.out.say("  %s -h %s -P %s -u %s -p%s %s", client, host, p, user, password, database)
	}
	t.out.say("")
	t.out.say("and try:  select library customer-1;  select * from orders;")
	t.out.say("          select library_by_correl_object card_no 330001;")
	t.out.say("")
	t.out.say("The whole cluster at a glance, live, and where a customer lives:")
	t.out.say("")
	t.out.say("  http://%s/ in a browser", t.cluster.Nodes[0].Addresses().HTTP)
	t.out.say("  bin/mysqlda status --http %s", t.cluster.Nodes[0].Addresses().HTTP)
	t.out.say("  bin/mysqlda top --http %s", t.cluster.Nodes[0].Addresses().HTTP)
	t.out.say("  bin/mysqlda locate customer-1 --http %s", t.cluster.Nodes[0].Addresses().HTTP)
	if t.group != nil {
		t.out.say("")
		t.out.say("Make another server of %s the active one, or kill the active one and look:", replicated)
		t.out.say("")
		t.out.say("  bin/mysqlda library activate %s %s --http %s", replicated, t.group.Servers[replicatedServers-1].Addr(), t.cluster.Nodes[0].Addresses().HTTP)
	}
}
