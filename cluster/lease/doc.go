// Package lease keeps this node's lease, without which it must not use libraries
// that may fail over, and has the leader grant leases to all nodes.
//
//	keeper.go    what this node holds; asked before each command
//	renewal.go   when it asks for the next one
//	report.go    what is told of it: log, status, metrics
//	gatherer.go  the leader's side: many requests, one entry of the log
//	clock_*.go   the clock, which also counts while the machine is suspended
//
// A node reads its clock, asks the leader, and the leader puts the request into a
// GrantLeases entry. When the node applies that entry, its lease runs for the
// settings' length from the reading on. So whatever retires an active server and
// was not applied by then was committed after the reading, and who waits one lease
// after that knows that the node has stopped. Nothing else counts: not hearing
// from the leader, nor Raft's own state, since both look the same as before to a
// process that was paused.
//
// It knows no Raft: package cluster, its only user, says whom to ask and how an
// entry is written.
package lease
