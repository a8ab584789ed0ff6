package cluster

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
)

// stalledNode is a cluster of one whose log takes nothing more until it heals, with
// as many batches in it as there may be.
func stalledNode(t *testing.T, change func(*Config)) (n *Node, heal func(), underWay chan error) {
	t.Helper()
	nodes, disks := withFaultyDisksAnd(t, 1, patience, change)
	n = nodes[0]
	heal = behind(t, disks[n.ID()])
	underWay = make(chan error, entriesInFlight)
	for i := range entriesInFlight {
		go func() {
			_, err := n.Resolve(within(t, patience), fmt.Sprintf("under-way-%d", i))
			underWay <- err
		}()
		eventually(t, "a batch to be under way", func() error {
			p := n.member.Load().proposer
			p.mu.Lock()
			defer p.mu.Unlock()
			if p.underWay != i+1 || len(p.waiting) > 0 {
				return fmt.Errorf("%d under way, %d waiting", p.underWay, len(p.waiting))
			}
			return nil
		})
	}
	return n, heal, underWay
}

func TestWhatNobodyWaitsForAnyMoreIsNotDone(t *testing.T) {
	t.Parallel()
	n, heal, underWay := stalledNode(t, nil)
	ctx, cancel := context.WithCancelCause(context.Background())
	gone := make(chan error, 1)
	go func() {
		_, err := n.Resolve(ctx, "gone")
		gone <- err
	}()
	eventually(t, "it to wait", func() error {
		if q := n.member.Load().proposer.queued(); q != 1 {
			return fmt.Errorf("%d wait", q)
		}
		return nil
	})
	reason := errors.New("the client has gone")
	cancel(reason)
	if err := <-gone; !errors.Is(err, reason) {
		t.Errorf("the caller got %v", err)
	}
	heal()
	for range entriesInFlight {
		if err := <-underWay; err != nil {
			t.Error(err)
		}
	}
	resolve1(t, n, "after-it") // waited behind it
	if p, ok := n.machine.Locate("gone"); ok {
		t.Errorf("it was given the home %+v", p)
	}
}

func TestWaitingIsBoundedInTime(t *testing.T) {
	t.Parallel()
	const patienceOfNode = 300 * time.Millisecond
	n, heal, underWay := stalledNode(t, func(c *Config) { c.DecisionTimeout = patienceOfNode })
	began := time.Now()
	_, err := n.Resolve(within(t, patience), "late")
	if !errors.Is(err, fsm.ErrNoLeader) || errors.Is(err, ErrClosed) {
		t.Errorf("a decision that takes too long: %v", err)
	}
	if took := time.Since(began); took < patienceOfNode || took >= enqueueTimeout { // then Raft gives up
		t.Errorf("it took %s to give up, %s are allowed", took, patienceOfNode)
	}
	heal()
	for range entriesInFlight {
		<-underWay
	}
}

func TestTooManyWhoWaitAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	n, heal, underWay := stalledNode(t, nil)
	items := make([]fsm.Item, MaxWaiting)
	for i := range items {
		items[i] = fsm.LocateItem("x")
	}
	crowd := newAskGroup(items...)
	if err := n.member.Load().proposer.submit(crowd); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Resolve(within(t, patience), "one-more"); !errors.Is(err, fsm.ErrOverloaded) {
		t.Errorf("one more: %v", err)
	}
	short, cancel := context.WithTimeoutCause(t.Context(), 10*retryDelay, errDecisionTimeout)
	defer cancel()
	_, err := n.member.Load().askAgain(short, t.Context(), fsm.AssignItem("one-more", 0), errOutcomeUnknown)
	if !errors.Is(err, fsm.ErrNoLeader) || errors.Is(err, fsm.ErrOverloaded) {
		t.Errorf("one more, whose first attempt may have been successful: %v", err)
	}
	heal()
	for range entriesInFlight {
		if err := <-underWay; err != nil {
			t.Error(err)
		}
	}
	<-crowd.done
	resolve1(t, n, "one-more")
}

func TestNodeThatCannotGoOnReleasesThoseWhoWait(t *testing.T) {
	t.Parallel()
	n, _, underWay := stalledNode(t, nil)
	n.fail(errors.New("the test says so"))
	for range entriesInFlight {
		if err := <-underWay; !errors.Is(err, ErrClosed) || !errors.Is(err, fsm.ErrNoLeader) {
			t.Errorf("a client of the node got %v", err)
		}
	}
}
