// Package backupfile keeps backups in files: it writes one so that the file is
// either whole or not there, and says what one holds. The form of a backup is
// package fsm's; it is that of a snapshot in a data directory, too.
package backupfile

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/mysqlda/mysqlda/fsm"
)

// Contents is what a backup holds. Passwords are left out.
type Contents struct {
	Format     uint32     `json:"format"` // version of the form
	Index      uint64     `json:"index"`  // of the last entry of the log that is part of it
	Hash       string     `json:"hash"`   // of all entries up to there
	Digest     string     `json:"digest"` // of placements and bindings, whichever cluster has them
	Placements uint64     `json:"placements"`
	Bindings   uint64     `json:"bindings"`
	Bytes      int64      `json:"bytes"`
	Settings   *Settings  `json:"settings"` // null before the cluster was made
	Libraries  []Library  `json:"libraries"`
	Users      []User     `json:"users"`
	Nodes      []Node     `json:"nodes"`
	Placement  *Placement `json:"placement,omitempty"` // of the core object that was asked for
}

// Settings are the cluster's, but for the passwords.
type Settings struct {
	ClusterID      string `json:"cluster_id"`
	User           string `json:"user"`
	Database       string `json:"database"`
	DefaultLibrary string `json:"default_library"`
	DefaultCore    string `json:"default_core"`
	// UnusedForwardSessionTimeout is in seconds.
	UnusedForwardSessionTimeout float64     `json:"unused_forward_session_timeout"`
	MaxShare                    json.Number `json:"max_share"`
	Balance                     string      `json:"balance"`
	Failover                    Failover    `json:"failover"`
}

// Failover are the cluster's settings of failover, but for the passwords. Times
// are in seconds.
type Failover struct {
	Wait            float64 `json:"wait"`
	Lease           float64 `json:"lease"`
	Cooldown        float64 `json:"cooldown"`
	RequireFencing  bool    `json:"require_fencing"`
	User            string  `json:"user"`
	ReplicationUser string  `json:"replication_user"`
}

// Library is a library with the number of its core objects.
type Library struct {
	ID         uint32   `json:"id"`
	Name       string   `json:"name"`
	State      string   `json:"state"`
	Weight     uint32   `json:"weight"`
	TLS        string   `json:"tls"`
	Placements uint64   `json:"placements"`
	Servers    []string `json:"servers"`
	Active     string   `json:"active"` // address of the server in use, "" while it changed
	Failover   string   `json:"failover"`
	Failback   bool     `json:"failback"`
	Pinned     bool     `json:"pinned"`
	Switch     *Switch  `json:"switch,omitempty"` // that was under way
}

// Switch is a change of a library's active server.
type Switch struct {
	Phase  string `json:"phase"`
	From   string `json:"from"`
	To     string `json:"to"` // "" if it was not chosen yet
	Cause  string `json:"cause"`
	Reason string `json:"reason"`
	Forced bool   `json:"forced"`
}

// Node is a node of the cluster that the backup is of.
type Node struct {
	ID      string `json:"id"`
	Cluster string `json:"cluster"` // internode address
	Version string `json:"version"`
}

// Placement is the answer to a Question.
type Placement struct {
	Core    string `json:"core"`    // "" if the correlated object is bound to none
	Library string `json:"library"` // "" if the core object has no home
	Epoch   uint64 `json:"epoch"`
}

// Question asks where a core object lives, or, if Class is not "", the one to
// which an object is bound. The zero value asks nothing.
type Question struct {
	Core          string
	Class, Object string
}

// Read reads a backup to its end, checks it, and says what it holds. It needs
// little memory, however large the backup is. An error says what is wrong with
// the backup, or is r's.
func Read(r io.Reader, q Question) (Contents, error) {
	reading := reading{question: q, perLibrary: make(map[fsm.LibraryID]uint64)}
	counted := &countingReader{r: r}
	err := fsm.ReadSnapshot(counted, fsm.SnapshotVisitor{
		Header:    reading.header,
		Placement: reading.placement,
		Binding:   reading.binding,
	})
	if err != nil {
		return Contents{}, err
	}
	return reading.finish(counted.n), nil
}

