package failover

import (
	"context"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
)

// Command is a command of the state machine.
type Command interface {
	// Encode gives its log entry.
	Encode() ([]byte, error)
}

// Cluster is what a Driver needs of the node that leads. All methods may be called
// by several goroutines at once, and those with a context return soon after it has
// ended.
type Cluster interface {
	// Libraries and Settings are what this node has applied. Neither is nil.
	Libraries() *fsm.LibrarySet
	Settings() *fsm.Settings
	// Changed tells that libraries or settings have changed. It is called once a
	// term; the channel may be closed when the term ends.
	Changed() <-chan fsm.Event
	// Suspected tells that some server is not what it was.
	Suspected() <-chan struct{}
	// Sees holds false for the address of a server that gossip or this node's own
	// probes call dead. It is a hint only.
	Sees() map[string]bool
	// Nodes are the ids of all nodes, Voters those of the voters, ascending.
	Nodes() []string
	Voters() []string
	// NodeLostAt is when this process last applied the removal of a node, restored
	// a snapshot, or started: a node that it does not know of any more may hold a
	// lease since then.
	NodeLostAt() time.Time

	// Propose has a command carried out and returns its index. A command that was
	// refused gives the state machine's error; any other error means that the
	// outcome is unknown.
	Propose(ctx context.Context, command Command) (index uint64, err error)
	// Observe returns what a node sees of the servers. What it has seen before
	// counts if it is no older than maxAge.
	Observe(ctx context.Context, node string, servers []string, maxAge time.Duration) ([]topology.Observation, error)
	// Operate has a node do something at a server. An error does not say that it
	// was not done, or will not be done yet.
	Operate(ctx context.Context, node string, op topology.Operation) (topology.Facts, error)
	// Applied waits until a node has applied the command of that index.
	Applied(ctx context.Context, node string, index uint64) error
	// Release waits until a node has let go of the servers that were active in
	// epochs before this one.
	Release(ctx context.Context, node string, library fsm.LibraryID, epoch, index uint64) error
	// Drained waits until a node that has applied the command of that index has
	// nothing in flight at the active server of a library that drains. Shortly
	// before ctx's deadline it answers how many transactions and commands are left.
	Drained(ctx context.Context, node string, library fsm.LibraryID, epoch, index uint64) (open int, err error)
}
