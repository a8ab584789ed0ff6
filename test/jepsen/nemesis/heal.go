package nemesis

import (
	"context"
	"errors"
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
// disk failed. It leaves those alone that somebody else is busy with.
func revive(ctx context.Context, s *Site) error {
	var errs []error
	for _, n := range s.Cluster.Nodes {
		release, ok := n.Claim()
		if !ok {
			continue
		}
		if n.Member() && !n.Running() {
			s.Recorder.Note("%s had ended and is started again", n.ID)
			errs = append(errs, s.Cluster.Start(ctx, n))
		}
		release()
	}
	return errors.Join(errs...)
}
