package cluster

import (
	"cmp"
	"slices"
	"strings"

	"github.com/hashicorp/raft"

	"github.com/mysqlda/mysqlda/fsm"
)

// Status is what a node knows of itself and of its cluster at one moment.
type Status struct {
	ClusterID string // "" while the node is lonely
	NodeID    string
	Leader    string // node id, or "" if this node knows of none
	State     string // of this node: "lonely", "follower", "candidate", "leader" or "shutdown"
	Term      uint64

	Nodes []NodeStatus // ascending by ID

	CommitIndex  uint64
	AppliedIndex uint64 // of this node's state
	Counts       fsm.Counts
	// StateHash is the chained hash of all commands up to StateHashIndex: equal on
	// all nodes at equal indices.
	StateHash      string
	StateHashIndex uint64
}

// NodeStatus is what a node knows of one node of its cluster.
type NodeStatus struct {
	ID      string
	Voter   bool
	Alive   bool   // in gossip's view; a node always sees itself alive
	Cluster string // internode address, host:port
	Gossip  string
	MySQL   string
	HTTP    string
	Version string
	Number  uint16 // see fsm.NodeInfo; 0 while the state machine does not know the node
}

// Status returns what this node knows now. Its parts are read one after the
// other and may differ by what happened in between.
func (n *Node) Status() Status {
	index, hash, _ := n.machine.Fingerprint()
	s := Status{
		NodeID:         n.id,
		State:          "lonely",
		AppliedIndex:   index,
		Counts:         n.machine.Counts(),
		StateHash:      hash.String(),
		StateHashIndex: index,
	}
	m := n.member.Load()
	if m == nil {
		return s
	}
	s.ClusterID = m.clusterID.String()
	s.Leader = m.leaderID()
	s.State = strings.ToLower(m.raft.State().String())
	s.Term = m.raft.CurrentTerm()
	s.CommitIndex = m.raft.CommitIndex()
	s.Nodes = m.nodeStatuses()
	return s
}

// nodeStatuses lists the nodes that the state machine or Raft knows.
func (m *member) nodeStatuses() []NodeStatus {
	nodes := make(map[string]NodeStatus)
	for _, info := range m.machine.Nodes() {
		nodes[info.ID] = NodeStatus{Number: info.Number}
	}
	for _, s := range m.servers() {
		status := nodes[string(s.ID)]
		status.Cluster, status.Voter = string(s.Address), s.Suffrage == raft.Voter
		nodes[string(s.ID)] = status
	}
	list := make([]NodeStatus, 0, len(nodes))
	for id, s := range nodes {
		s.ID = id
		s.Alive = m.gossip.isAlive(id)
		if info, ok := m.book.lookup(id); ok {
			s.Cluster, s.Gossip, s.MySQL, s.HTTP, s.Version = info.Cluster, info.Gossip, info.MySQL, info.HTTP, info.Version
		}
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b NodeStatus) int { return cmp.Compare(a.ID, b.ID) })
	return list
}
