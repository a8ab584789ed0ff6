package cluster

import (
	"context"
	"errors"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
)

// DataPath is what deciding on active servers needs of a node's data path. Its
// methods are called from any goroutine, and return soon after ctx has ended.
type DataPath interface {
	// Observe returns what this node sees of the servers, in their order. What it
	// has seen before counts if it is no older than maxAge.
	Observe(ctx context.Context, servers []string, maxAge time.Duration) []topology.Observation
	// Operate does something at a server, and returns what it says of itself after
	// that. It may be asked to do it again.
	Operate(ctx context.Context, op topology.Operation) (topology.Facts, error)
	// Release waits until no session of this node uses a server that was a library's
	// active one in an epoch before this. Nobody uses one any more when it returns nil.
	Release(ctx context.Context, library fsm.LibraryID, epoch uint64) error
	// Drained waits until no session of this node is inside a statement or a
	// transaction of a library that drains, or until ctx ends, and returns how many
	// are.
	Drained(ctx context.Context, library fsm.LibraryID, epoch uint64) (open int, err error)
}

// errNoDataPath says that a node cannot see or do anything at servers yet.
var errNoDataPath = errors.New("the node is still starting: it has no way to the servers yet")

// OnDataPath says what this node sees of the servers and does there. It must be
// called before the data path is told of any libraries: until then this node
// answers that none of its sessions uses any server.
func (n *Node) OnDataPath(d DataPath) { n.dataPath.Store(&d) }

// path returns the data path, or nil.
func (n *Node) path() DataPath {
	if d := n.dataPath.Load(); d != nil {
		return *d
	}
	return nil
}
