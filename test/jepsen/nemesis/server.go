package nemesis

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/hosts"
	"github.com/mysqlda/mysqlda/test/jepsen/cluster"
)

// still are the servers of libraries that have one.
func still(c *cluster.Cluster) []*cluster.Server {
	return slices.DeleteFunc(slices.Clone(c.Servers), func(s *cluster.Server) bool { return s.Library == cluster.Moving })
}

// moving are the servers of the library whose active server can change.
func moving(c *cluster.Cluster) []*cluster.Server { return c.ServersOf(cluster.Moving) }

// servers are those that a strike chooses from.
type servers func(*cluster.Cluster) []*cluster.Server

// killServer ends a server with SIGKILL and starts it again some time later.
func killServer(from servers) func(context.Context, *Site) error {
	return func(ctx context.Context, s *Site) error {
		server, release, ok := s.server(from(s.Cluster))
		if !ok {
			return nil
		}
		defer release()
		length := between(s.Random, minDead, maxDead)
		healed := s.injured("kill", server.Addr())
		err := server.Kill()
		hold(ctx, length)
		healing, done := bounded(ctx)
		defer done()
		err = errors.Join(err, server.Restart(healing))
		healed()
		return err
	}
}

// pauseServer has a server stand still for a time.
func pauseServer(from servers) func(context.Context, *Site) error {
	return func(ctx context.Context, s *Site) error {
		server, release, ok := s.server(from(s.Cluster))
		if !ok {
			return nil
		}
		defer release()
		length := between(s.Random, minInstant, maxLong)
		return s.still(ctx, length, server.Addr(), server)
	}
}

// cutServer cuts a server off from all nodes, from some of them, or from everybody.
func cutServer(from servers) func(context.Context, *Site) error {
	return func(ctx context.Context, s *Site) error {
		of := from(s.Cluster)
		server := of[s.Random.IntN(len(of))]
		nodes := s.nodeHosts()
		l := s.Cluster.Network.Around(server.Host)
		switch s.Random.IntN(3) {
		case 0:
			l = hosts.Between([]*hosts.Host{server.Host}, nodes)
		case 1:
			l = hosts.Between([]*hosts.Host{server.Host}, nodes[:1+s.Random.IntN(len(nodes))])
		}
		return s.severFor(ctx, l, between(s.Random, 500*time.Millisecond, maxCut))
	}
}

// nodeHosts are the hosts of all nodes, also of those that are no members, in a random
// order.
func (s *Site) nodeHosts() []*hosts.Host {
	var found []*hosts.Host
	for _, i := range s.Random.Perm(len(s.Cluster.Nodes)) {
		found = append(found, s.Cluster.Nodes[i].Host)
	}
	return found
}
