package fsm

import "time"

// Settings are what all nodes share besides the libraries. They are seeded from
// the first node's config file at bootstrap; afterwards this copy counts.
// A *Settings reached through a Machine must not be changed.
type Settings struct {
	ClusterID string // 32 hex digits, made at bootstrap, never changed

	// User and Password are what we log in to the servers with, unless a library has an
	// account of its own; see UserSet.AccountIsUser for what they have to do with
	// clients. Password is a secret: it must not be logged or shown.
	User     string
	Password string
	// Database is the default database of every backend connection.
	Database string
	// DefaultLibrary, unless "", is the library of a session that has not
	// selected one.
	DefaultLibrary string
	// DefaultCore, unless "", is the core object in whose library a session
	// starts. It goes before DefaultLibrary.
	DefaultCore string

	// UnusedForwardSessionTimeout is how long an idle backend connection is kept.
	UnusedForwardSessionTimeout time.Duration
	// MaxShareMille is the largest share of new core objects, in thousandths,
	// that automatic balancing may give to one library.
	MaxShareMille uint32
	// Balance is what automatic balancing goes by. BalanceData needs a Database.
	Balance Balance

	Failover FailoverSettings
}

// NodeInfo is what the cluster remembers of a node. Whether it is alive is the
// gossip's business, whether it votes is Raft's.
type NodeInfo struct {
	ID      string
	Cluster string // internode address, host:port
	Gossip  string // gossip address, host:port
	MySQL   string // address that clients use, host:port
	HTTP    string // HTTP address, host:port
	Version string // the release it runs
	// Number is the node's number in the connection ids that it gives to its
	// clients: 1 to MaxNodeNumber, the smallest that no other member has. It is
	// given when the node is first recorded, and may go to another node after
	// this one was removed.
	Number uint16
}

// MaxNodeNumber is the largest number of a node: ten bits of a connection id.
const MaxNodeNumber = 1<<10 - 1

// Greeting is what a MySQL server says of itself when it greets, as the cluster
// remembers it.
type Greeting struct {
	Version      string // at most MaxServerVersionLen bytes of printable ASCII
	Capabilities uint64 // as wire.Capability
	Collation    uint8
}
