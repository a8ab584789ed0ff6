package fsm

import (
	"fmt"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// MaxLeaseGrants bounds the leases of one command.
const MaxLeaseGrants = MaxNodes

// GrantLeases is the command that gives nodes leases. It changes no state: a node
// that applies one that it asked for at a time t may use libraries that may fail
// over until t and the settings' Lease are over. What was committed before it
// asked it has applied by then, and whoever retires an active server later waits
// as long. Leases of nodes that are not known are void.
type GrantLeases struct {
	Leases []Lease // 1 to MaxLeaseGrants
}

// Lease names one request for a lease.
type Lease struct {
	Node   string // its id
	Starts uint64 // which start of the node has asked
	Nonce  uint64 // which of its requests
}

// Encode checks the bounds and gives the log entry of the command.
func (c GrantLeases) Encode() ([]byte, error) {
	if len(c.Leases) == 0 || len(c.Leases) > MaxLeaseGrants {
		return nil, fmt.Errorf("%w: %d leases, 1 to %d are allowed", ErrBadChange, len(c.Leases), MaxLeaseGrants)
	}
	p := &fsmpb.GrantLeases{Grants: make([]*fsmpb.LeaseGrant, len(c.Leases))}
	for i, l := range c.Leases {
		p.Grants[i] = &fsmpb.LeaseGrant{Node: l.Node, Starts: l.Starts, Nonce: l.Nonce}
	}
	return encodeCommand(&fsmpb.Command{Body: &fsmpb.Command_GrantLeases{GrantLeases: p}})
}

// grantLeases returns those leases that count.
func (s *state) grantLeases(p *fsmpb.GrantLeases) []Lease {
	nodes := s.nodes.Load()
	var granted []Lease
	for _, g := range p.GetGrants() {
		if _, known := nodes.find(g.GetNode()); known {
			granted = append(granted, Lease{Node: g.GetNode(), Starts: g.GetStarts(), Nonce: g.GetNonce()})
		}
	}
	return granted
}
