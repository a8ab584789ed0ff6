package cluster

import (
	"context"
	"errors"
	"testing"
)

func TestGateOpensInOrder(t *testing.T) {
	var g indexGate
	g.advance(3)
	if err := g.wait(context.Background(), 3); err != nil {
		t.Errorf("an index that is applied: %v", err)
	}
	passed := make(chan error, 1)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { passed <- g.wait(context.Background(), 5) }()
	gone := make(chan error, 1)
	go func() { gone <- g.wait(ctx, 9) }()
	eventually(t, "both to wait", func() error {
		g.mu.Lock()
		defer g.mu.Unlock()
		if len(g.waiting) != 2 {
			return errors.New("not yet")
		}
		return nil
	})
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("a waiter that gave up: %v", err)
	}
	g.advance(4)
	select {
	case <-passed:
		t.Error("passed before its index")
	default:
	}
	g.advance(6)
	if err := <-passed; err != nil {
		t.Errorf("after its index: %v", err)
	}
	if len(g.waiting) != 0 {
		t.Errorf("%d waiters are left", len(g.waiting))
	}
}
