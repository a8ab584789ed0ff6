package cluster

import (
	"fmt"

	"github.com/hashicorp/raft"

	"github.com/mysqlda/mysqlda/fsm"
)

// Founding names the first node of a new cluster that takes over another one's
// state. Nothing of it is running: the functions that use it work on files.
type Founding struct {
	// NodeID is the node's; "" takes the one that the data directory remembers, or
	// makes one.
	NodeID  string
	DataDir string
	// Address is where other nodes reach this one, host:port. The node tells its
	// own when it starts.
	Address string
}

// Founded is what was made.
type Founded struct {
	NodeID    string
	ClusterID string // of the new cluster
	Replaces  string // the cluster that the state comes from
	Index     uint64 // the new log begins after it
	Counts    fsm.Counts
	Digest    fsm.Digest // of the directory; what it was before
}

func (f Founding) check() error {
	if f.DataDir == "" {
		return fmt.Errorf("%w: no data directory", ErrConfig)
	}
	if f.Address == "" {
		return fmt.Errorf("%w: no internode address", ErrConfig)
	}
	return nil
}

// voter is the node as the only voter of its cluster.
func (f Founding) voter(nodeID string) raft.Server {
	return raft.Server{Suffrage: raft.Voter, ID: raft.ServerID(nodeID), Address: raft.ServerAddress(f.Address)}
}
