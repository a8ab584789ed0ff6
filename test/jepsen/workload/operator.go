package workload

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	harness "github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/jepsen/cluster"
)

const (
	// orderTimeout bounds how long an operator repeats a command, and attemptTimeout
	// how long each time may take.
	orderTimeout   = 30 * time.Second
	attemptTimeout = 10 * time.Second
	// betweenAttempts is about how long an operator waits before trying again.
	betweenAttempts = 300 * time.Millisecond
	// readyTimeout is how long an operator waits for a node to serve clients.
	readyTimeout = 30 * time.Second
)

// operator is somebody who changes the cluster while it is used. It is for one
// goroutine.
type operator struct {
	*stage
	random *rand.Rand
}

// operator returns the one operator that a workload has.
func (s *stage) operator() *operator { return &operator{s, s.stream(s.first)} }

// rest waits for some seconds, from 0.5 to 1.5 times as many as are said. It returns
// false if ctx ended.
func (o *operator) rest(ctx context.Context, about time.Duration) bool {
	timer := time.NewTimer(about/2 + time.Duration(o.random.Int64N(int64(about))))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// order has a member at random, but for one, carry out a command, and tries again
// until one says that it did. Where the answer was lost, or the command came twice,
// done tells from the leader's status whether it was carried out. It returns the node
// that knows.
func (o *operator) order(ctx context.Context, but *cluster.Node, done func(harness.Status) bool, args ...string) (*cluster.Node, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), orderTimeout)
	defer cancel()
	last := errors.New("there is no member that can be asked")
	for {
		by, err := o.attempt(ctx, but, done, args)
		if err == nil {
			o.Recorder.Note("operator at node %s: %q", by.ID, args)
			return by, nil
		}
		if by != nil {
			last = err
		}
		if !o.rest(ctx, betweenAttempts) {
			o.Recorder.Note("operator gave %q up: %v", args, last)
			return nil, fmt.Errorf("no node has carried out %q: %w", args, last)
		}
	}
}

// attempt is one attempt of order; the node is nil if nobody could be asked.
func (o *operator) attempt(ctx context.Context, but *cluster.Node, done func(harness.Status) bool, args []string) (*cluster.Node, error) {
	able := slices.DeleteFunc(o.Cluster.Members(), func(n *cluster.Node) bool { return n == but || !n.Running() })
	if len(able) == 0 {
		return nil, errors.New("nobody can be asked")
	}
	by := able[o.random.IntN(len(able))]
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	_, err := by.CLI(ctx, args...)
	if err == nil {
		return by, nil
	}
	if status, unseen := by.Status(ctx); unseen == nil && status.Leader == by.ID && done(status) {
		return by, nil
	}
	return by, err
}

// claimed gives a node away that somebody has claimed.
type claimed struct {
	*cluster.Node
	release func()
}

// claim claims one of those nodes at random; false if none is to be had.
func (o *operator) claim(nodes []*cluster.Node) (claimed, bool) {
	for _, i := range o.random.Perm(len(nodes)) {
		if release, ok := nodes[i].Claim(); ok {
			return claimed{nodes[i], release}, true
		}
	}
	return claimed{}, false
}
