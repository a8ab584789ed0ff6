package cluster

import (
	"context"
	"net"
)

// Yield gives leadership to another voter, if this node leads and one is alive, and goes on
// as a follower. It may come to lead again. A failure is no reason not to stop, and logged.
func (n *Node) Yield(ctx context.Context) {
	if m := n.member.Load(); m != nil && !n.failed.Load() {
		m.handOver(ctx)
	}
}

// Listener is what the node accepts internode connections from, to be passed on to the next
// process. It must not be closed.
func (n *Node) Listener() net.Listener { return n.mux.TCP() }
