package failover

import (
	"slices"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
)

// look is what nodes see of a library's servers, asked for at one time. Nodes that
// did not answer are missing from it.
type look struct {
	voters []string
	seen   []sight
}

// sight is what one node sees of one server.
type sight struct {
	node  string
	fresh bool // it has looked just now; otherwise only Facts count
	topology.Observation
}

// votes counts the voters that see it reachable now, and those that do not. Both
// are to be held against the number of all voters, whoever answered.
func (v look) votes(address string) (up, down int) {
	for _, s := range v.seen {
		switch {
		case s.Address != address || !s.fresh || !slices.Contains(v.voters, s.node):
		case s.Reachable:
			up++
		default:
			down++
		}
	}
	return up, down
}

// usable tells whether a majority of all voters reaches the server.
func (v look) usable(address string) bool {
	up, _ := v.votes(address)
	return 2*up > len(v.voters)
}

// dead tells whether a majority of all voters cannot reach the server.
func (v look) dead(address string) bool {
	_, down := v.votes(address)
	return 2*down > len(v.voters)
}

// reaching returns the nodes that reach the server.
func (v look) reaching(address string) []string {
	var nodes []string
	for _, s := range v.seen {
		if s.Address == address && s.fresh && s.Reachable {
			nodes = append(nodes, s.node)
		}
	}
	return nodes
}

// facts returns what the server says of itself to whoever reaches it, as it said it
// last. A server may be reachable and say nothing, as one that takes no more
// connections.
func (v look) facts(address string) (facts topology.Facts, reached bool) {
	var newest *sight
	for i, s := range v.seen {
		if s.Address == address && s.fresh && s.Reachable && s.LastError == "" && (newest == nil || s.Age < newest.Age) {
			newest = &v.seen[i]
		}
	}
	if newest == nil {
		return topology.Facts{}, false
	}
	return newest.Facts, true
}

// remembered returns what each node was told by the server when it reached it last.
func (v look) remembered(address string) []topology.Facts {
	var all []topology.Facts
	for _, s := range v.seen {
		if s.Address == address && s.Known && s.Facts.ID != "" {
			all = append(all, s.Facts)
		}
	}
	return all
}

// complaint is why a server cannot be reached, in one node's words.
func (v look) complaint(address string) string {
	for _, s := range v.seen {
		if s.Address == address && s.fresh && s.LastError != "" {
			return s.LastError
		}
	}
	return "nobody has said why"
}

// identities are the names that the server has given itself.
func (v look) identities(address string) []string {
	var ids []string
	for _, f := range v.remembered(address) {
		ids = append(ids, f.ID)
	}
	return ids
}

// replicates tells whether a server that says this of itself is a replica of the
// server at an address. It may know it by another address.
func (v look) replicates(f topology.Facts, address string) bool {
	if f.Source == nil {
		return false
	}
	return f.Source.Address == address || f.Source.ID != "" && slices.Contains(v.identities(address), f.Source.ID)
}

// receivers returns the other servers that still receive from that one.
func (v look) receivers(l *fsm.Library, address string) []string {
	var all []string
	for _, s := range l.Servers {
		f, ok := v.facts(s.Address)
		if ok && s.Address != address && v.replicates(f, address) && f.Source.Receiving {
			all = append(all, s.Address)
		}
	}
	return all
}
