package main

import (
	"context"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/hosts"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

// cutActive cuts links of the active server and waits until writes go on at another
// one.
func (r *run) cutActive(ctx context.Context, links func(active []*hosts.Host) []hosts.Link) error {
	return r.breakActive(ctx, func(server *mysqld.Server) error {
		return r.cut(ctx, links([]*hosts.Host{r.hostOfServer(server)}))
	})
}

// nodeHosts are the hosts of nodes.
func (r *run) nodeHosts(nodes ...*cluster.Node) []*hosts.Host {
	var all []*hosts.Host
	for _, n := range nodes {
		all = append(all, r.hostOf(n))
	}
	return all
}

func isolateActive(ctx context.Context, r *run) error {
	return r.cutActive(ctx, func(active []*hosts.Host) []hosts.Link { return r.network.Around(active...) })
}

// cutMajority leaves one node that reaches the active server.
func cutMajority(ctx context.Context, r *run) error {
	nodes := r.cluster.Nodes
	reaches := r.random.IntN(len(nodes))
	r.say("node %s still reaches it", nodes[reaches].ID)
	others := r.nodeHosts(nodes[(reaches+1)%len(nodes)], nodes[(reaches+2)%len(nodes)])
	return r.cutActive(ctx, func(active []*hosts.Host) []hosts.Link { return hosts.Between(active, others) })
}

func cutToServer(ctx context.Context, r *run) error {
	return r.cutActive(ctx, func(active []*hosts.Host) []hosts.Link {
		return hosts.OneWay(r.nodeHosts(r.cluster.Nodes...), active)
	})
}

func cutFromServer(ctx context.Context, r *run) error {
	return r.cutActive(ctx, func(active []*hosts.Host) []hosts.Link {
		return hosts.OneWay(active, r.nodeHosts(r.cluster.Nodes...))
	})
}

// cutMinority cuts a node, which may be the one that leads, and the active server off
// from all others: that node reaches the old active server all the time.
func cutMinority(ctx context.Context, r *run) error {
	n := r.cluster.Nodes[r.random.IntN(len(r.cluster.Nodes))]
	r.touched[n], r.blind[n] = true, true
	r.say("node %s stays with the active server", n.ID)
	return r.cutActive(ctx, func(active []*hosts.Host) []hosts.Link {
		return r.network.Around(append(active, r.hostOf(n))...)
	})
}

// cutLeader leaves the node that leads all servers, and no other node.
func cutLeader(ctx context.Context, r *run) error {
	leader, err := r.cluster.Leader(ctx)
	if err != nil {
		return err
	}
	followers, err := r.cluster.Followers(ctx)
	if err != nil {
		return err
	}
	r.touched[leader], r.blind[leader] = true, true
	r.say("node %s is alone", leader.ID)
	if err := r.cut(ctx, hosts.Between(r.nodeHosts(leader), r.nodeHosts(followers...))); err != nil {
		return err
	}
	if err := r.pass(ctx, 2*lease); err != nil {
		return err
	}
	return r.awaitWrites(ctx)
}

// cutGossip leaves nodes everything but gossip.
func cutGossip(ctx context.Context, r *run) error {
	all := r.nodeHosts(r.cluster.Nodes...)
	if err := r.cut(ctx, hosts.Between(all, all), gossipPort); err != nil {
		return err
	}
	return killActive(ctx, r)
}
