// Package fsm is the replicated state of a cluster: libraries and the
// changes of their active servers, placements, bindings, settings and known nodes,
// the commands that change them, and their snapshots.
//
// It knows nothing of Raft, networks or clocks: package cluster feeds it
// committed commands in log order and reads from it. Apply is deterministic, so
// that every node that has applied the same log holds the same state.
//
// Reads may be made from any goroutine while Apply runs. Apply, Snapshot and
// Restore must be called from one goroutine at a time.
package fsm
