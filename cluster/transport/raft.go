package transport

import (
	"io"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
)

const (
	// raftIOTimeout bounds one Raft call. A snapshot's is longer, by its size.
	raftIOTimeout = 10 * time.Second
	// raftPoolSize is the number of idle connections kept to one node.
	raftPoolSize = 3
	// maxRPCsInFlight of 1 switches pipelined replication off, which can leave a
	// follower behind for ever (hashicorp/raft#612).
	maxRPCsInFlight = 1
)

// Locator says where a node is reached at the moment; ok is false if it is not
// known, and then the address in Raft's own configuration is used.
type Locator func(id string) (hostPort string, ok bool)

// RaftTransport is Raft's transport over a Mux. It asks a Locator for every
// node's address when it dials, and proves to the other side which node of
// which cluster is meant.
type RaftTransport struct {
	layer   *raftLayer
	network *raft.NetworkTransport
	locate  Locator
	local   raft.ServerAddress
}

var (
	_ raft.Transport   = (*RaftTransport)(nil)
	_ raft.WithPreVote = (*RaftTransport)(nil)
	_ raft.WithClose   = (*RaftTransport)(nil)
)

// NewRaftTransport opens the Raft service of mux for one cluster. Local is the
// address that other nodes reach this node at. Locate must not block.
func NewRaftTransport(mux *Mux, cluster ClusterID, local string, locate Locator, logger hclog.Logger) *RaftTransport {
	layer := newRaftLayer(mux, cluster)
	mux.SetCluster(cluster)
	return &RaftTransport{
		layer: layer,
		network: raft.NewNetworkTransportWithConfig(&raft.NetworkTransportConfig{
			Logger:          logger,
			Stream:          layer,
			MaxPool:         raftPoolSize,
			MaxRPCsInFlight: maxRPCsInFlight,
			Timeout:         raftIOTimeout,
		}),
		locate: locate,
		local:  raft.ServerAddress(local),
	}
}

func (t *RaftTransport) target(id raft.ServerID, configured raft.ServerAddress) raft.ServerAddress {
	if hostPort, ok := t.locate(string(id)); ok {
		return target(id, hostPort)
	}
	return target(id, string(configured))
}

// Interrupt breaks all calls that are under way and lets no new ones begin, so
// that Raft can be shut down without waiting for nodes that do not answer.
func (t *RaftTransport) Interrupt() error { return t.layer.Close() }

// Close ends the transport. Raft calls it after it was shut down.
func (t *RaftTransport) Close() error {
	t.network.CloseStreams()
	return t.network.Close()
}

// SetHeartbeatHandler does nothing: heartbeats take the way of all other calls.
// The fast path would change Raft's term and state outside its main goroutine
// (hashicorp/raft#695).
func (t *RaftTransport) SetHeartbeatHandler(func(raft.RPC)) {}

// Consumer returns the calls of other nodes.
func (t *RaftTransport) Consumer() <-chan raft.RPC { return t.network.Consumer() }

// LocalAddr returns the address that other nodes reach this node at.
func (t *RaftTransport) LocalAddr() raft.ServerAddress { return t.local }

// AppendEntriesPipeline says that pipelining is not supported.
func (t *RaftTransport) AppendEntriesPipeline(raft.ServerID, raft.ServerAddress) (raft.AppendPipeline, error) {
	return nil, raft.ErrPipelineReplicationNotSupported
}

// AppendEntries implements raft.Transport.
func (t *RaftTransport) AppendEntries(id raft.ServerID, addr raft.ServerAddress, req *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) error {
	return t.network.AppendEntries(id, t.target(id, addr), req, resp)
}

// RequestVote implements raft.Transport.
//
// A voter must not ask whether its own configuration has the candidate: that may be
// an old one, and the voter needed to elect the only candidate that can tell it of
// the new one (Ongaro, Consensus: Bridging Theory and Practice, 4.1 and 4.2.2).
// hashicorp/raft asks if it is told the candidate's id; which address it has given
// its vote to is another matter.
func (t *RaftTransport) RequestVote(id raft.ServerID, addr raft.ServerAddress, req *raft.RequestVoteRequest, resp *raft.RequestVoteResponse) error {
	anybody := *req
	anybody.ID = nil
	return t.network.RequestVote(id, t.target(id, addr), &anybody, resp)
}

// RequestPreVote implements raft.WithPreVote. It asks like RequestVote. Without an id
// the answer would be no; with that of the voter it depends on the log, the term and
// on whether the voter has a leader, which keeps nodes that were removed from
// disturbing others.
func (t *RaftTransport) RequestPreVote(id raft.ServerID, addr raft.ServerAddress, req *raft.RequestPreVoteRequest, resp *raft.RequestPreVoteResponse) error {
	anybody := *req
	anybody.ID = []byte(id)
	return t.network.RequestPreVote(id, t.target(id, addr), &anybody, resp)
}

// InstallSnapshot implements raft.Transport.
func (t *RaftTransport) InstallSnapshot(id raft.ServerID, addr raft.ServerAddress, req *raft.InstallSnapshotRequest, resp *raft.InstallSnapshotResponse, data io.Reader) error {
	return t.network.InstallSnapshot(id, t.target(id, addr), req, resp, data)
}

// TimeoutNow implements raft.Transport.
func (t *RaftTransport) TimeoutNow(id raft.ServerID, addr raft.ServerAddress, req *raft.TimeoutNowRequest, resp *raft.TimeoutNowResponse) error {
	return t.network.TimeoutNow(id, t.target(id, addr), req, resp)
}

// EncodePeer writes the address under which a node calls itself.
func (t *RaftTransport) EncodePeer(_ raft.ServerID, addr raft.ServerAddress) []byte {
	return []byte(addr)
}

// DecodePeer reads what EncodePeer wrote.
func (t *RaftTransport) DecodePeer(b []byte) raft.ServerAddress { return raft.ServerAddress(b) }
