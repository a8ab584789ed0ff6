package nemesis

import (
	"context"
	"strings"

	"github.com/mysqlda/mysqlda/test/jepsen/cluster"
)

// target is a node that a strike has to itself.
type target struct {
	*cluster.Node
	release func()
}

// targets are some nodes.
type targets []target

// members takes up to so many members that run, at random. There may be none.
func (s *Site) members(count int) targets {
	var taken targets
	members := s.Cluster.Members()
	for _, i := range s.Random.Perm(len(members)) {
		if len(taken) == count {
			break
		}
		taken = append(taken, take(members[i])...)
	}
	return taken
}

// minority takes at least one member, and fewer than half of them.
func (s *Site) minority() targets {
	return s.members(1 + s.Random.IntN(max(1, (len(s.Cluster.Members())-1)/2)))
}

// leader takes the leader, if there is one.
func (s *Site) leader(ctx context.Context) targets {
	n, err := s.Cluster.Leader(ctx)
	if err != nil {
		return nil // while none is elected there is none to injure
	}
	return take(n)
}

// take takes a node if it is a member that runs and nobody else has it.
func take(n *cluster.Node) targets {
	release, ok := n.Claim()
	if !ok {
		return nil
	}
	if !n.Member() || !n.Running() {
		release()
		return nil
	}
	return targets{{n, release}}
}

// free gives them back.
func (t targets) free() {
	for _, n := range t {
		n.release()
	}
}

// String lists them.
func (t targets) String() string {
	var names []string
	for _, n := range t {
		names = append(names, n.ID)
	}
	return strings.Join(names, " ")
}

// server takes one server of those at random.
func (s *Site) server(of []*cluster.Server) (server *cluster.Server, release func(), ok bool) {
	for _, i := range s.Random.Perm(len(of)) {
		if release, ok := of[i].Claim(); ok {
			if of[i].Running() {
				return of[i], release, true
			}
			release()
		}
	}
	return nil, nil, false
}

// injured records an injury that this site's nemesis did.
func (s *Site) injured(kind, whom string) (healed func()) {
	return s.Recorder.Injure(s.nemesis, kind, whom)
}
