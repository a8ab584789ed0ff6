package cluster

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/hashicorp/raft"
	"github.com/mysqlda/mysqlda/cluster/transport"
	"github.com/mysqlda/mysqlda/fsm"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

// Config is what a Node needs. Zero values of fields with a default mean the
// default.
type Config struct {
	// NodeID names the node, for ever. "" takes the one that the data directory
	// remembers, or makes one.
	NodeID string
	// DataDir holds the log, snapshots and the node's identity. It is made if it
	// is missing and belongs to one process at a time.
	DataDir string
	// Listen and GossipListen are the internode (TCP) and the gossip (TCP and
	// UDP) addresses, host:port. Port 0 picks a free one.
	Listen, GossipListen string
	// Inherited is what the node accepts internode connections from instead of Listen,
	// unless nil. It is closed with the node.
	Inherited net.Listener
	// AdvertiseHost is the host that other nodes reach this node at. The default
	// is the listen address's host, or, if that is a wildcard, this machine's
	// first address that is not a loopback one.
	AdvertiseHost string
	// MySQLAddr and HTTPAddr are what the cluster is told about this node's other
	// services. They are shown, never dialled by this package.
	MySQLAddr, HTTPAddr string
	// Security says how connections between nodes are protected; nil: not at all.
	Security *transport.Security
	// GossipKeys gives the keys that protect gossip at the moment, at least one; nil:
	// gossip is in the clear. It must not block.
	GossipKeys func() GossipKeys
	// JoinTokens says which nodes this one lets join; nil: all, or those with a
	// certificate where Security asks for one.
	JoinTokens *JoinTokens
	// Version is the release that runs.
	Version string

	Logger     *zap.Logger           // the default discards
	Registerer prometheus.Registerer // the default is a registry of its own

	// DecisionTimeout bounds how long a decision may wait for a leader. The
	// default is 10 s: a lost leader is noticed within 4 s, twice the heartbeat
	// timeout, and another 4 s pass if the first vote is split.
	DecisionTimeout time.Duration
	// AnnounceInterval is the time between two rounds of telling the other nodes
	// this node's addresses. The default is 3 s.
	AnnounceInterval time.Duration
	// CheckpointInterval is the time between two comparisons of the nodes' state.
	// The default is 10 s.
	CheckpointInterval time.Duration
	// GreetingInterval is the least time between two proposals of this node on how
	// one server greets. It doubles, up to 64 times, while nodes contradict each
	// other. The default is 10 s.
	GreetingInterval time.Duration

	Raft   RaftConfig
	Gossip GossipConfig

	// clock, in tests, is the one by which the lease runs.
	clock func() time.Duration
}

// RaftConfig tunes Raft. Zero values mean the defaults.
type RaftConfig struct {
	HeartbeatTimeout   time.Duration // 2 s: silence after which a follower asks for votes
	ElectionTimeout    time.Duration // 2 s: how long a candidate waits; at least HeartbeatTimeout
	LeaderLeaseTimeout time.Duration // 1 s: a leader without a majority steps down; at most HeartbeatTimeout
	CommitTimeout      time.Duration // 5 ms: an idle leader tells followers about commits after it
	SnapshotInterval   time.Duration // 1 s: between two looks at whether a snapshot is due
	SnapshotMinBytes   uint64        // 32 MiB of log make a snapshot due, unless the last one was large; see snapshotDue in package storage
	SnapshotRetry      time.Duration // 30 s: after a snapshot that failed; it doubles, up to 10 min
	MaxWriteStall      time.Duration // 5 s: a write to the log that takes longer ends the node

	// logStore, in tests, puts a disk with faults in front of the log.
	logStore func(raft.LogStore) raft.LogStore
}

// GossipConfig tunes failure detection. Zero values mean the defaults.
type GossipConfig struct {
	ProbeInterval    time.Duration // 400 ms: between two probes of a random node
	ProbeTimeout     time.Duration // 200 ms
	PushPullInterval time.Duration // 15 s: between two complete exchanges with a random node
	Interval         time.Duration // 200 ms: between two rounds of gossip
	ReclaimTime      time.Duration // 1 s: a dead node may come back on another address after it
}

// ErrConfig says that a Config cannot be used.
var ErrConfig = errors.New("bad cluster config")

func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = zap.NewNop()
	}
	if c.Registerer == nil {
		c.Registerer = prometheus.NewRegistry()
	}
	setDefault(&c.DecisionTimeout, 10*time.Second)
	setDefault(&c.AnnounceInterval, 3*time.Second)
	setDefault(&c.CheckpointInterval, 10*time.Second)
	setDefault(&c.GreetingInterval, 10*time.Second)
	setDefault(&c.Raft.HeartbeatTimeout, 2*time.Second)
	setDefault(&c.Raft.ElectionTimeout, 2*time.Second)
	setDefault(&c.Raft.LeaderLeaseTimeout, min(time.Second, c.Raft.HeartbeatTimeout))
	setDefault(&c.Raft.CommitTimeout, 5*time.Millisecond)
	setDefault(&c.Raft.SnapshotInterval, time.Second)
	setDefault(&c.Raft.SnapshotMinBytes, 32<<20)
	setDefault(&c.Raft.SnapshotRetry, 30*time.Second)
	setDefault(&c.Raft.MaxWriteStall, 5*time.Second)
	setDefault(&c.Gossip.ProbeInterval, 400*time.Millisecond)
	setDefault(&c.Gossip.ProbeTimeout, 200*time.Millisecond)
	setDefault(&c.Gossip.PushPullInterval, 15*time.Second)
	setDefault(&c.Gossip.Interval, 200*time.Millisecond)
	setDefault(&c.Gossip.ReclaimTime, time.Second)
	return c
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (c Config) validate() error {
	switch {
	case c.DataDir == "":
		return fmt.Errorf("%w: no data directory", ErrConfig)
	case c.Listen == "":
		return fmt.Errorf("%w: no internode listen address", ErrConfig)
	case c.GossipListen == "":
		return fmt.Errorf("%w: no gossip listen address", ErrConfig)
	}
	if c.NodeID != "" {
		if err := fsm.CheckName("node id", c.NodeID, fsm.MaxNameLen); err != nil {
			return fmt.Errorf("%w: %w", ErrConfig, err)
		}
	}
	return nil
}
