package storage

import "errors"

// Errors that callers decide on. They are wrapped with what was being done and
// to which file; test with errors.Is.
var (
	// ErrLocked says that another process uses the data directory.
	ErrLocked = errors.New("the data directory is in use by another process; stop that node first")
	// ErrDataLost says that a data directory lacks what the node once promised to
	// keep.
	ErrDataLost = errors.New("the data directory has lost its log or a part of it")
	// ErrDamaged says that a file of the data directory is not what this node wrote.
	ErrDamaged = errors.New("the file is damaged, and this node refuses to serve from it; remove the node from its cluster and let it join with an empty directory and another node id, or, if no other node has the data, restore a backup")
)

var errWrongSum = errors.New("its checksum is wrong")
