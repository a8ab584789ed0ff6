package lease

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/fsm"
)

func TestALeaseRunsFromTheMomentOfAsking(t *testing.T) {
	l, c := founded(t, fsm.FailoverOrdered, self), &clock{now: time.Hour}
	k := newTestKeeper(t, l, 1, c.read, zap.NewNop())
	k.Serve()
	if k.Holds() || !k.Awaited() {
		t.Error("it holds a lease that nobody has granted, or does not await one")
	}
	first := ask(t, k)
	c.now += 2 * time.Second
	second := ask(t, k)
	renewed := k.Renewed()
	grant(l, k, second.Lease)
	if !k.Holds() || !closed(renewed) || k.Awaited() {
		t.Error("the grant gave no lease, or it is awaited still")
	}
	grant(l, k, first.Lease) // overtaken on the way: the later one counts
	if s := k.Status(); !s.Held || s.Remaining != fsm.DefaultLease || s.Without != 0 {
		t.Errorf("status %+v", s)
	}
	c.now += fsm.DefaultLease - 1
	if !k.Holds() {
		t.Error("it ended early")
	}
	c.now++
	if k.Holds() || k.Awaited() {
		t.Error("it runs too long, or a lease that was lost counts as the first one")
	}
	late := ask(t, k)
	c.now += fsm.DefaultLease + time.Second
	renewed = k.Renewed()
	grant(l, k, late.Lease)
	if k.Holds() || closed(renewed) {
		t.Error("a grant that came after the lease's time gave one")
	}
	if s := k.Status(); s.Held || s.Losses != 1 || s.Without != fsm.DefaultLease+time.Second || s.Remaining != 0 {
		t.Errorf("status %+v", s)
	}
}

func TestAPauseOfTheProcessCountsAsTime(t *testing.T) {
	l, c := founded(t, fsm.FailoverOrdered, self), &clock{now: time.Hour}
	k := newTestKeeper(t, l, 1, c.read, zap.NewNop())
	k.Serve()
	grant(l, k, ask(t, k).Lease)
	again := ask(t, k) // on its way when everything stops
	c.now += time.Minute
	if k.Holds() {
		t.Error("it holds after a minute's pause")
	}
	grant(l, k, again.Lease) // was committed meanwhile
	if k.Holds() {
		t.Error("it holds by a grant from before the pause")
	}
}

func TestGrantsOfOthersAndOfEarlierStartsAreNone(t *testing.T) {
	l, c := founded(t, fsm.FailoverOrdered, self, "n2"), &clock{now: time.Hour}
	k := newTestKeeper(t, l, 7, c.read, zap.NewNop())
	k.Serve()
	r := ask(t, k).Lease
	for name, other := range map[string]fsm.Lease{
		"another node":  {Node: "n2", Starts: r.Starts, Nonce: r.Nonce},
		"earlier start": {Node: r.Node, Starts: r.Starts - 1, Nonce: r.Nonce},
		"later start":   {Node: r.Node, Starts: r.Starts + 1, Nonce: r.Nonce},
		"earlier nonce": {Node: r.Node, Starts: r.Starts, Nonce: r.Nonce - 1},
		"later nonce":   {Node: r.Node, Starts: r.Starts, Nonce: r.Nonce + 1},
		"no nonce":      {Node: r.Node, Starts: r.Starts},
	} {
		if grant(l, k, other); k.Holds() {
			t.Fatalf("%s: it took the lease", name)
		}
	}
	for range remembered {
		ask(t, k)
	}
	if grant(l, k, r); k.Holds() {
		t.Error("a request that is forgotten was granted")
	}
	grant(l, k, ask(t, k).Lease)
	if !k.Holds() {
		t.Error("its own grant gave no lease")
	}
}

func TestACopyOfANodeDoesNotHaveItsLease(t *testing.T) {
	l, c := founded(t, fsm.FailoverOrdered, self), &clock{now: time.Hour}
	one, copied := newTestKeeper(t, l, 1, c.read, zap.NewNop()), newTestKeeper(t, l, 1, c.read, zap.NewNop())
	one.Serve()
	copied.Serve()
	first := ask(t, one)
	ask(t, copied)
	if grant(l, copied, first.Lease); copied.Holds() {
		t.Error("it has")
	}
}

