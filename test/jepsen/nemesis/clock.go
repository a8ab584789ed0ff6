package nemesis

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// How far a clock jumps, at most. Back, it must
// not go before the machine's start, so that is little.
const maxAhead, maxBack = time.Hour, 30 * time.Second

// jump kills a minority and starts them with other clocks, as a machine that was
// asleep or replaced has: those that leases are measured by jump ahead or back. Some
// time later they are killed again and get the machine's clocks back. The time of day
// is not theirs alone and stays.
func jump(ctx context.Context, s *Site) error {
	nodes := s.minority()
	defer nodes.free()
	if len(nodes) == 0 {
		return nil
	}
	ahead := between(s.Random, time.Minute, maxAhead)
	if s.Random.IntN(2) == 0 {
		ahead = -between(s.Random, time.Second, maxBack)
	}
	length := between(s.Random, minCut, maxCut)
	seconds := fmt.Sprint(int(ahead.Seconds()))
	for _, n := range nodes {
		n.Through("unshare", "--time", "--boottime", seconds, "--monotonic", seconds, "--")
	}
	err := s.killFor(ctx, nodes, minDead, time.Second, nil)
	healed := s.injured("clock "+seconds+"s", nodes.String())
	hold(ctx, length)
	for _, n := range nodes {
		n.Through()
	}
	err = errors.Join(err, s.killFor(ctx, nodes, minDead, time.Second, nil))
	healed()
	return err
}
