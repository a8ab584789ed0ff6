package cluster

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/hashicorp/raft"

	"github.com/mysqlda/mysqlda/cluster/storage"
	"github.com/mysqlda/mysqlda/fsm"
)

// DirReport is what the data directory of a stopped node says of itself. Of
// several survivors of one cluster the one with the highest LastTerm, and among
// those the highest LastIndex, knows most.
type DirReport struct {
	NodeID    string `json:"node_id"`
	ClusterID string `json:"cluster_id"` // "" without a cluster
	Phase     string `json:"phase"`
	Replaces  string `json:"replaces,omitempty"` // the cluster that the state comes from
	Starts    uint64 `json:"starts"`             // how often the node was started

	LastIndex uint64 `json:"last_index"` // of the last entry, in the log or in a snapshot
	LastTerm  uint64 `json:"last_term"`
	Term      uint64 `json:"term"`      // the newest that the node has heard of
	LogFirst  uint64 `json:"log_first"` // 0 without entries
	LogLast   uint64 `json:"log_last"`
	// LogUnread says that the log cannot be read: the last entry is unknown then.
	LogUnread bool `json:"log_unread,omitempty"`

	Snapshots []SnapshotReport `json:"snapshots"` // the newest first
	// Problems say what is damaged or missing.
	Problems []string `json:"problems"`
}

// SnapshotReport is one snapshot of a data directory.
type SnapshotReport struct {
	ID      string   `json:"id"`
	Path    string   `json:"path"` // of the state
	Index   uint64   `json:"index"`
	Term    uint64   `json:"term"`
	Bytes   int64    `json:"bytes"`
	Voters  []string `json:"voters"` // of the cluster, then
	Problem string   `json:"problem,omitempty"`
}

// InspectDir looks into the data directory of a stopped node, or into a copy of
// one, and changes nothing. Each snapshot's state is passed to check, which reads
// it to its end and says what is wrong with it. What is damaged is part of the
// report; the error says that there is no report. Errors: storage.ErrLocked.
func InspectDir(dir string, check func(id string, state io.Reader) error) (_ DirReport, err error) {
	unlock, err := storage.LockToRead(dir)
	if err != nil {
		return DirReport{}, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	id, err := readIdentity(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return DirReport{}, fmt.Errorf("%s is no data directory: %w", dir, err)
	}
	if err != nil {
		return DirReport{}, err
	}
	r := DirReport{
		NodeID: id.NodeID, ClusterID: id.ClusterID, Phase: string(id.Phase), Replaces: id.Replaces, Starts: id.Starts,
		Snapshots: []SnapshotReport{}, Problems: []string{},
	}
	if err := r.addSnapshots(dir, check); err != nil {
		return DirReport{}, err
	}
	exists, err := storage.HasLog(dir)
	if err != nil {
		return DirReport{}, err
	}
	switch {
	case exists:
		if err := r.addLog(dir); err != nil {
			r.LogUnread = true
			r.problem(err)
		}
	case id.Phase == phaseMember:
		r.problem(fmt.Errorf("%w: there is no %s", storage.ErrDataLost, storage.LogFile))
	}
	if err := id.checkPhase(); err != nil {
		r.problem(err)
	}
	return r, nil
}

// ReadState puts together everything that a stopped node remembers, entries of
// its log that may not have been decided included. It needs the memory of a node.
func ReadState(dir string) (_ *fsm.Machine, err error) {
	unlock, err := storage.LockToRead(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	s, err := storage.ReadState(dir)
	if err != nil {
		return nil, err
	}
	return s.Machine, nil
}

func (r *DirReport) problem(err error) { r.Problems = append(r.Problems, err.Error()) }

func (r *DirReport) addSnapshots(dir string, check func(id string, state io.Reader) error) error {
	list, damaged, err := storage.StoredSnapshots(dir)
	if err != nil {
		return err
	}
	for _, err := range damaged {
		r.problem(err)
	}
	for i := range list {
		s := &list[i]
		report := SnapshotReport{ID: s.ID, Path: s.Path(), Index: s.Index, Term: s.Term, Bytes: s.Size, Voters: votersOf(s.Configuration)}
		if err := s.Read(func(state io.Reader) error { return check(s.ID, state) }); err != nil {
			report.Problem = err.Error()
			r.problem(fmt.Errorf("snapshot %s: %w", s.ID, err))
		} else if r.LastIndex == 0 {
			r.LastIndex, r.LastTerm = s.Index, s.Term
		}
		r.Snapshots = append(r.Snapshots, report)
	}
	return nil
}

// addLog comes after addSnapshots.
func (r *DirReport) addLog(dir string) error {
	log, err := storage.DescribeLog(dir)
	if err != nil {
		return err
	}
	r.LogFirst, r.LogLast, r.Term = log.First, log.Last, log.Term
	if log.Last > 0 && log.First > r.LastIndex+1 {
		r.problem(fmt.Errorf("%w: the log begins at entry %d, and no snapshot holds what was before", storage.ErrDataLost, log.First))
	}
	if log.Last > r.LastIndex {
		r.LastIndex, r.LastTerm = log.Last, log.LastTerm
	}
	return nil
}

func votersOf(servers raft.Configuration) []string {
	ids := []string{}
	for _, s := range servers.Servers {
		if s.Suffrage == raft.Voter {
			ids = append(ids, string(s.ID))
		}
	}
	return ids
}
