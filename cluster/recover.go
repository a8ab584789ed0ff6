package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/mysqlda/mysqlda/cluster/storage"
	"github.com/mysqlda/mysqlda/cluster/transport"
	"github.com/mysqlda/mysqlda/fsm"
)

// draftDir is where a recovery makes the new log and snapshot before they take
// the place of the old ones.
const draftDir = "recovery"

// keptDir is where a recovery leaves the log, the snapshots and the identity of
// the old cluster: a complete data directory.
func keptDir(oldClusterID string) string { return "replaced-" + oldClusterID }

// Recovery makes the stopped survivor of a cluster that has lost its majority for
// good the first node of a new cluster with the same directory. It holds the lock
// of the data directory until Close. It belongs to one goroutine.
type Recovery struct {
	founding Founding
	dir      *storage.Dir
	identity identity
	state    storage.State // none while Interrupted
	reached  func(step string) error
}

// OpenRecovery reads everything that the data directory holds and changes
// nothing. Errors: ErrNoRecovery, storage.ErrLocked, storage.ErrDataLost,
// ErrOtherNode, ErrConfig, fsm.ErrNoSettings.
func OpenRecovery(f Founding) (*Recovery, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	// A directory that is missing must not be made.
	if _, err := os.Stat(f.DataDir); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoRecovery, err)
	}
	dir, err := storage.OpenDir(f.DataDir)
	if err != nil {
		return nil, err
	}
	r := &Recovery{founding: f, dir: dir, reached: func(string) error { return nil }}
	if err := r.read(); err != nil {
		return nil, errors.Join(fmt.Errorf("data directory %s: %w", dir.Path(), err), dir.Close())
	}
	return r, nil
}

func (r *Recovery) read() error {
	var err error
	r.identity, err = readIdentity(r.dir.Path())
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: it is of no node", ErrNoRecovery)
	}
	if err != nil {
		return err
	}
	if err := r.identity.checkOwner(r.founding.NodeID); err != nil {
		return err
	}
	switch r.identity.Phase {
	case phaseRecovering:
		return nil
	case phaseMember:
	default:
		return fmt.Errorf("%w: it is no member's (its phase is %q)", ErrNoRecovery, r.identity.Phase)
	}
	if r.state, err = storage.ReadState(r.dir.Path()); err != nil {
		return err
	}
	if r.state.Machine.Settings() == nil {
		return fsm.ErrNoSettings
	}
	if v := r.Voters(); len(v) == 1 && v[0] == r.identity.NodeID {
		return fmt.Errorf("%w: node %s is the only voter of its cluster already; start it", ErrNoRecovery, r.identity.NodeID)
	}
	return nil
}

// Close gives the data directory back.
func (r *Recovery) Close() error { return r.dir.Close() }

// Interrupted says that Run only has to finish what it began before.
func (r *Recovery) Interrupted() bool { return r.identity.Phase == phaseRecovering }

// NodeID is the survivor.
func (r *Recovery) NodeID() string { return r.identity.NodeID }

// ClusterID is the old cluster's.
func (r *Recovery) ClusterID() string {
	if r.Interrupted() {
		return r.identity.Replaces
	}
	return r.identity.ClusterID
}

// Last is the last entry of the node's log: of several survivors the one with the
// highest term, and among those the highest index, knows most. Both are 0 while
// Interrupted.
func (r *Recovery) Last() (index, term uint64) { return r.state.Last.Index, r.state.Last.Term }

// Counts is what the node remembers. It is nothing while Interrupted.
func (r *Recovery) Counts() fsm.Counts {
	if r.state.Machine == nil {
		return fsm.Counts{}
	}
	return r.state.Machine.Counts()
}

// Digest is that of the directory. It is 0 while Interrupted.
func (r *Recovery) Digest() fsm.Digest {
	if r.state.Machine == nil {
		return 0
	}
	_, _, digest := r.state.Machine.Fingerprint()
	return digest
}

// Damaged lists the snapshots that cannot be read and are not needed.
func (r *Recovery) Damaged() []error { return r.state.Damaged }

