package cluster

import (
	"errors"

	"github.com/mysqlda/mysqlda/cluster/transport"
)

// Errors that callers decide on; those of files are package storage's. They are
// wrapped with what was being done and to whom; test with errors.Is.
var (
	// ErrNotMember says that this node belongs to no cluster yet.
	ErrNotMember = errors.New("this node belongs to no cluster yet: start it with --bootstrap or let it join one")
	// ErrOtherCluster says that two nodes belong to different clusters.
	ErrOtherCluster = errors.New("the nodes belong to different clusters")
	// ErrOtherNode says that a data directory belongs to another node id, or that
	// an address now belongs to another node.
	ErrOtherNode = errors.New("this is another node")
	// ErrLeft says that the node of a data directory has left its cluster.
	ErrLeft = errors.New("the node of this data directory has left its cluster; to come back it needs an empty data directory and another node id")
	// ErrRemoved says that the node was removed from its cluster.
	ErrRemoved = errors.New("this node was removed from its cluster; to come back it needs an empty data directory and another node id")
	// ErrUnfinished says that a data directory is in the middle of being made.
	ErrUnfinished = errors.New("the data directory is not complete")
	// ErrNotEmpty says that a data directory that should be new is not.
	ErrNotEmpty = errors.New("the data directory is not empty")
	// ErrNoRecovery says that a data directory is not one to recover a cluster
	// from.
	ErrNoRecovery = errors.New("there is nothing to recover")
	// ErrSuperseded says that another process lives under this node's id: a copy
	// of its data directory was started, or this one is an old copy.
	ErrSuperseded = errors.New("another process was started as this node, from a copy of its data directory or with its node id; exactly one of them may run: stop the other one, or remove the node from its cluster and let it join with an empty directory and another node id")
	// ErrIDTaken says that a node cannot join because its id is another member's.
	ErrIDTaken = errors.New("the node id is taken by another member")
	// ErrCertificate says that a node's certificate is of another node, or of none.
	ErrCertificate = transport.ErrCertificate
	// ErrUnknownNode says that no member has that node id.
	ErrUnknownNode = errors.New("no such node in the cluster")
	// ErrQuorum says that the healthy voters that would remain are no majority.
	ErrQuorum = errors.New("too few healthy voters would remain")
	// ErrLastNode says that the last node cannot leave its cluster.
	ErrLastNode = errors.New("the last node cannot leave its cluster")
	// ErrClosed says that the node is being closed.
	ErrClosed = errors.New("the node is being closed")
)
