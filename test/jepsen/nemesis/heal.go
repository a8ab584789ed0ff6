package nemesis

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// healAll makes sure, when all strikes have healed what they did, that nothing is
// left of them.
func healAll(ctx context.Context, s *Site) error {
	ctx, done := bounded(ctx)
	defer done()
	var errs []error
	if s.Cluster.Network != nil {
		errs = append(errs, s.Cluster.Network.Heal(ctx))
	}
	return errors.Join(append(errs, revive(ctx, s))...)
}

// revive starts members that do not run: a node may end itself some time after its
// disk failed, and for no other reason. It leaves those alone that somebody else is
// busy with.
func revive(ctx context.Context, s *Site) error {
	var errs []error
	for _, n := range s.Cluster.Nodes {
		release, ok := n.Claim()
		if !ok {
			continue
		}
		if n.Member() && !n.Running() {
			s.Recorder.Note("%s had ended and is started again", n.ID)
			if !mayEnd(n.ID, s.Recorder.Now(), s.Recorder.Faults()) {
				s.Recorder.Complain(n.ID, "it ended by itself (%s) although nothing was wrong with its disk", n.Process().State())
			}
			errs = append(errs, s.Cluster.Start(ctx, n))
		}
		release()
	}
	return errors.Join(errs...)
}

// revivePace is how often KeepAlive looks.
const revivePace = 500 * time.Millisecond

// KeepAlive starts members again that do not run, until ctx ends. A node may take
// longer to end over its disk than the run goes on breaking things.
func KeepAlive(ctx context.Context, s *Site) error {
	for {
		hold(ctx, revivePace)
		if ctx.Err() != nil {
			return nil
		}
		if err := revive(ctx, s); err != nil {
			return err
		}
	}
}

// reasonHolds is how long after its disk was whole again a node may end itself over it.
const reasonHolds = 30 * time.Second

// mayEnd tells whether a node was given a reason to end itself.
func mayEnd(node string, now time.Duration, faults []history.Fault) bool {
	return slices.ContainsFunc(faults, func(f history.Fault) bool {
		return f.Target == node && endsNodes(f.Nemesis) && (f.To == 0 || now-f.To < reasonHolds)
	})
}

func endsNodes(nemesis string) bool {
	return slices.ContainsFunc(All, func(n Nemesis) bool { return n.Name == nemesis && n.endsNodes })
}
