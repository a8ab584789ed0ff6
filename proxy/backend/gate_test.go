package backend

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// mayFailOver is one library that needs a lease, with the first server active.
func mayFailOver(addresses ...string) *fsm.LibrarySet {
	set := libraries(addresses)
	set.ByID(1).Failover.Policy = fsm.FailoverOrdered
	return set
}

// with makes another set of libraries, in which the first is changed.
func with(set *fsm.LibrarySet, change func(*fsm.Library)) *fsm.LibrarySet {
	list := append([]fsm.Library(nil), set.All()...)
	change(&list[0])
	return fsm.NewLibrarySet(set.Version()+1, list)
}

// The steps of a switch, as the state machine takes them.

func drain(l *fsm.Library) { l.Switch = &fsm.Switch{Phase: fsm.SwitchDraining, From: l.Active} }

func retire(l *fsm.Library) {
	l.Switch = &fsm.Switch{Phase: fsm.SwitchRetired, From: l.Active}
	l.Active = ""
	l.ActiveEpoch++
}

func activate(address string) func(*fsm.Library) {
	return func(l *fsm.Library) {
		l.Switch, l.Active = nil, address
		l.ActiveEpoch++
	}
}

// waiting are settings with a Failover.Wait.
func waiting(wait time.Duration) *fsm.Settings {
	s := settings()
	s.Failover.Wait = wait
	return s
}

// lease is one that the test gives and takes.
type lease struct {
	held atomic.Bool

	mu      sync.Mutex
	renewed chan struct{}
}

func newLease() *lease {
	l := &lease{renewed: make(chan struct{})}
	l.held.Store(true)
	return l
}

func (l *lease) Holds() bool { return l.held.Load() }

func (l *lease) Renewed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.renewed
}

func (l *lease) runOut() { l.held.Store(false) }

func (l *lease) renew() {
	l.held.Store(true)
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.renewed)
	l.renewed = make(chan struct{})
}

// outcome runs something that waits.
func outcome[T any](wait func() T) <-chan T {
	done := make(chan T, 1)
	go func() { done <- wait() }()
	return done
}

// wantWaiting checks that something still waits, a moment later.
func wantWaiting[T any](t *testing.T, what string, done <-chan T) {
	t.Helper()
	select {
	case got := <-done:
		t.Fatalf("%s: it did not wait, but gave %v", what, got)
	case <-time.After(30 * time.Millisecond):
	}
}

// acquired is what a caller of Acquire gets: an address, or an error.
func acquired(m *Manager) <-chan string {
	return outcome(func() string {
		c, err := m.Acquire(context.Background(), 1, plain)
		if err != nil {
			return err.Error()
		}
		defer c.Discard()
		return c.Server()
	})
}

func TestVerdicts(t *testing.T) {
	needServers(t)
	two := []string{first.Addr(), second.Addr()}
	for _, test := range []struct {
		name      string
		change    func(*fsm.Library)
		leaseless bool
		outside   Verdict
		inside    Verdict // a transaction
		held      bool
	}{
		{name: "nothing has changed", change: func(*fsm.Library) {}, outside: Go, inside: Go, held: true},
		{name: "draining", change: drain, outside: Wait, inside: Go, held: true},
		{name: "retired", change: retire, outside: Gone, inside: Gone},
		{name: "another server", change: activate(second.Addr()), outside: Gone, inside: Gone},
		{name: "the same server again", change: activate(first.Addr()), outside: Gone, inside: Gone},
		{name: "no lease", change: func(*fsm.Library) {}, leaseless: true, outside: Wait, inside: Wait},
		{name: "no lease, retired", change: retire, leaseless: true, outside: Gone, inside: Gone},
		{name: "no lease, draining", change: drain, leaseless: true, outside: Wait, inside: Wait},
		{
			name: "no lease, and none needed", leaseless: true, outside: Go, inside: Go, held: true,
			change: func(l *fsm.Library) { l.Failover.Policy = fsm.FailoverOff },
		},
		{
			name: "one server cannot fail over", leaseless: true, outside: Go, inside: Go, held: true,
			change: func(l *fsm.Library) { l.Servers = l.Servers[:1] },
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			given := newLease()
			set := mayFailOver(two...)
			m := manage(t, Config{Lease: given}, set)
			c := acquire(t, m, plain)
			defer c.Discard()
			c.End(false)
			m.Update(with(set, test.change), settings())
			if test.leaseless {
				given.runOut()
			}
			if got := c.Begin(false); got != test.outside {
				t.Errorf("outside a transaction: %d, want %d", got, test.outside)
			}
			c.End(false)
			if got := c.Begin(true); got != test.inside {
				t.Errorf("inside one: %d, want %d", got, test.inside)
			}
			if c.Held() != test.held {
				t.Errorf("held: %t", !test.held)
			}
		})
	}
}

