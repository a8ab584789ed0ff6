package fsm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

const (
	// MaxNodes is how many nodes a cluster may know: each has a number of its own.
	MaxNodes = MaxNodeNumber
	// MaxRemovedNodes is how many removed ids are remembered. The one that was
	// removed first is forgotten when there would be more.
	MaxRemovedNodes = 4096
)

// SetNode is the command that makes a node known or changes what is known of
// it. The result's error wraps ErrRemoved when its id was removed before, or
// ErrBadChange.
type SetNode struct {
	NodeInfo
}

// Encode checks the node and gives the log entry of the command.
func (c SetNode) Encode() ([]byte, error) {
	if err := c.NodeInfo.Check(); err != nil {
		return nil, err
	}
	return encodeCommand(&fsmpb.Command{Body: &fsmpb.Command_SetNode{
		SetNode: &fsmpb.SetNode{Node: c.NodeInfo.Proto()},
	}})
}

// RemoveNode is the command that makes a node unknown and remembers its id as
// removed. Removing an id that is not known, or removing it again, is fine: the
// node may have been removed before it was ever made known.
type RemoveNode struct {
	ID string
}

// Encode checks the id and gives the log entry of the command.
func (c RemoveNode) Encode() ([]byte, error) {
	if err := CheckName("node id", c.ID, MaxNameLen); err != nil {
		return nil, err
	}
	return encodeCommand(&fsmpb.Command{Body: &fsmpb.Command_RemoveNode{
		RemoveNode: &fsmpb.RemoveNode{Id: c.ID},
	}})
}

// Check reports whether the id keeps the rules of CheckName and each address is
// empty or a host:port. The error wraps ErrBadName or ErrBadChange.
func (n NodeInfo) Check() error {
	if err := CheckName("node id", n.ID, MaxNameLen); err != nil {
		return err
	}
	if n.Version != "" {
		if err := CheckName("version", n.Version, MaxNameLen); err != nil {
			return err
		}
	}
	for _, address := range n.addresses() {
		if address == "" {
			continue
		}
		if err := checkAddress(address); err != nil {
			return fmt.Errorf("%w: node %s: address %q: %w", ErrBadChange, n.ID, address, err)
		}
	}
	return n.checkLens()
}

// checkLens is the part of Check that gives the same answer in every build.
func (n NodeInfo) checkLens() error {
	if err := checkLen("node id", n.ID, MaxNameLen); err != nil {
		return err
	}
	if len(n.Version) > MaxNameLen {
		return fmt.Errorf("%w: node %s: the version has %d bytes, at most %d are allowed", ErrBadChange, n.ID, len(n.Version), MaxNameLen)
	}
	for _, address := range n.addresses() {
		if len(address) > MaxAddressLen {
			return fmt.Errorf("%w: node %s: an address has %d bytes, at most %d are allowed", ErrBadChange, n.ID, len(address), MaxAddressLen)
		}
	}
	return nil
}

func (n NodeInfo) addresses() [4]string {
	return [...]string{n.Cluster, n.Gossip, n.MySQL, n.HTTP}
}

// Proto gives the node's form for the log and for forwarding. It does not say the
// node's number, which is the state machine's to give.
func (n NodeInfo) Proto() *fsmpb.Node {
	return &fsmpb.Node{
		Id:      n.ID,
		Cluster: n.Cluster,
		Gossip:  n.Gossip,
		Mysql:   n.MySQL,
		Http:    n.HTTP,
		Version: n.Version,
	}
}

// NodeFromProto reads a forwarded node and checks it.
func NodeFromProto(p *fsmpb.Node) (NodeInfo, error) {
	n := nodeFromLog(p)
	if err := n.Check(); err != nil {
		return NodeInfo{}, err
	}
	return n, nil
}

func nodeFromLog(p *fsmpb.Node) NodeInfo {
	return NodeInfo{
		ID:      p.GetId(),
		Cluster: p.GetCluster(),
		Gossip:  p.GetGossip(),
		MySQL:   p.GetMysql(),
		HTTP:    p.GetHttp(),
		Version: p.GetVersion(),
	}
}

func (n NodeInfo) snapshotProto() *fsmpb.Node {
	p := n.Proto()
	p.Number = uint32(n.Number)
	return p
}

// nodeFromSnapshot gives a node without a number for one that is too large.
func nodeFromSnapshot(p *fsmpb.Node) NodeInfo {
	n := nodeFromLog(p)
	if number := p.GetNumber(); number <= MaxNodeNumber {
		n.Number = uint16(number)
	}
	return n
}

// nodeSet is an immutable view of the known and the removed nodes.
type nodeSet struct {
	known   []NodeInfo // ascending by ID
	removed []string   // oldest first
}

func (n *nodeSet) find(id string) (int, bool) {
	return slices.BinarySearchFunc(n.known, id, func(n NodeInfo, id string) int { return strings.Compare(n.ID, id) })
}

// freeNumber returns the smallest number that no known node has. There is one
// while there are fewer than MaxNodes nodes.
func (n *nodeSet) freeNumber() uint16 {
	var taken [MaxNodeNumber + 1]bool
	for _, node := range n.known {
		taken[node.Number] = true
	}
	return uint16(1 + slices.Index(taken[1:], false))
}

func (s *state) setNode(p *fsmpb.Node) error {
	node := nodeFromLog(p)
	if err := node.checkLens(); err != nil {
		return err
	}
	old := s.nodes.Load()
	if slices.Contains(old.removed, node.ID) {
		return fmt.Errorf("%w: %s; give the node a new data directory and another id", ErrRemoved, node.ID)
	}
	known := slices.Clone(old.known)
	i, found := old.find(node.ID)
	switch {
	case found:
		node.Number = known[i].Number
		known[i] = node
	case len(known) >= MaxNodes:
		return fmt.Errorf("%w: node %s would be more than %d nodes; remove one first", ErrBadChange, node.ID, MaxNodes)
	default:
		node.Number = old.freeNumber()
		known = slices.Insert(known, i, node)
	}
	s.nodes.Store(&nodeSet{known: known, removed: old.removed})
	return nil
}

func (s *state) removeNode(id string) error {
	if err := checkLen("node id", id, MaxNameLen); err != nil {
		return err
	}
	old := s.nodes.Load()
	if slices.Contains(old.removed, id) {
		return nil
	}
	known := slices.Clone(old.known)
	if i, found := old.find(id); found {
		known = slices.Delete(known, i, i+1)
	}
	removed := append(slices.Clone(old.removed), id)
	if len(removed) > MaxRemovedNodes {
		removed = removed[1:]
	}
	s.nodes.Store(&nodeSet{known: known, removed: removed})
	return nil
}
