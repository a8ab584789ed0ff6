package lease

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/fsm"
)

// written is what a gatherer has put into the log.
type written struct {
	entries []fsm.GrantLeases
	at      []time.Duration // since the test began
	takes   time.Duration   // how long an entry is under way
	err     error
}

// gathering has a gatherer work until the test's end.
func gathering(t *testing.T, w *written) *Gatherer {
	t.Helper()
	began := time.Now()
	g := NewGatherer(GathererConfig{
		Interval: func() time.Duration { return time.Second },
		Write: func(entry fsm.GrantLeases) error {
			w.entries, w.at = append(w.entries, entry), append(w.at, time.Since(began))
			time.Sleep(w.takes)
			return w.err
		},
		Logger: zap.NewNop(),
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		g.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return g
}

func add(t *testing.T, g *Gatherer, node string, nonce uint64, urgent bool) {
	t.Helper()
	if err := g.Add(Request{Lease: fsm.Lease{Node: node, Starts: 1, Nonce: nonce}, Urgent: urgent}); err != nil {
		t.Fatal(err)
	}
}

func TestARoundHasOneEntryForAllNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w written
		g := gathering(t, &w)
		add(t, g, "n0", 0, false) // goes at once
		for round := range uint64(5) {
			time.Sleep(900 * time.Millisecond)
			for node := range 3 {
				add(t, g, fmt.Sprintf("n%d", node), 1+round, false)
				time.Sleep(10 * time.Millisecond)
			}
			time.Sleep(70 * time.Millisecond)
		}
		synctest.Wait()
		if len(w.entries) != 6 || len(w.entries[0].Leases) != 1 {
			t.Fatalf("%d entries: %v", len(w.entries), w.entries)
		}
		for i, e := range w.entries {
			if i > 0 && len(e.Leases) != 3 || w.at[i] != time.Duration(i)*time.Second {
				t.Errorf("an entry with %v at %s", e.Leases, w.at[i])
			}
		}
	})
}

func TestAnUrgentRequestWaitsForTheEntryUnderWayOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := written{takes: 20 * time.Millisecond}
		g := gathering(t, &w)
		add(t, g, "n1", 1, true)
		synctest.Wait()
		add(t, g, "n2", 1, false)
		add(t, g, "n3", 1, true)
		add(t, g, "n3", 2, false) // the later one counts, the urgency stays
		time.Sleep(50 * time.Millisecond)
		synctest.Wait()
		if len(w.entries) != 2 || len(w.entries[1].Leases) != 2 || w.at[1] != w.takes {
			t.Fatalf("entries %v at %v", w.entries, w.at)
		}
		if got := w.entries[1].Leases[1]; got.Nonce != 2 {
			t.Errorf("granted %+v", got)
		}
	})
}

func TestTheRequestOfAnEarlierStartDoesNotReplaceALaterOne(t *testing.T) {
	g := NewGatherer(GathererConfig{})
	for _, starts := range []uint64{2, 1} {
		if err := g.Add(Request{Lease: fsm.Lease{Node: self, Starts: starts}}); err != nil {
			t.Fatal(err)
		}
	}
	if e := g.take(); len(e.Leases) != 1 || e.Leases[0].Starts != 2 {
		t.Errorf("granted %v", e.Leases)
	}
}

func TestWaitingRequestsAreBounded(t *testing.T) {
	g := NewGatherer(GathererConfig{})
	for i := range fsm.MaxLeaseGrants {
		add(t, g, fmt.Sprint(i), 1, false)
	}
	if err := g.Add(Request{Lease: fsm.Lease{Node: "more"}}); !errors.Is(err, fsm.ErrOverloaded) {
		t.Errorf("one more: %v", err)
	}
	add(t, g, "7", 2, false)
	if _, err := g.take().Encode(); err != nil {
		t.Errorf("the largest entry: %v", err)
	}
}

func TestWhatCannotBeWrittenIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := written{err: errors.New("not the leader")}
		g := gathering(t, &w)
		add(t, g, "n1", 1, false)
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(w.entries) != 1 {
			t.Errorf("entries %v", w.entries)
		}
	})
}