// Voters are the ids of the old cluster's voters as this node knows them.
func (r *Recovery) Voters() []string { return votersOf(r.state.Servers) }

// Kept is the directory where Run leaves what it replaces.
func (r *Recovery) Kept() string { return filepath.Join(r.dir.Path(), keptDir(r.ClusterID())) }

// Run makes the node the only voter of a new cluster with everything that it
// remembers. If it is interrupted before the new log is complete, the directory
// is what it was; after that, no node starts on it until Run has been called
// again and has finished.
func (r *Recovery) Run() (Founded, error) {
	if !r.Interrupted() {
		if err := r.draft(); err != nil {
			return Founded{}, fmt.Errorf("preparing the new log: %w", err)
		}
	}
	if err := r.replace(); err != nil {
		return Founded{}, fmt.Errorf("replacing the log: %w", err)
	}
	// Index, Counts and Digest are not known where it only had to be finished.
	return Founded{
		NodeID: r.identity.NodeID, ClusterID: r.identity.ClusterID, Replaces: r.identity.Replaces,
		Index: r.state.Last.Index, Counts: r.Counts(), Digest: r.Digest(),
	}, nil
}

// draft makes the new log and snapshot beside the old ones. Its last step is the
// turning point.
func (r *Recovery) draft() error {
	draft := filepath.Join(r.dir.Path(), draftDir)
	if err := os.RemoveAll(draft); err != nil {
		return err
	}
	if err := os.Mkdir(draft, 0o700); err != nil {
		return err
	}
	next := r.identity
	next.Phase, next.Replaces = phaseRecovering, r.identity.ClusterID
	next.ClusterID = transport.NewClusterID().String()
	self, known := r.state.Machine.Node(next.NodeID)
	if !known {
		self = fsm.NodeInfo{ID: next.NodeID, Cluster: r.founding.Address}
	}
	state, err := r.state.Machine.Snapshot().Found(next.ClusterID, self)
	if err != nil {
		return err
	}
	if err := storage.FoundStores(draft, r.state.Last, r.founding.voter(next.NodeID), state); err != nil {
		return err
	}
	if err := r.reached("drafted"); err != nil {
		return err
	}
	if err := os.Mkdir(r.Kept(), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := r.identity.save(r.Kept()); err != nil {
		return err
	}
	if err := storage.SyncDir(r.dir.Path()); err != nil {
		return err
	}
	if err := r.reached("old identity kept"); err != nil {
		return err
	}
	if err := next.save(r.dir.Path()); err != nil {
		return err
	}
	r.identity = next
	return r.reached("turned")
}

// replace moves what is old away and what is new into its place. It goes on from
// wherever it was interrupted.
func (r *Recovery) replace() error {
	draft := filepath.Join(r.dir.Path(), draftDir)
	for _, name := range []string{storage.LogFile, storage.SnapshotsDir} {
		if _, err := os.Stat(filepath.Join(draft, name)); errors.Is(err, fs.ErrNotExist) {
			continue // it is in its place
		}
		if err := move(name, r.dir.Path(), r.Kept()); err != nil {
			return err
		}
		if err := r.reached(name + " kept"); err != nil {
			return err
		}
		if err := move(name, draft, r.dir.Path()); err != nil {
			return err
		}
		if err := r.reached(name + " replaced"); err != nil {
			return err
		}
	}
	// The new cluster knows nobody yet.
	if err := move(bookFile, r.dir.Path(), r.Kept()); err != nil {
		return err
	}
	if err := os.RemoveAll(draft); err != nil {
		return err
	}
	if err := r.reached("all moved"); err != nil {
		return err
	}
	next := r.identity
	next.Phase = phaseMember
	if err := next.save(r.dir.Path()); err != nil {
		return err
	}
	r.identity = next
	return nil
}

// move moves a file or directory durably to another directory, if there is one.
func move(name, from, to string) error {
	err := os.Rename(filepath.Join(from, name), filepath.Join(to, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(storage.SyncDir(to), storage.SyncDir(from))
}