func TestALeaseIsNeededWhileALibraryMayFailOver(t *testing.T) {
	l, c := founded(t, fsm.FailoverOff, self), &clock{now: time.Hour}
	k := newTestKeeper(t, l, 1, c.read, zap.NewNop())
	if k.Holds() {
		t.Error("a node that is not ready holds a lease")
	}
	k.Serve()
	if _, due := k.request(); due || !k.Holds() || k.Status().Needed {
		t.Errorf("without such a library: asks %v, holds %v", due, k.Holds())
	}
	l.apply(setPolicy(fsm.FailoverPromote))
	k.Changed()
	if k.Holds() || !k.Status().Needed {
		t.Error("it goes on without a lease after the library came to be one")
	}
	if _, due := k.request(); !due {
		t.Error("it does not ask at once")
	}
	renewed := k.Renewed()
	l.apply(setPolicy(fsm.FailoverOff))
	k.Changed()
	if !k.Holds() || !closed(renewed) {
		t.Error("who waits for a lease is not told that none is needed any more")
	}
	l.apply(setPolicy(fsm.FailoverOrdered))
	k.Changed()
	if grant(l, k, ask(t, k).Lease); !k.Holds() {
		t.Error("no lease after it was needed once more")
	}
	k.Changed() // by something else
	if !k.Holds() {
		t.Error("a change of something else took the lease away")
	}
}

func TestARemovedNodeHasNoLease(t *testing.T) {
	l, c := founded(t, fsm.FailoverOrdered, self), &clock{now: time.Hour}
	k := newTestKeeper(t, l, 1, c.read, zap.NewNop())
	k.Serve()
	grant(l, k, ask(t, k).Lease)
	under := ask(t, k)
	l.apply(fsm.RemoveNode{ID: self})
	k.Changed()
	if k.Holds() {
		t.Error("it holds one after it has learned of its removal")
	}
	if grant(l, k, under.Lease); k.Holds() {
		t.Error("it was granted one after its removal")
	}
}

func TestALeaseHasTheLengthOfItsEntry(t *testing.T) {
	l, c := founded(t, fsm.FailoverOrdered, self), &clock{now: time.Hour}
	k := newTestKeeper(t, l, 1, c.read, zap.NewNop())
	k.Serve()
	first, second := ask(t, k), ask(t, k)
	grant(l, k, first.Lease)
	longer := fsm.FailoverSettings{Lease: 2 * fsm.DefaultLease}.WithDefaults()
	l.apply(fsm.ChangeSettings{Failover: &longer})
	k.Changed()
	if s := k.Status(); s.Remaining != fsm.DefaultLease {
		t.Errorf("a lease that was granted before has %s left", s.Remaining)
	}
	grant(l, k, second.Lease)
	if s := k.Status(); s.Remaining != 2*fsm.DefaultLease {
		t.Errorf("a lease that was granted after it has %s left", s.Remaining)
	}
}

func TestTheBootClockRuns(t *testing.T) {
	before := bootTime()
	began := time.Now()
	for time.Since(began) < time.Millisecond {
	}
	if passed := bootTime() - before; passed < time.Millisecond {
		t.Errorf("%s passed on it", passed)
	}
}

func TestMetricsAreTakenBack(t *testing.T) {
	registry := prometheus.NewRegistry()
	cfg := Config{Node: self, Starts: 1, Machine: founded(t, fsm.FailoverOrdered, self).machine, Logger: zap.NewNop(), Registerer: registry}
	for range 2 {
		k, err := NewKeeper(cfg)
		if err != nil {
			t.Fatal(err)
		}
		families, err := registry.Gather()
		if err != nil || len(families) != 3 {
			t.Errorf("%d families, %v", len(families), err)
		}
		if _, err := NewKeeper(cfg); err == nil {
			t.Error("two keepers share one registry")
		}
		k.Close()
	}
}

func TestHoldsDoesNotAllocate(t *testing.T) {
	l := founded(t, fsm.FailoverOrdered, self)
	k := newTestKeeper(t, l, 1, nil, zap.NewNop())
	k.Serve()
	grant(l, k, ask(t, k).Lease)
	if n := testing.AllocsPerRun(100, func() {
		if !k.Holds() {
			t.Error("no lease")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkHolds(b *testing.B) {
	l := founded(b, fsm.FailoverOrdered, self)
	k := newTestKeeper(b, l, 1, nil, zap.NewNop())
	k.Serve()
	grant(l, k, ask(b, k).Lease)
	for b.Loop() {
		k.Holds()
	}
}
