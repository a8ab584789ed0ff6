package cluster

import "sync/atomic"

// lookups counts the requests of this node's directory since the process started.
type lookups struct{ hits, misses atomic.Uint64 }

// Lookups is how many requests this node's memory has answered, and how many it had to
// have decided by the cluster, since the process started; also those that failed.
func (n *Node) Lookups() (hits, misses uint64) {
	return n.lookups.hits.Load(), n.lookups.misses.Load()
}
