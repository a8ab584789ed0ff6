package failover

import (
	"slices"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
)

// leaseMargin is how much longer than a lease the leader waits: a tenth for clocks
// that run differently, and a little more.
const leaseMargin = 200 * time.Millisecond

// outlived is after how long no lease of before is left.
func outlived(lease time.Duration) time.Duration { return lease + lease/10 + leaseMargin }

// release is how far it has come that nobody uses the old server any more.
type release struct {
	since  time.Time // when this node had applied that it was retired, or later
	lostAt time.Time // Cluster.NodeLostAt
	nodes  []string
	gone   map[string]bool // nodes that have let go
}

// over tells whether nobody can use the old server any more. If not, it is to be
// asked again at the time next, unless that is zero, and awaited are the nodes that
// have not let go.
func (r release) over(now time.Time, l *fsm.Library, lease time.Duration) (over bool, next time.Time, awaited []string) {
	for _, node := range r.nodes {
		if !r.gone[node] {
			awaited = append(awaited, node)
		}
	}
	var until time.Time
	if len(awaited) > 0 {
		if !l.Guarded && !l.Switch.Forced {
			return false, time.Time{}, awaited
		}
		until = r.since.Add(outlived(lease))
	}
	if l.Guarded {
		// A node that was removed acknowledges nothing and may have a lease.
		if lost := r.lostAt.Add(outlived(lease)); lost.After(until) {
			until = lost
		}
	}
	return !now.Before(until), until, slices.Clip(awaited)
}
