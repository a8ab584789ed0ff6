// Package failover decides which server of a library is the active one, and takes
// the library there. The node that leads runs a Driver for the length of its term;
// nobody else does.
//
// What is decided is decided by pure functions over values: whether the active
// server is dead, which server comes after it, whether a write that was
// acknowledged could be missing there. What is done is done step by step, each step
// a command of package fsm, so that the next leader goes on from the state alone.
// All that can go wrong between two steps is a step that is done twice.
//
// It asks servers nothing itself and knows neither Raft nor RPCs: see Cluster.
package failover
