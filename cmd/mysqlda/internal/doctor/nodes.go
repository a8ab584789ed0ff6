package doctor

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

// reachTimeout bounds opening one connection to another node.
const reachTimeout = 3 * time.Second

// nodeChecks looks at the cluster as its nodes see it, and at the ways from here to
// the other nodes.
func nodeChecks(ctx context.Context, v *view) []Finding {
	const check = "cluster"
	switch {
	case !v.own:
		return []Finding{ok(check, "not looked at: this node does not run")}
	case v.status.ClusterID == "":
		return []Finding{warning(check, "the node runs and belongs to no cluster: "+v.status.NotReady, "`mysqlda join` makes it a member, or start it with --bootstrap or --join")}
	}
	found := []Finding{leaderCheck(v.status)}
	if !v.status.Ready {
		found = append(found, problem(check, "the node does not serve clients: "+v.status.NotReady, "see its log"))
	}
	found = append(found, versionCheck(v.status)...)
	others := v.others()
	each := make([][]Finding, len(others))
	var asked sync.WaitGroup
	for i, n := range others {
		asked.Go(func() { each[i] = v.wayTo(ctx, n) })
	}
	asked.Wait()
	for _, f := range each {
		found = append(found, f...)
	}
	return found
}

func leaderCheck(s admin.Status) Finding {
	voters := 0
	for _, n := range s.Nodes {
		if n.Voter {
			voters++
		}
	}
	switch {
	case s.Leader == "":
		return problem("cluster", fmt.Sprintf("%d voters and no leader: nothing new can be decided", voters), "bring nodes back until a majority of the voters is alive, and let them reach each other's ports")
	case voters == 2:
		return warning("cluster", "2 voters: when one is lost nothing new can be decided", "add a third node")
	}
	return ok("cluster", "%d voters, leader %s", voters, s.Leader)
}

func versionCheck(s admin.Status) []Finding {
	for _, n := range s.Nodes {
		if n.Version != "" && n.Version != s.Version {
			return []Finding{warning("node versions", fmt.Sprintf("node %s runs %s, node %s runs %s", s.Node, s.Version, n.ID, n.Version), "finish the upgrade")}
		}
	}
	return nil
}

// wayTo looks at one other node.
func (v *view) wayTo(ctx context.Context, n admin.NodeStatus) []Finding {
	check := "node " + n.ID
	var found []Finding
	if !n.Alive {
		found = append(found, problem(check, fmt.Sprintf("node %s does not see it alive", v.status.Node),
			fmt.Sprintf("start it, or let UDP and TCP through to %s; `mysqlda remove %s` if it is gone for good", n.Gossip, n.ID)))
	}
	for _, way := range []listener{{"cluster.listen", "tcp", n.Cluster}, {"cluster.gossip", "tcp", n.Gossip}} {
		if err := reach(ctx, way.address); err != nil {
			found = append(found, problem(check, fmt.Sprintf("%s cannot be reached: %v", way.key, err),
				fmt.Sprintf("let TCP through from this machine to %s", way.address)))
		}
	}
	found = append(found, v.deadTo(ctx, n)...)
	return orElse(found, ok(check, "alive, %s and %s (TCP) can be reached", n.Cluster, n.Gossip))
}

func reach(ctx context.Context, address string) error {
	conn, err := (&net.Dialer{Timeout: reachTimeout}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}

// deadTo are the nodes that this one does not see alive. Its HTTP address need not
// be reachable.
func (v *view) deadTo(ctx context.Context, n admin.NodeStatus) []Finding {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	status, err := admin.NewClient(n.HTTP, v.forOthers()).Status(ctx)
	if err != nil || status.Node != n.ID {
		return nil
	}
	var found []Finding
	for _, peer := range status.Nodes {
		if !peer.Alive && peer.ID != n.ID {
			found = append(found, problem("node "+n.ID, fmt.Sprintf("it does not see node %s alive", peer.ID),
				fmt.Sprintf("let UDP and TCP through from node %s to %s", n.ID, peer.Gossip)))
		}
	}
	return found
}

// forOthers are the credentials for other nodes: a token goes nowhere in the clear.
func (v *view) forOthers() admin.Credentials {
	shown := v.shown
	if shown.TLS == nil {
		shown.Token = ""
	}
	return shown
}

// private says that only the node's own machine reaches an address.
func private(address string) bool {
	host, err := netip.ParseAddrPort(address)
	return err == nil && host.Addr().IsLoopback()
}
