package fsm

import "errors"

// Errors that callers decide on. They are wrapped with what was being done and
// to what; test with errors.Is.
var (
	// ErrNoPlacement says that the core object has no home yet.
	ErrNoPlacement = errors.New("core object has no home library")
	// ErrNoBinding says that the correlated object is not bound.
	ErrNoBinding = errors.New("correlated object is not bound")
	// ErrBound says that the correlated object is bound to another core object.
	ErrBound = errors.New("correlated object is bound to another core object")
	// ErrNoOpenLibrary says that no library takes new core objects.
	ErrNoOpenLibrary = errors.New("no library takes new core objects")
	// ErrBadName says that a name breaks the rules of CheckName.
	ErrBadName = errors.New("bad name")
	// ErrStaleVersion says that a change named another version than the current one.
	ErrStaleVersion = errors.New("libraries were changed by someone else meanwhile")
	// ErrBadChange says that a change to libraries or settings cannot be made.
	ErrBadChange = errors.New("change refused")
	// ErrStaleSwitch says that a step of a switch does not fit how far it has come,
	// or another one has begun: somebody else was faster.
	ErrStaleSwitch = errors.New("the change of the active server has gone on meanwhile")
	// ErrNoLeader says that the cluster could not decide in time: there is no
	// leader, or it cannot be reached. Whether the decision was taken may be
	// unknown; asking again is safe.
	ErrNoLeader = errors.New("the cluster has no leader that could decide")
	// ErrBootstrapped says that the cluster has its settings already.
	ErrBootstrapped = errors.New("the cluster is bootstrapped already")
	// ErrRemoved says that a node was removed from the cluster; its id cannot
	// be used again.
	ErrRemoved = errors.New("node was removed from the cluster")
	// ErrOverloaded says that a bounded queue is full; nothing was done.
	ErrOverloaded = errors.New("too many requests are waiting for the cluster")
)
