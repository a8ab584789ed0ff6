package backend

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
)

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
