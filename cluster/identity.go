package cluster

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/mysqlda/mysqlda/cluster/storage"
	"github.com/mysqlda/mysqlda/cluster/transport"
	"github.com/mysqlda/mysqlda/fsm"
)

// phase is how far a data directory has come.
type phase string

const (
	phaseLonely        phase = "lonely"        // no cluster yet
	phaseBootstrapping phase = "bootstrapping" // began a cluster of its own, whose first settings may be missing
	phaseJoining       phase = "joining"       // was accepted by a cluster, may have no log yet
	phaseMember        phase = "member"        // has a log, which must never be lost
	phaseLeft          phase = "left"          // has left its cluster
	phaseRestoring     phase = "restoring"     // a backup is being restored into it
	phaseRecovering    phase = "recovering"    // its log is being replaced by that of a new cluster
)

const (
	identityFile   = "node.json"
	identityFormat = 1
)

// identity is what a data directory remembers of its node. It lies in a file of
// its own because it has to be known before the log may be opened.
type identity struct {
	Format    int    `json:"format"`
	NodeID    string `json:"node_id"`
	ClusterID string `json:"cluster_id,omitempty"`
	Phase     phase  `json:"phase"`
	// Starts counts the starts of the node. It orders what others hear of its
	// addresses.
	Starts uint64 `json:"starts"`
	// Replaces is the cluster whose state this one was recovered from, or "".
	Replaces string `json:"replaces,omitempty"`
	// Checksum is that of the rest, see storage.WriteJSON.
	Checksum string `json:"checksum"`
}

// cluster returns the cluster id, or the zero value.
func (id identity) cluster() (transport.ClusterID, error) {
	if id.ClusterID == "" {
		return transport.ClusterID{}, nil
	}
	return transport.ParseClusterID(id.ClusterID)
}

// loadIdentity reads the identity of dir; a new directory gets one. wantID is
// the node id that the config asks for, or "".
func loadIdentity(dir, wantID string) (identity, error) {
	id, err := readIdentity(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return newIdentity(dir, wantID)
	}
	if err == nil {
		err = errors.Join(id.checkOwner(wantID), id.checkPhase())
	}
	if err != nil {
		return identity{}, fmt.Errorf("data directory %s: %w", dir, err)
	}
	return id, nil
}

// readIdentity reads the identity of dir, whatever its phase. The error wraps
// fs.ErrNotExist where there is none.
func readIdentity(dir string) (identity, error) {
	path := filepath.Join(dir, identityFile)
	raw, err := os.ReadFile(path)
	if err != nil {
		return identity{}, fmt.Errorf("reading the node's identity: %w", err)
	}
	var id identity
	if err := storage.ParseJSON(raw, &id, &id.Checksum); err != nil {
		return identity{}, storage.Damaged(path, err)
	}
	return id, id.check()
}

func (id identity) check() error {
	if id.Format != identityFormat {
		return fmt.Errorf("%s has format %d, this release reads format %d", identityFile, id.Format, identityFormat)
	}
	if err := fsm.CheckName("node id", id.NodeID, fsm.MaxNameLen); err != nil {
		return err
	}
	_, err := id.cluster()
	return err
}

// checkOwner reports whether the directory is that of the node which the config
// names, if it names one.
func (id identity) checkOwner(wantID string) error {
	if wantID != "" && wantID != id.NodeID {
		return fmt.Errorf("%w: it belongs to node %q, the config says %q", ErrOtherNode, id.NodeID, wantID)
	}
	return nil
}

// checkPhase reports whether a node may be started on the directory.
func (id identity) checkPhase() error {
	switch id.Phase {
	case phaseLonely:
		return nil
	case phaseBootstrapping, phaseJoining, phaseMember:
		if id.ClusterID == "" {
			return fmt.Errorf("%s names no cluster though its phase is %q", identityFile, id.Phase)
		}
		return nil
	case phaseLeft:
		return fmt.Errorf("%w (node %q, cluster %s)", ErrLeft, id.NodeID, id.ClusterID)
	case phaseRestoring:
		return fmt.Errorf("%w: `mysqlda restore` was interrupted; run it again", ErrUnfinished)
	case phaseRecovering:
		return fmt.Errorf("%w: `mysqlda recover` was interrupted; run it again", ErrUnfinished)
	default:
		return fmt.Errorf("%s has the unknown phase %q", identityFile, id.Phase)
	}
}

func newIdentity(dir, wantID string) (identity, error) {
	// A log without an identity is somebody's who lost the file. Giving it a new
	// name would let it vote twice.
	if exists, err := storage.HasLog(dir); err == nil && exists {
		return identity{}, fmt.Errorf("%w: %s has a log but no %s; restore the file, or start with an empty directory and another node id", storage.ErrDataLost, dir, identityFile)
	}
	id := identity{Format: identityFormat, NodeID: wantID, Phase: phaseLonely}
	if id.NodeID == "" {
		id.NodeID = "node-" + strings.ToLower(rand.Text()[:8])
	}
	return id, nil
}

// save writes the identity so that it survives a crash at any moment: either
// the old or the new one is found afterwards.
func (id identity) save(dir string) error {
	if err := storage.WriteJSON(filepath.Join(dir, identityFile), &id, &id.Checksum); err != nil {
		return storage.DiskFailure("writing the node's identity", dir, err)
	}
	return nil
}
