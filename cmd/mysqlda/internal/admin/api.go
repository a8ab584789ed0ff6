// Package admin is a node's HTTP side: the API that operators and the mysqlda
// commands use, the metrics, and the probes of whatever supervises the process.
// Server serves it for one Node; Client asks it.
//
// The API has no accounts: whoever reaches the address may change the cluster.
package admin

import (
	"context"
	"encoding/json"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
)

// Node is what the API needs of the node that it serves. Package daemon
// implements it. All methods may be called from any goroutine, and at any time:
// while the node starts or stops they return an error that says so.
type Node interface {
	// Ready returns nil while the node serves clients, or else why it does not.
	Ready() error
	// Degraded says why libraries cannot be used through a node that is ready, ""
	// while all can, and whether none can.
	Degraded() (reason string, all bool)
	Status() (Status, error)
	// Locate never assigns: Location.Library is "" for a core object without a home.
	Locate(ctx context.Context, core string) (Location, error)
	// ChangeLibraries makes all changes or none.
	ChangeLibraries(ctx context.Context, request LibraryChanges) error
	// ChangeSettings changes all settings that are named or none.
	ChangeSettings(ctx context.Context, request SettingsChange) error
	// Configure changes libraries and settings together, all or nothing.
	Configure(ctx context.Context, request Configuration) (Configured, error)
	// Audit returns the audit trail as this node has applied it, the newest entry last.
	Audit() ([]AuditEntry, error)
	// CompareSettings tells what ChangeSettings would change.
	CompareSettings(ctx context.Context, request SettingsChange) (SettingsDifference, error)
	// Activate makes a server the active one of a library and returns when it is.
	// Open transactions get the time drain, 0 for the default.
	Activate(ctx context.Context, library, server string, force bool, drain time.Duration) error
	// Join makes the node a member of the cluster that any of the given
	// internode addresses belongs to.
	Join(ctx context.Context, via []string) error
	// Leave takes the node out of its cluster; the process ends afterwards.
	Leave(ctx context.Context) error
	// Backup captures the state with everything that was committed before the call.
	Backup(ctx context.Context) (*fsm.Snapshot, error)
	// Remove takes another node, which may be dead, out of the cluster for good.
	Remove(ctx context.Context, id string) error
	// Import adds records whose library ids are those of the named cluster.
	Import(ctx context.Context, clusterID string, records fsm.Import) (ImportResult, error)
	UserKeeper
	SecretKeeper
}

// Status is what one node knows of its cluster.
type Status struct {
	Node         string `json:"node"` // who answers
	Version      string `json:"version"`
	Ready        bool   `json:"ready"`
	NotReady     string `json:"not_ready,omitempty"` // why not
	ClusterID    string `json:"cluster_id"`
	State        string `json:"state"`  // the answering node's Raft state
	Leader       string `json:"leader"` // node id, "" if there is none
	Term         uint64 `json:"term"`
	AppliedIndex uint64 `json:"applied_index"`
	CommitIndex  uint64 `json:"commit_index"`
	StateHash    string `json:"state_hash"` // of everything applied; equal on all nodes at equal applied_index
	RingVersion  uint64 `json:"ring_version"`
	// Revision is the index of the last command by which an operator changed libraries
	// or settings.
	Revision   uint64          `json:"revision"`
	Placements uint64          `json:"placements"`
	Bindings   uint64          `json:"bindings"`
	Sessions   int             `json:"sessions"` // on the answering node
	Nodes      []NodeStatus    `json:"nodes"`
	Settings   *Settings       `json:"settings,omitempty"` // absent while there is no cluster
	Lease      *LeaseStatus    `json:"lease,omitempty"`    // absent while no library may fail over
	Secrets    *Secrets        `json:"secrets,omitempty"`  // absent while there is no cluster
	Libraries  []LibraryStatus `json:"libraries"`
	Pools      []PoolStatus    `json:"pools"` // of the answering node
}

// NodeStatus is one node of the cluster. Addresses are host:port.
type NodeStatus struct {
	ID      string `json:"id"`
	Voter   bool   `json:"voter"`
	Alive   bool   `json:"alive"` // in the eyes of the answering node
	Cluster string `json:"cluster"`
	Gossip  string `json:"gossip"`
	MySQL   string `json:"mysql"`
	HTTP    string `json:"http"`
	Version string `json:"version"`
	Number  uint16 `json:"number"` // in the connection ids of its clients; 0 while it is not known
}

// LibraryStatus is one library, with its servers in their order.
type LibraryStatus struct {
	ID         uint32 `json:"id"`
	Name       string `json:"name"`
	State      string `json:"state"` // open, closed or draining
	Weight     uint32 `json:"weight"`
	TLS        string `json:"tls"` // of connections to its servers: off, required, verify_ca or verify_identity
	Placements uint64 `json:"placements"`
	Active     string `json:"active"` // address of the server in use, "" while it changes
	// ActiveEpoch grows by one with each change of Active.
	ActiveEpoch uint64        `json:"active_epoch"`
	Switch      *SwitchStatus `json:"switch,omitempty"` // absent while none is under way
	Failover    string        `json:"failover"`         // off, ordered, follow or promote
	Failback    bool          `json:"failback"`
	Pinned      bool          `json:"pinned"`
	Guarded     bool          `json:"guarded"` // all nodes know that it may fail over
	// Account is the user that nodes log in to its servers as, "" for the cluster's.
	Account string `json:"account,omitempty"`
	// Risks are what can be lost or is not set up right, for people; of a library
	// that cannot fail over there are none.
	Risks []string `json:"risks"`
	// DataBytes are the bytes of data and indexes in its default database, as last
	// read; 0 while they are not known. They are read while balance is "data".
	DataBytes uint64         `json:"data_bytes,omitempty"`
	Servers   []ServerStatus `json:"servers"`
}