// ReadFile is Read for a file. It reads the file twice if the question names a
// correlated object: bindings come after the placements. Each time it reads through
// what watch makes of the file, and calls done afterwards.
func ReadFile(path string, q Question, watch func(io.Reader) (_ io.Reader, done func())) (Contents, error) {
	file, err := os.Open(path)
	if err != nil {
		return Contents{}, err
	}
	defer file.Close()
	read := func(q Question) (Contents, error) {
		r, done := watch(file)
		defer done()
		return Read(r, q)
	}
	contents, err := read(q)
	if err != nil {
		return Contents{}, fmt.Errorf("%s: %w", path, err)
	}
	if q.Class == "" || contents.Placement == nil || contents.Placement.Core == "" {
		return contents, nil
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return Contents{}, err
	}
	if contents, err = read(Question{Core: contents.Placement.Core}); err != nil {
		return Contents{}, fmt.Errorf("%s: %w", path, err)
	}
	return contents, nil
}

// reading gathers what passes.
type reading struct {
	question   Question
	info       fsm.SnapshotInfo
	perLibrary map[fsm.LibraryID]uint64
	found      fsm.Placement
}

func (r *reading) header(info fsm.SnapshotInfo) error {
	r.info = info
	return nil
}

func (r *reading) placement(p fsm.Placement) error {
	r.perLibrary[p.Library]++
	if r.question.Class == "" && p.Core == r.question.Core {
		r.found = p
	}
	return nil
}

func (r *reading) binding(b fsm.Binding) error {
	if r.question.Class != "" && b.Class == r.question.Class && b.Object == r.question.Object {
		r.found = fsm.Placement{Core: b.Core}
	}
	return nil
}

func (r *reading) finish(bytes int64) Contents {
	c := Contents{
		Format: r.info.Format, Index: r.info.Index, Hash: r.info.Hash.String(), Digest: r.info.Digest.String(),
		Placements: r.info.Placements, Bindings: r.info.Bindings, Bytes: bytes,
		Libraries: []Library{}, Users: usersOf(r.info), Nodes: []Node{},
	}
	if s := r.info.Settings; s != nil {
		c.Settings = &Settings{
			ClusterID: s.ClusterID, User: s.User, Database: s.Database,
			DefaultLibrary: s.DefaultLibrary, DefaultCore: s.DefaultCore,
			UnusedForwardSessionTimeout: s.UnusedForwardSessionTimeout.Seconds(),
			MaxShare:                    json.Number(fsm.FormatShare(s.MaxShareMille)), Balance: s.Balance.String(),
			Failover: Failover{
				Wait: s.Failover.Wait.Seconds(), Lease: s.Failover.Lease.Seconds(), Cooldown: s.Failover.Cooldown.Seconds(),
				RequireFencing: s.Failover.RequireFencing, User: s.Failover.User, ReplicationUser: s.Failover.ReplicationUser,
			},
		}
	}
	for _, l := range r.info.Libraries.All() {
		shown := Library{
			ID: uint32(l.ID), Name: l.Name, State: l.State.String(), Weight: l.Weight, TLS: l.TLS.String(),
			Placements: r.perLibrary[l.ID], Servers: []string{}, Active: l.Active,
			Failover: l.Failover.Policy.String(), Failback: l.Failover.Failback, Pinned: l.Pinned,
		}
		if s := l.Switch; s != nil {
			shown.Switch = &Switch{Phase: s.Phase.String(), From: s.From, To: s.To, Cause: s.Cause.String(), Reason: s.Reason, Forced: s.Forced}
		}
		for _, s := range l.Servers {
			shown.Servers = append(shown.Servers, s.Address)
		}
		c.Libraries = append(c.Libraries, shown)
	}
	for _, n := range r.info.Nodes {
		c.Nodes = append(c.Nodes, Node{ID: n.ID, Cluster: n.Cluster, Version: n.Version})
	}
	if r.question != (Question{}) {
		c.Placement = &Placement{Core: r.found.Core, Epoch: r.found.Epoch}
		if c.Placement.Core == "" {
			c.Placement.Core = r.question.Core
		}
		if l := r.info.Libraries.ByID(r.found.Library); l != nil {
			c.Placement.Library = l.Name
		}
	}
	return c
}

type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
