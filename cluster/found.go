package cluster

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/hashicorp/raft"
	"go.uber.org/zap"

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

// raftTerm is where Raft keeps its term in the store that it is given.
const raftTerm = "CurrentTerm"

// position is a place in a Raft log.
type position struct {
	index, term uint64
}

// writeStores makes Raft's stores in dir: a log without entries, and a snapshot
// that ends at the given position with node as the only voter. They are durable
// when it returns nil. A new term must come after that of the position, so the
// log knows it.
func writeStores(dir string, at position, node raft.Server, state *fsm.Snapshot) error {
	bolt, err := openLog(dir)
	if err != nil {
		return err
	}
	err = (&sealedStore{log: bolt, stable: bolt}).SetUint64([]byte(raftTerm), at.term)
	if err = errors.Join(err, bolt.Close()); err != nil {
		return fmt.Errorf("making a log in %s: %w", dir, err)
	}
	snapshots, _, err := openSnapshots(dir, newLogMeter(0), zap.NewNop())
	if err != nil {
		return err
	}
	voters := raft.Configuration{Servers: []raft.Server{node}}
	sink, err := snapshots.Create(raft.SnapshotVersionMax, at.index, at.term, voters, at.index, nil)
	if err != nil {
		return fmt.Errorf("making a snapshot in %s: %w", dir, err)
	}
	if err := persist(state, sink); err != nil {
		return err
	}
	return errors.Join(syncDir(filepath.Join(dir, snapshotsDir)), syncDir(dir))
}

// voter is the node as the only voter of its cluster.
func (f Founding) voter(nodeID string) raft.Server {
	return raft.Server{Suffrage: raft.Voter, ID: raft.ServerID(nodeID), Address: raft.ServerAddress(f.Address)}
}
