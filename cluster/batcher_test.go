package cluster

import (
	"context"
	"errors"
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
