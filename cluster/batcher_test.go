package cluster

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/mysqlda/mysqlda/fsm"
)

func TestBatcherGathersWhileABatchIsUnderWay(t *testing.T) {
	batches := make(chan int)
	goOn := make(chan struct{})
	b := newBatcher(4, func(_ context.Context, batch []*ask) {
		batches <- len(batch)
		<-goOn
		for _, a := range batch {
			a.answer(1, fsm.ItemResult{})
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { b.work(ctx); close(ended) }()

	groups := []*askGroup{newAskGroup(fsm.LocateItem("first"))}
	submit := func(g *askGroup) {
		if err := b.submit(g); err != nil {
			t.Fatal(err)
		}
	}
	submit(groups[0])
	if n := <-batches; n != 1 {
		t.Errorf("the first batch has %d asks", n)
	}
	for range 3 {
		g := newAskGroup(fsm.LocateItem("a"), fsm.LocateItem("b"))
		groups = append(groups, g)
		submit(g)
	}
	gone := newAskGroup(fsm.LocateItem("gone"))
	submit(gone)
	gone.abandon()
	for _, want := range []int{4, 2} {
		goOn <- struct{}{}
		if n := <-batches; n != want {
			t.Errorf("a batch has %d asks, want %d", n, want)
		}
	}
	goOn <- struct{}{}
	for _, g := range groups {
		<-g.done
	}
	<-gone.done
	if err := gone.asks[0].err; !errors.Is(err, context.Canceled) {
		t.Errorf("an abandoned ask: %v", err)
	}
	cancel()
	<-ended
}

func TestAnotherBatchStartsOnlyWhenItIsAsLargeAsThoseUnderWay(t *testing.T) {
	batches := make(chan []*ask)
	goOn := make(chan struct{})
	b := newBatcher(5, func(_ context.Context, batch []*ask) {
		batches <- batch
		<-goOn
		for _, a := range batch {
			a.answer(1, fsm.ItemResult{})
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() { b.work(ctx) })
	}
	submit := func(n int) *askGroup {
		items := make([]fsm.Item, n)
		g := newAskGroup(items...)
		if err := b.submit(g); err != nil {
			t.Fatal(err)
		}
		return g
	}
	next := func(want int) {
		t.Helper()
		if got := len(<-batches); got != want {
			t.Errorf("a batch of %d asks, want %d", got, want)
		}
	}
	groups := []*askGroup{submit(3)}
	next(3)
	groups = append(groups, submit(2))
	if b.take() != nil {
		t.Error("two asks set out while three are under way")
	}
	groups = append(groups, submit(1)) // together they are enough
	next(3)
	groups = append(groups, submit(5)) // less than the six, but a full batch
	full := b.take()
	if len(full) != 5 {
		t.Fatalf("a batch of %d asks, want 5", len(full))
	}
	failAll(full, errNotLeader)
	b.ran(len(full))
	groups = append(groups, submit(1))
	goOn <- struct{}{}
	goOn <- struct{}{}
	next(1) // nothing else is under way any more
	goOn <- struct{}{}
	for _, g := range groups {
		<-g.done
	}
	cancel()
	workers.Wait()
}

func TestBatcherIsBounded(t *testing.T) {
	b := newBatcher(1, nil)
	var first *askGroup
	for i := range MaxWaiting {
		g := newAskGroup(fsm.LocateItem("x"))
		if i == 0 {
			first = g
		}
		if err := b.submit(g); err != nil {
			t.Fatalf("ask %d: %v", i, err)
		}
	}
	if err := b.submit(newAskGroup(fsm.LocateItem("x"))); !errors.Is(err, fsm.ErrOverloaded) {
		t.Errorf("one more: %v", err)
	}
	b.close()
	<-first.done
	if !errors.Is(first.asks[0].err, ErrClosed) {
		t.Errorf("waiting at close: %v", first.asks[0].err)
	}
	if err := b.submit(newAskGroup(fsm.LocateItem("x"))); !errors.Is(err, ErrClosed) {
		t.Errorf("after close: %v", err)
	}
}

func TestRetriedAsksGoFirst(t *testing.T) {
	b := newBatcher(8, nil)
	later := newAskGroup(fsm.LocateItem("later"))
	if err := b.submit(later); err != nil {
		t.Fatal(err)
	}
	again := newAskGroup(fsm.LocateItem("again"))
	b.again([]*ask{&again.asks[0]})
	batch := b.take()
	if len(batch) != 2 || batch[0].item.Core != "again" || batch[1].item.Core != "later" {
		t.Errorf("batch of %d, first %+v", len(batch), batch[0].item)
	}
}