// ServerStatus is one server of a library. It is healthy when most of the nodes
// that report on it reach it. What it says of itself is what the answering node
// heard last.
type ServerStatus struct {
	Address string   `json:"address"`
	Healthy bool     `json:"healthy"`
	SeenBy  []SeenBy `json:"seen_by"`

	Maintenance bool   `json:"maintenance"`        // an operator keeps it from becoming active
	Fence       string `json:"fence,omitempty"`    // due, or fenced: set read-only by the cluster
	Excluded    string `json:"excluded,omitempty"` // why it must not become active

	ReadOnly   *bool    `json:"read_only,omitempty"`   // absent while it is not known
	Source     string   `json:"source,omitempty"`      // address of the server that it replicates from
	Receiving  bool     `json:"receiving,omitempty"`   // from Source
	Applying   bool     `json:"applying,omitempty"`    // what it receives
	LagSeconds *float64 `json:"lag_seconds,omitempty"` // behind Source; absent while it is not known
	SemiSync   string   `json:"semi_sync,omitempty"`   // source, fallen back (a source that waits for nobody), replica
	// LastError is why the answering node cannot use the server, "" if it can.
	LastError string `json:"last_error,omitempty"`
}

// SeenBy is what one node sees of a server, and what the server said when it
// answered that node last.
type SeenBy struct {
	Node       string   `json:"node"`
	Healthy    bool     `json:"healthy"`
	ReadOnly   *bool    `json:"read_only,omitempty"` // absent while it is not known
	Source     string   `json:"source,omitempty"`
	LagSeconds *float64 `json:"lag_seconds,omitempty"` // absent while it is not known
}

// PoolStatus counts the answering node's backend connections to one server.
type PoolStatus struct {
	Library   string `json:"library"`
	Server    string `json:"server"`
	InUse     int    `json:"in_use"`
	Idle      int    `json:"idle"`
	Resetting int    `json:"resetting"`
	Waiting   int    `json:"waiting"` // sessions that wait for a connection
}

// Location is where a core object lives.
type Location struct {
	Core    string `json:"core"`
	Library string `json:"library"` // "" when it has no home
}

// LibraryChanges is a request to change libraries.
type LibraryChanges struct {
	// ExpectVersion is the ring_version that the changes were computed against:
	// with another one nothing is changed. 0 stands for any.
	ExpectVersion uint64          `json:"expect_version,omitempty"`
	Changes       []LibraryChange `json:"changes"`
}

// Operation names what a LibraryChange does.
type Operation string

// The operations, and the fields of LibraryChange that they use.
const (
	AddLibrary     Operation = "add"         // Weight, Servers, TLS ("" for off), Failover ("" for ordered), Failback
	SetWeight      Operation = "weight"      // Weight
	OpenLibrary    Operation = "open"        // takes new core objects
	CloseLibrary   Operation = "close"       // gets no new core objects
	DrainLibrary   Operation = "drain"       // gets no new core objects and is to be emptied
	SetServers     Operation = "servers"     // Servers: replaces the list, in this order; the active one must be among them
	SetTLS         Operation = "tls"         // TLS
	SetFailover    Operation = "failover"    // Failover, Failback
	PinLibrary     Operation = "pin"         // its active server is changed by operators only
	UnpinLibrary   Operation = "unpin"       // no more
	RemoveLibrary  Operation = "remove"      // for good; refused while core objects live there
	SetMaintenance Operation = "maintenance" // Server, Maintenance: it must not become the active one
	SetAccount     Operation = "account"     // Account: what nodes log in to its servers with; without a user, the cluster's
)

// LibraryChange changes one library.
type LibraryChange struct {
	Op      Operation `json:"op"`
	Library string    `json:"library"`
	Weight  uint32    `json:"weight,omitempty"`
	Servers []string  `json:"servers,omitempty"` // host:port
	TLS     string    `json:"tls,omitempty"`     // see LibraryStatus

	Failover    string `json:"failover,omitempty"` // see LibraryStatus
	Failback    bool   `json:"failback,omitempty"`
	Server      string `json:"server,omitempty"` // host:port
	Maintenance bool   `json:"maintenance,omitempty"`

	Account *Account `json:"account,omitempty"`
}

// Settings are what all nodes share besides the libraries, without the passwords.
type Settings struct {
	User           string `json:"user"`
	Database       string `json:"database"`
	DefaultLibrary string `json:"default_library"`
	DefaultCore    string `json:"default_core"`
	// UnusedForwardSessionTimeout is in seconds.
	UnusedForwardSessionTimeout int64 `json:"unused_forward_session_timeout"`

	MaxShare json.Number `json:"max_share"` // 0.001 to 1
	Balance  string      `json:"balance"`   // placements or data
	// SizesUnknown names the libraries for whose sake Balance "data" goes by
	// placements meanwhile: the answering node knows of no reading of their size.
	SizesUnknown []string `json:"sizes_unknown,omitempty"`

	Failover FailoverSettings `json:"failover"`
}

// The settings of balancing, as config files and commands call them.
const (
	MaxShare = "max_share"
	Balance  = "balance"
)

// SettingsChange is a request to change settings. What is "" or nil stays as it is.
type SettingsChange struct {
	MaxShare json.Number `json:"max_share,omitempty"` // 0.001 to 1, with at most three decimals
	Balance  string      `json:"balance,omitempty"`   // placements or data

	Failover *FailoverChange `json:"failover,omitempty"`
}

// JoinRequest names members of the cluster to join, by internode address.
type JoinRequest struct {
	Via []string `json:"via"`
}

// Problem is the body of every answer that is not a success.
type Problem struct {
	Error string `json:"error"`
}
