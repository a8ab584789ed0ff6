package backend

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestConnectionThatIsRegisteredLateIsOfItsEpoch is of one that no cut has found,
// although its epoch is over. The same server is active again.
func TestConnectionThatIsRegisteredLateIsOfItsEpoch(t *testing.T) {
	needServers(t)
	set := mayFailOver(first.Addr(), second.Addr())
	m := manage(t, Config{}, set)
	r := m.routes.Load().byLibrary[1]
	l, err := r.active.pool.acquire(t.Context(), plain, r.active.observe)
	if err != nil {
		t.Fatal(err)
	}
	m.Update(with(with(set, retire), activate(first.Addr())), settings())
	c := m.newConn(l, r.active, r)
	defer c.Discard()
	if v := c.judge(false); v != Gone || c.Held() {
		t.Errorf("%d, held: %t", v, c.Held())
	}
}

func TestDrainLastsAsLongAsCommandsAndTransactions(t *testing.T) {
	needServers(t)
	set := mayFailOver(first.Addr(), second.Addr())
	m := manage(t, Config{}, set)
	working, pinned := acquire(t, m, plain), acquire(t, m, plain)
	defer working.Discard()
	defer pinned.Discard()
	pinned.End(false)
	drained := outcome(func() string {
		open, err := m.Drained(context.Background(), 1, 1)
		return fmt.Sprint(open, err)
	})
	wantWaiting(t, "it does not drain yet", drained)
	m.Update(with(set, drain), settings())
	wantWaiting(t, "a command is in flight", drained)
	working.End(true)
	wantWaiting(t, "a transaction is open", drained)
	for range 2 {
		if v := working.Begin(true); v != Go {
			t.Fatalf("a transaction cannot go on: %d", v)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		open, err := m.Drained(ctx, 1, 1)
		cancel()
		if open != 1 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%d are left, %v", open, err)
		}
		working.End(true)
	}
	if v := working.Begin(true); v != Go {
		t.Fatalf("its COMMIT cannot be sent: %d", v)
	}
	wantWaiting(t, "the COMMIT is in flight", drained)
	working.End(false)
	if got := <-drained; got != "0 <nil>" {
		t.Error(got)
	}
	m.Update(set, settings())
	for _, c := range []*Conn{working, pinned} {
		if v := c.Begin(false); v != Go {
			t.Errorf("after the drain was given up: %d", v)
		}
		c.End(false)
	}
}

func TestConnectionThatIsGivenBackDrains(t *testing.T) {
	needServers(t)
	set := mayFailOver(first.Addr(), second.Addr())
	m := manage(t, Config{}, set)
	c := acquire(t, m, plain)
	c.End(false)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if open, err := m.Drained(ctx, 1, 1); open != 0 || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a library that does not drain: %d, %v", open, err)
	}
	if v := c.Begin(false); v != Go {
		t.Fatalf("%d", v)
	}
	m.Update(with(set, drain), settings())
	drained := outcome(func() error { _, err := m.Drained(context.Background(), 1, 1); return err })
	wantWaiting(t, "a command is in flight", drained)
	c.Discard()
	if err := <-drained; err != nil {
		t.Error(err)
	}
}

// TestWhatWasCutDoesNotHoldUpALaterDrain has a session not notice that it has lost its
// transaction, and another not that its command will have no answer.
func TestWhatWasCutDoesNotHoldUpALaterDrain(t *testing.T) {
	needServers(t)
	set := mayFailOver(first.Addr(), second.Addr())
	m := manage(t, Config{}, set)
	open, working := acquire(t, m, plain), acquire(t, m, plain)
	defer open.Discard()
	defer working.Discard()
	open.End(true)
	later := with(with(set, retire), activate(first.Addr()))
	m.Update(with(later, drain), settings())
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if n, err := m.Drained(ctx, 1, later.ByID(1).ActiveEpoch); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

func TestDrainedOfAnEpochThatIsOver(t *testing.T) {
	needServers(t)
	set := mayFailOver(first.Addr(), second.Addr())
	m := manage(t, Config{}, set)
	m.Update(with(set, drain), settings())
	c := acquireBefore(t, m, set)
	defer c.Discard()
	drained := outcome(func() error { _, err := m.Drained(context.Background(), 1, 1); return err })
	wantWaiting(t, "a command is in flight", drained)
	m.Update(with(set, retire), settings())
	if err := <-drained; err != nil {
		t.Error(err)
	}
}

// TestNothingBeginsInADrainedLibrary has sessions execute commands while the library
// drains again and again. While Drained has found it quiet nothing may begin.
func TestNothingBeginsInADrainedLibrary(t *testing.T) {
	needServers(t)
	set := mayFailOver(first.Addr(), second.Addr())
	m := manage(t, Config{ProbeInterval: time.Hour, MaxPerServer: 100}, set)
	var quiet atomic.Bool
	var executed atomic.Int64
	ctx, cancel := context.WithTimeout(t.Context(), raceFor)
	defer cancel()
	var sessions sync.WaitGroup
	for range 16 {
		sessions.Go(func() {
			for ctx.Err() == nil {
				c, err := m.Acquire(t.Context(), 1, plain)
				if err != nil {
					t.Errorf("acquire: %v", err)
					return
				}
				for i := range 100 {
					if quiet.Load() {
						t.Error("a command begins in a library that has drained")
					}
					executed.Add(1)
					c.End(i%5 < 2) // three of five commands end transactions
					if v := c.Begin(i%5 < 2); v == Wait {
						if err := c.Await(t.Context(), i%5 < 2); err != nil {
							t.Errorf("await: %v", err)
						}
						break
					}
				}
				c.Discard()
			}
		})
	}
	drains := 0
	for ; ctx.Err() == nil; drains++ {
		m.Update(with(set, drain), settings())
		if open, err := m.Drained(t.Context(), 1, 1); open != 0 || err != nil {
			t.Fatal(open, err)
		}
		quiet.Store(true)
		<-time.After(time.Millisecond)
		quiet.Store(false)
		m.Update(set, settings())
		target := executed.Load() + 20
		eventually(t, "sessions work", func() bool { return executed.Load() >= target || ctx.Err() != nil })
	}
	sessions.Wait()
	t.Logf("%d drains, %d commands", drains, executed.Load())
	if drains < 10 {
		t.Error("that shows nothing")
	}
}
