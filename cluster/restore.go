package cluster

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mysqlda/mysqlda/cluster/storage"
	"github.com/mysqlda/mysqlda/cluster/transport"
	"github.com/mysqlda/mysqlda/fsm"
)

// firstTerm is the term that a restored state counts as decided in: Raft's
// first.
const firstTerm = 1

// Restore makes an empty data directory that of the first node of a new cluster,
// which holds what the backup holds but for the old cluster's id and nodes. The
// backup is read and checked to its end before anything is made. A restore that
// was interrupted leaves a directory on which no node starts, and on which
// Restore may be called again. Errors: ErrNotEmpty, storage.ErrLocked, ErrConfig,
// fsm.ErrNoSettings, or what is wrong with the backup.
func Restore(f Founding, backup io.Reader) (Founded, error) {
	return restore(f, backup, func(string) error { return nil })
}

// restore calls reached after each step that a crash could follow; its error ends
// the work there.
func restore(f Founding, backup io.Reader, reached func(step string) error) (_ Founded, err error) {
	if err := f.check(); err != nil {
		return Founded{}, err
	}
	dir, err := storage.OpenDir(f.DataDir)
	if err != nil {
		return Founded{}, err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	if err := checkEmpty(dir.Path()); err != nil {
		return Founded{}, err
	}
	machine := fsm.New()
	if err := machine.Restore(backup); err != nil {
		return Founded{}, err
	}
	clusterID := transport.NewClusterID()
	id, err := newIdentity(dir.Path(), f.NodeID)
	if err != nil {
		return Founded{}, err
	}
	id.ClusterID, id.Phase = clusterID.String(), phaseRestoring
	state, err := machine.Snapshot().Found(id.ClusterID, fsm.NodeInfo{ID: id.NodeID, Cluster: f.Address})
	if err != nil {
		return Founded{}, err
	}
	id.Replaces = machine.Settings().ClusterID
	if err := id.save(dir.Path()); err != nil {
		return Founded{}, err
	}
	if err := reached("marked"); err != nil {
		return Founded{}, err
	}
	at := storage.Position{Index: state.Index(), Term: firstTerm}
	if err := storage.FoundStores(dir.Path(), at, f.voter(id.NodeID), state); err != nil {
		return Founded{}, err
	}
	if err := reached("written"); err != nil {
		return Founded{}, err
	}
	id.Phase = phaseMember
	if err := id.save(dir.Path()); err != nil {
		return Founded{}, err
	}
	_, _, digest := machine.Fingerprint()
	return Founded{
		NodeID: id.NodeID, ClusterID: id.ClusterID, Replaces: id.Replaces,
		Index: at.Index, Counts: machine.Counts(), Digest: digest,
	}, nil
}

// checkEmpty refuses a directory with anything in it but what an interrupted
// Restore leaves behind, which it removes.
func checkEmpty(dir string) error {
	allowed := []string{storage.LockFile, identityFile + storage.NewSuffix}
	var leftovers []string
	switch id, err := readIdentity(dir); {
	case errors.Is(err, fs.ErrNotExist):
	case err == nil && id.Phase == phaseRestoring:
		// The identity goes last: without it nothing tells whose the others are.
		leftovers = []string{storage.LogFile, storage.SnapshotsDir, identityFile}
		allowed = append(allowed, leftovers...)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("looking into the data directory: %w", err)
	}
	var found []string
	for _, e := range entries {
		if !slices.Contains(allowed, e.Name()) {
			found = append(found, e.Name())
		}
	}
	if len(found) > 0 {
		return fmt.Errorf("%w: %s has %s; a backup is restored into a new directory only", ErrNotEmpty, dir, strings.Join(found, ", "))
	}
	for _, name := range leftovers {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("removing what an interrupted restore left: %w", err)
		}
		if err := storage.SyncDir(dir); err != nil {
			return err
		}
	}
	return nil
}
