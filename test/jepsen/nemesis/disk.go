package nemesis

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/disk"
)

// A disk is full for this long.
const minFull, maxFull = time.Second, 8 * time.Second

// leaderOrOne takes the leader or any member.
func leaderOrOne(s *Site, ctx context.Context) targets {
	if s.Random.IntN(2) == 0 {
		return theLeader(s, ctx)
	}
	return oneMember(s, ctx)
}

// fillDisk leaves no room on the disk of a node for a time. The node may end itself
// over it.
func fillDisk(ctx context.Context, s *Site) error {
	nodes := leaderOrOne(s, ctx)
	defer nodes.free()
	length := between(s.Random, minFull, maxFull)
	var errs []error
	for _, n := range nodes {
		healed := s.injured("full disk", n.ID)
		ballast, err := disk.Fill(n.DataDir())
		if err == nil {
			hold(ctx, length)
			err = os.Remove(ballast)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("fill and empty the disk of %s: %w", n.ID, err))
		}
		errs = append(errs, s.startOnceEnded(ctx, n))
		healed()
	}
	return errors.Join(errs...)
}

// endTime is how long a node may take from the failure of its disk to its end.
const endTime = 2 * time.Second

// startOnceEnded gives a node time to end over what happened to its disk, and starts
// it again if it did.
func (s *Site) startOnceEnded(ctx context.Context, n target) error {
	timer := time.NewTimer(endTime)
	defer timer.Stop()
	select {
	case <-n.Process().Done():
	case <-timer.C:
	}
	return s.start(ctx, n)
}
