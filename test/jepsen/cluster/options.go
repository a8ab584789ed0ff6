package cluster

import (
	"fmt"
	"path/filepath"
)

// Options say what is wanted.
type Options struct {
	Nodes  int    // members at first
	Spare  int    // further nodes, not started, for changes of the members
	Binary string // the program
	Dir    string // absolute and present; everything that is written is below
	// Hosts puts every node and server on a host of its own. Without, all are on
	// loopback, and no link can be cut.
	Hosts bool
	// Moving adds a library whose active server can change.
	Moving bool
	// SmallDisks has each node keep its data on a file system of its own, which is
	// small. It takes root.
	SmallDisks bool
}

const (
	maxMembers = 7
	maxSpare   = 8
)

func (o Options) validate() error {
	switch {
	case o.Nodes < 1 || o.Nodes > maxMembers:
		return fmt.Errorf("a cluster of %d nodes: 1 to %d are possible", o.Nodes, maxMembers)
	case o.Spare < 0 || o.Spare > maxSpare:
		return fmt.Errorf("%d spare nodes: 0 to %d are possible", o.Spare, maxSpare)
	case !filepath.IsAbs(o.Dir) || !filepath.IsAbs(o.Binary):
		return fmt.Errorf("paths must be absolute: %q, %q", o.Dir, o.Binary)
	}
	return nil
}
