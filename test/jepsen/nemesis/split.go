package nemesis

import (
	"context"
	"errors"
	"slices"
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

// A laggard's syncs take nearly as long as a node accepts, so that the log is behind
// by longer than a lease.
const minLag, maxLag = 12 * time.Second, 25 * time.Second

// lagMoving leaves the active server in the hands of one member alone, whose requests
// are answered at once and whose log is far behind.
func lagMoving(ctx context.Context, s *Site) error {
	active, err := s.Cluster.Active(ctx, cluster.Moving)
	if err != nil {
		return nil // none is active now, or nobody says which
	}
	leader, err := s.Cluster.Leader(ctx)
	if err != nil {
		return nil
	}
	two := s.members(2) // one of them at least does not lead
	defer two.free()
	i := slices.IndexFunc(two, func(t target) bool { return t.Node != leader })
	if i < 0 {
		return nil
	}
	laggard := two[i]
	var others []*hosts.Host
	for _, h := range s.hosts() {
		if h != laggard.Host {
			others = append(others, h)
		}
	}
	length := between(s.Random, minLag, maxLag)
	cut := make(chan error, 1)
	go func() { cut <- s.severFor(ctx, hosts.Between([]*hosts.Host{active.Host}, others), length) }()
	err = s.disturbSync(ctx, laggard, "fsync takes 4s", "delay_enter=4s", length)
	return errors.Join(err, <-cut)
}
