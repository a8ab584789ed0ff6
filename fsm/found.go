package fsm

import (
	"errors"
	"fmt"
)

// ErrNoSettings says that a state is of a cluster that was never bootstrapped.
var ErrNoSettings = errors.New("the state has no settings: its cluster was never bootstrapped")

// Found returns the state with which a new cluster begins that takes over
// everything that this one knows: its libraries with their ids, the placements
// and bindings, how servers greet, and the settings but for the cluster id. The
// nodes and the removed ids are the old cluster's affair and are dropped; the new
// one has one node, with the number 1. Switches that are under way go on in the new
// cluster, and libraries stay guarded: no node of it has ever known them otherwise.
//
// The index stays. The hash goes on from the old one, with the cluster's id as
// if that had been a command, so that no state of the old cluster has the hash
// of one of the new. The snapshot itself is not changed. The error wraps
// ErrNoSettings, ErrBadChange or ErrBadName.
func (s *Snapshot) Found(clusterID string, first NodeInfo) (*Snapshot, error) {
	if s.settings == nil {
		return nil, ErrNoSettings
	}
	if !validClusterID(clusterID) || clusterID == s.settings.ClusterID {
		return nil, fmt.Errorf("%w: %q is no id for a new cluster", ErrBadChange, clusterID)
	}
	if err := first.Check(); err != nil {
		return nil, err
	}
	settings := *s.settings
	settings.ClusterID = clusterID
	first.Number = 1
	founded := *s
	founded.hash = s.hash.chain(s.index, []byte(clusterID))
	founded.settings = &settings
	founded.nodes = &nodeSet{known: []NodeInfo{first}}
	return &founded, nil
}