func TestCommandsAreMarkedWithoutAllocation(t *testing.T) {
	needServers(t)
	m := manage(t, Config{Lease: newLease()}, mayFailOver(first.Addr(), second.Addr()))
	c := acquire(t, m, plain)
	defer c.Discard()
	if n := testing.AllocsPerRun(100, func() { c.Begin(false); c.Held(); c.End(false) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

func BenchmarkTurn(b *testing.B) {
	if first == nil {
		b.Skip("no server is installed")
	}
	m := New(Config{Lease: newLease()})
	defer m.Close()
	m.Update(mayFailOver(first.Addr(), second.Addr()), settings())
	c, err := m.Acquire(b.Context(), 1, plain)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Discard()
	for b.Loop() {
		if c.Begin(false) != Go || !c.Held() {
			b.Fatal("it may not be used")
		}
		c.End(false)
	}
}

func TestLibraryThatMayFailOverIsWaitedFor(t *testing.T) {
	needServers(t)
	given := newLease()
	set := mayFailOver(first.Addr(), second.Addr())
	m := manage(t, Config{Lease: given, WaitTimeout: time.Millisecond}, set)
	for _, test := range []struct {
		name       string
		begin, go_ func()
		want       string
	}{
		{
			"retired", func() { m.Update(with(set, retire), settings()) },
			func() { m.Update(with(set, activate(second.Addr())), settings()) }, second.Addr(),
		},
		{
			"draining", func() { m.Update(with(set, drain), settings()) },
			func() { m.Update(set, settings()) }, first.Addr(),
		},
		{"no lease", given.runOut, given.renew, first.Addr()},
	} {
		m.Update(set, settings())
		test.begin()
		got := acquired(m)
		wantWaiting(t, test.name, got)
		test.go_()
		if server := <-got; server != test.want {
			t.Errorf("%s: got %s, want %s", test.name, server, test.want)
		}
	}
}

func TestWaitingForALibraryIsBounded(t *testing.T) {
	needServers(t)
	given := newLease()
	set := mayFailOver(first.Addr(), second.Addr())
	m := manage(t, Config{Lease: given}, set)
	c := acquire(t, m, plain)
	defer c.Discard()
	c.End(false)
	for _, test := range []struct {
		name  string
		begin func()
		want  error
	}{
		{"draining", func() { m.Update(with(set, drain), waiting(10*time.Millisecond)) }, ErrNoActiveServer},
		{"no lease", func() { m.Update(set, waiting(10*time.Millisecond)); given.runOut() }, ErrNoLease},
	} {
		test.begin()
		if _, err := m.Acquire(t.Context(), 1, plain); !errors.Is(err, test.want) {
			t.Errorf("%s: Acquire: %v", test.name, err)
		}
		if _, err := m.AcquireNow(t.Context(), 1, plain); !errors.Is(err, test.want) {
			t.Errorf("%s: AcquireNow: %v", test.name, err)
		}
		if err := c.Await(t.Context(), false); !errors.Is(err, test.want) {
			t.Errorf("%s: Await: %v", test.name, err)
		}
		if err := c.Await(cancelled(), false); !errors.Is(err, test.want) || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: Await, cancelled: %v", test.name, err)
		}
	}
	m.Update(with(set, retire), waiting(10*time.Millisecond))
	given.renew()
	if _, err := m.Acquire(t.Context(), 1, plain); !errors.Is(err, ErrNoActiveServer) {
		t.Errorf("retired: %v", err)
	}
}

func TestAwaitEndsWhenSomethingMayBeSent(t *testing.T) {
	needServers(t)
	given := newLease()
	set := mayFailOver(first.Addr(), second.Addr())
	m := manage(t, Config{Lease: given}, set)
	for _, test := range []struct {
		name       string
		begin, go_ func()
		after      Verdict
	}{
		{"the lease comes back", given.runOut, given.renew, Go},
		{
			"a drain is given up", func() { m.Update(with(set, drain), settings()) },
			func() { m.Update(set, settings()) }, Go,
		},
		{
			"a drain is over", func() { m.Update(with(set, drain), settings()) },
			func() { m.Update(with(set, retire), settings()) }, Gone,
		},
	} {
		c := acquire(t, m, plain)
		c.End(false)
		test.begin()
		awaited := outcome(func() error { return c.Await(context.Background(), false) })
		wantWaiting(t, test.name, awaited)
		test.go_()
		if err := <-awaited; err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if v := c.Begin(false); v != test.after {
			t.Errorf("%s: %d afterwards, want %d", test.name, v, test.after)
		}
		c.Discard()
		m.Update(set, settings())
	}
}

// TestDeadActiveServerIsNotStormed has many callers wait for a server that is gone.
func TestDeadActiveServerIsNotStormed(t *testing.T) {
	needServers(t)
	gone := nobody(t)
	set := mayFailOver(gone, second.Addr())
	m := manage(t, Config{ProbeInterval: time.Hour}, set)
	eventually(t, "found dead", func() bool { return foundDead(m, gone) })
	const callers = 50
	var all [callers]<-chan string
	for i := range all {
		all[i] = acquired(m)
	}
	wantWaiting(t, "the active server is dead", all[0])
	if p := statsOf(m); p.Failed+uint64(p.Connecting) > 0 {
		t.Errorf("a server that was found dead is dialled by others than the probe: %+v", p)
	}
	m.Update(with(set, activate(second.Addr())), settings())
	for i := range all {
		if got := <-all[i]; got != second.Addr() {
			t.Errorf("got %s", got)
		}
	}
}

// TestActiveServerThatHasJustGoneIsWaitedFor has a session find out before the probe.
func TestActiveServerThatHasJustGoneIsWaitedFor(t *testing.T) {
	needServers(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var dialled atomic.Int64
	dials := make(chan time.Time, 100)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			dials <- time.Now()
			if dialled.Add(1) > 1 { // the first is the probe's, which hears nothing
				c.Close()
			}
		}
	}()
	set := mayFailOver(l.Addr().String(), second.Addr())
	m := manage(t, Config{ProbeInterval: time.Hour, ProbeTimeout: time.Hour}, set)
	m.servers[l.Addr().String()].health.observe(nil)
	eventually(t, "the probe has begun", func() bool { return dialled.Load() == 1 })
	got := acquired(m)
	wantWaiting(t, "the active server refuses", got)
	eventually(t, "found dead", func() bool { return foundDead(m, l.Addr().String()) })
	if n := dialled.Load(); n != 1+failuresToDead {
		t.Fatalf("it was dialled %d times", n)
	}
	<-dials
	if begun, again := <-dials, <-dials; again.Sub(begun) < redialPause/2 {
		t.Errorf("it was dialled again after %s", again.Sub(begun))
	}
	m.Update(with(set, activate(second.Addr())), settings())
	if server := <-got; server != second.Addr() {
		t.Errorf("got %s", server)
	}
}

func TestUnreachableServerOfALibraryThatMayFailOverIsToldAfterTheWait(t *testing.T) {
	gone := nobody(t)
	m := manage(t, Config{}, mayFailOver(gone, nobody(t)))
	m.Update(mayFailOver(gone, nobody(t)), waiting(50*time.Millisecond))
	_, err := m.Acquire(t.Context(), 1, plain)
	var unavailable *UnavailableError
	if !errors.As(err, &unavailable) || unavailable.Server != gone {
		t.Error(err)
	}
}

// TestWhatWasWrongWithAnEarlierServerIsNotTold has a session see one server fail, and
// only the probe the next one.
func TestWhatWasWrongWithAnEarlierServerIsNotTold(t *testing.T) {
	gone, next := nobody(t), nobody(t)
	set := mayFailOver(gone, next)
	m := manage(t, Config{ProbeInterval: time.Hour}, set)
	eventually(t, "both are found dead", func() bool { return foundDead(m, gone) && foundDead(m, next) })
	m.servers[gone].health.observe(nil)
	m.Update(set, waiting(time.Second))
	failed := outcome(func() error { _, err := m.Acquire(context.Background(), 1, plain); return err })
	eventually(t, "the session has seen it", func() bool { return statsOf(m).Failed > 0 })
	m.Update(with(set, activate(next)), waiting(time.Second))
	var unavailable *UnavailableError
	if err := <-failed; !errors.As(err, &unavailable) || unavailable.Server != next {
		t.Error(err)
	}
}

// TestConnectionThatComesTooLateIsNotHandedOut has a caller get its turn at a server
// that drains by then.
func TestConnectionThatComesTooLateIsNotHandedOut(t *testing.T) {
	needServers(t)
	set := mayFailOver(first.Addr(), second.Addr())
	m := manage(t, Config{MaxPerServer: 1, WaitTimeout: patience}, set)
	held := acquire(t, m, plain)
	got := acquired(m)
	eventually(t, "the caller waits", func() bool { return statsOf(m).Waiting == 1 })
	m.Update(with(set, drain), settings())
	held.Release()
	wantWaiting(t, "the library drains", got)
	eventually(t, "nobody has a connection", func() bool { p := statsOf(m); return p.InUse+p.Waiting == 0 })
	m.Update(with(set, activate(second.Addr())), settings())
	if server := <-got; server != second.Addr() {
		t.Errorf("got %s", server)
	}
}

// TestWhoWaitsForARetiredServerGoesToTheNext has callers wait for a server in every
// way, each for longer than the test lasts. They keep their places until the epoch is
// over, and nothing is held against the server.
func TestWhoWaitsForARetiredServerGoesToTheNext(t *testing.T) {
	needServers(t)
	hole := blackHole(t)
	for name, test := range map[string]struct {
		server string
		begun  func(PoolStats) bool
	}{
		"for a connection to come free": {first.Addr(), func(p PoolStats) bool { return p.Waiting == 1 }},
		"for it to greet":               {hole, func(p PoolStats) bool { return p.Connecting == 1 }},
	} {
		t.Run(name, func(t *testing.T) {
			set := libraries([]string{test.server, second.Addr()})
			m := manage(t, Config{
				MaxPerServer: 1, WaitTimeout: time.Minute, DialTimeout: time.Minute, ProbeTimeout: time.Minute,
			}, set)
			if test.server == first.Addr() {
				defer acquire(t, m, plain).Discard()
			}
			got := acquired(m)
			waits := func() bool {
				for _, p := range m.Pools() {
					if p.Server == test.server {
						return test.begun(p)
					}
				}
				return false
			}
			eventually(t, "the caller waits", waits)
			m.Update(with(set, drain), settings())
			wantWaiting(t, "the server is still the active one", got)
			if !waits() {
				t.Error("the caller has lost its place although the server is still the active one")
			}
			m.Update(with(set, retire), settings())
			wantWaiting(t, "there is no active server", got)
			m.Update(with(with(set, retire), activate(second.Addr())), settings())
			if server := <-got; server != second.Addr() {
				t.Errorf("got %s", server)
			}
			if h := healthOf(m, test.server); h.LastError != "" {
				t.Errorf("giving up counts against the server: %+v", h)
			}
		})
	}
}

// TestLeaseIsNoneOfRoutesThatAreBehind has this node apply a command, and get a lease
// after it, before the manager is told.
func TestLeaseIsNoneOfRoutesThatAreBehind(t *testing.T) {
	needServers(t)
	set := mayFailOver(first.Addr(), second.Addr())
	off := with(set, func(l *fsm.Library) { l.Failover.Policy = fsm.FailoverOff })
	for _, test := range []struct {
		name     string
		told     *fsm.LibrarySet
		applied  func(*fsm.Library)
		lease    bool
		obstacle error
		after    Verdict
	}{
		{"retired", set, retire, true, ErrNoActiveServer, Gone},
		{"active again", set, func(l *fsm.Library) { retire(l); activate(first.Addr())(l) }, true, ErrNoActiveServer, Gone},
		{"may fail over", off, func(l *fsm.Library) { l.Failover.Policy = fsm.FailoverOrdered }, false, ErrNoLease, Go},
	} {
		t.Run(test.name, func(t *testing.T) {
			var applied atomic.Pointer[fsm.LibrarySet]
			applied.Store(test.told)
			given := newLease()
			m := manage(t, Config{Lease: given, Libraries: applied.Load}, test.told)
			c := acquire(t, m, plain)
			defer c.Discard()
			c.End(false)
			applied.Store(with(test.told, test.applied))
			given.held.Store(test.lease)
			for _, inTransaction := range []bool{false, true} {
				if v := c.Begin(inTransaction); v != Wait || c.Held() {
					t.Errorf("in a transaction: %t: %d, held: %t", inTransaction, v, c.Held())
				}
			}
			if _, err := m.AcquireNow(t.Context(), 1, plain); !errors.Is(err, test.obstacle) {
				t.Errorf("AcquireNow: %v", err)
			}
			awaited := outcome(func() error { return c.Await(context.Background(), true) })
			wantWaiting(t, "the manager was not told", awaited)
			m.Update(applied.Load(), settings())
			given.renew()
			if err := <-awaited; err != nil {
				t.Error(err)
			}
			if v := c.Begin(false); v != test.after {
				t.Errorf("afterwards: %d, want %d", v, test.after)
			}
		})
	}
}

// TestWhatIsLackingIsTold has a library drain while there is no lease: a transaction
// waits for that and nothing else.
func TestWhatIsLackingIsTold(t *testing.T) {
	needServers(t)
	given := newLease()
	set := mayFailOver(first.Addr(), second.Addr())
	m := manage(t, Config{Lease: given}, set)
	c := acquire(t, m, plain)
	defer c.Discard()
	m.Update(with(set, drain), waiting(10*time.Millisecond))
	given.runOut()
	for inTransaction, want := range map[bool]error{true: ErrNoLease, false: ErrNoActiveServer} {
		if err := c.Await(t.Context(), inTransaction); !errors.Is(err, want) {
			t.Errorf("in a transaction: %t: %v", inTransaction, err)
		}
	}
}

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

// acquireBefore acquires a connection, which counts as busy, as if that had been
// before the library began to drain.
func acquireBefore(t *testing.T, m *Manager, set *fsm.LibrarySet) *Conn {
	t.Helper()
	m.Update(set, settings())
	c := acquire(t, m, plain)
	m.Update(with(set, drain), settings())
	return c
}

// TestReleaseCutsWhatBelongsToEarlierEpochs has connections in every state, and
// others that are none of Release's business.
func TestReleaseCutsWhatBelongsToEarlierEpochs(t *testing.T) {
	needServers(t)
	shared := libraries([]string{first.Addr(), second.Addr()}, []string{first.Addr()})
	m := manage(t, Config{}, shared)
	busy, inTransaction, idle := acquire(t, m, plain), acquire(t, m, plain), acquire(t, m, plain)
	keepBusy(t, busy)
	answered := outcome(func() error {
		var b [1]byte
		_, err := busy.NetConn().Read(b[:])
		return err
	})
	query(t, inTransaction.link, "BEGIN")
	inTransaction.End(true)
	idle.End(false)
	other, err := m.Acquire(t.Context(), 2, plain)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Discard()
	beside, err := m.AcquireAt(t.Context(), 1, first.Addr(), plain)
	if err != nil {
		t.Fatal(err)
	}
	defer beside.Release()

	released := outcome(func() error { return m.Release(context.Background(), 1, 2) })
	wantWaiting(t, "the manager was not told of the epoch", released)
	if err := m.Release(cancelled(), 1, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	m.Update(with(shared, retire), settings())
	if err := <-released; err != nil {
		t.Fatal(err)
	}
	if err := <-answered; err == nil {
		t.Error("a command that was in flight is answered")
	}
	for name, c := range map[string]*Conn{"busy": busy, "in a transaction": inTransaction, "idle": idle} {
		if _, err := c.NetConn().Write([]byte{1, 0, 0, 0, wire.ComPing}); err == nil {
			t.Errorf("%s: something can still be sent", name)
		}
		if v := c.Begin(c == inTransaction); v != Gone || c.Held() {
			t.Errorf("%s: %d", name, v)
		}
		c.Release() // must not get into the pool
	}
	for name, c := range map[string]*Conn{"another library's": other, "beside the pool": beside} {
		if got := query(t, c.link, "SELECT 1"); got != "1" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if v := other.Begin(false); v != Go || !other.Held() {
		t.Errorf("another library's: %d", v)
	}
	eventually(t, "only those are left", func() bool {
		p := statsOf(m)
		return p.Idle+p.Resetting == 0 && p.InUse == 2
	})
	if err := m.Release(t.Context(), 1, 2); err != nil {
		t.Errorf("again: %v", err)
	}
}

// TestEpochThatPassesUnseenCutsConnections is of a node that the leader did not reach
// until the switch was over.
func TestEpochThatPassesUnseenCutsConnections(t *testing.T) {
	needServers(t)
	set := mayFailOver(first.Addr(), second.Addr())
	m := manage(t, Config{}, set)
	c := acquire(t, m, plain)
	defer c.Discard()
	m.Update(with(with(set, retire), activate(second.Addr())), settings())
	if _, err := c.NetConn().Write([]byte{1, 0, 0, 0, wire.ComPing}); err == nil {
		t.Error("something can still be sent to the server that was active")
	}
}

// TestReleaseDoesNotRelyOnUpdate has Release come in between the new routes and the
// cutting that goes with them.
func TestReleaseDoesNotRelyOnUpdate(t *testing.T) {
	needServers(t)
	set := mayFailOver(first.Addr(), second.Addr())
	m := manage(t, Config{}, set)
	c := acquire(t, m, plain)
	defer c.Discard()
	m.mu.Lock()
	m.set = with(set, retire)
	m.publish()
	m.mu.Unlock()
	if err := m.Release(t.Context(), 1, 2); err != nil {
		t.Fatal(err)
	}
	if _, err := c.NetConn().Write([]byte{1, 0, 0, 0, wire.ComPing}); err == nil {
		t.Error("something can still be sent to the server that was active")
	}
}

func TestClosedManagerHasReleasedEverything(t *testing.T) {
	needServers(t)
	m := manage(t, Config{}, mayFailOver(first.Addr(), second.Addr()))
	c := acquire(t, m, plain)
	defer c.Discard()
	released := outcome(func() error { return m.Release(context.Background(), 1, 5) })
	wantWaiting(t, "the epoch has not come", released)
	m.Close()
	if err := <-released; err != nil {
		t.Error(err)
	}
	if open, err := m.Drained(t.Context(), 1, 1); open != 0 || err != nil {
		t.Error(open, err)
	}
	if v := c.Begin(false); v != Gone {
		t.Errorf("%d", v)
	}
}

// raceFor is how long TestNothingIsSentAfterRelease looks for a gap.
const raceFor = 2 * time.Second

// TestNothingIsSentAfterRelease has sessions execute commands while the active server
// changes all the time. Once Release has returned nothing may be sent by an earlier
// epoch's right, and no answer counts.
func TestNothingIsSentAfterRelease(t *testing.T) {
	needServers(t)
	set := mayFailOver(first.Addr(), second.Addr())
	m := manage(t, Config{ProbeInterval: time.Hour, MaxPerServer: 100}, set)
	var released atomic.Uint64 // connections of earlier epochs
	var executed, cutOff atomic.Int64
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
				for v := c.judge(false); ctx.Err() == nil; v = c.Begin(false) {
					if v != Go {
						break
					}
					before := released.Load()
					if _, err := c.NetConn().Write([]byte{1, 0, 0, 0, wire.ComPing}); err != nil {
						cutOff.Add(1)
						break
					}
					if c.epoch < before {
						t.Errorf("something was sent by the right of epoch %d after Release of those before %d", c.epoch, before)
					}
					before = released.Load()
					if err := readAnswer(c.NetConn()); err != nil {
						cutOff.Add(1)
						break
					}
					if c.Held() && c.epoch < before {
						t.Errorf("an answer counts by the right of epoch %d after Release of those before %d", c.epoch, before)
					}
					executed.Add(1)
					c.End(false)
				}
				c.Discard()
			}
		})
	}
	switches := 0
	for now := set; ctx.Err() == nil; switches++ {
		now = with(now, retire)
		epoch := now.ByID(1).ActiveEpoch
		asked := outcome(func() error { return m.Release(context.Background(), 1, epoch) })
		m.Update(now, settings())
		if err := <-asked; err != nil {
			t.Fatal(err)
		}
		released.Store(epoch)
		now = with(now, activate([]string{second.Addr(), first.Addr()}[switches%2]))
		m.Update(now, settings())
		target := executed.Load() + 20
		eventually(t, "sessions work", func() bool { return executed.Load() >= target || ctx.Err() != nil })
	}
	sessions.Wait()
	t.Logf("%d switches, %d commands, %d cut off", switches, executed.Load(), cutOff.Load())
	if switches < 10 || cutOff.Load() == 0 {
		t.Error("that shows nothing")
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
