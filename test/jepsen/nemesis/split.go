package nemesis

import (
	"context"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/hosts"
	"github.com/mysqlda/mysqlda/test/jepsen/cluster"
)

// A split is longer than a lease and what it takes to notice that a server is gone.
const minSplit, maxSplit = 8 * time.Second, 20 * time.Second

// splitMoving leaves the active server in the hands of fewer than half of the members,
// which go on reaching it: what they may do with it has to end before the others have
// another one.
func splitMoving(ctx context.Context, s *Site) error {
	active, err := s.Cluster.Active(ctx, cluster.Moving)
	if err != nil {
		return nil // none is active now, or nobody says which
	}
	members := s.hosts()
	few := 1 + s.Random.IntN(max(1, (len(members)-1)/2))
	minority := append([]*hosts.Host{active.Host}, members[:few]...)
	return s.severFor(ctx, s.Cluster.Network.Around(minority...), between(s.Random, minSplit, maxSplit))
}
