package backend

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// bounded makes a manager whose pool holds that many connections.
func bounded(t *testing.T, most int, wait time.Duration) *Manager {
	needServers(t)
	return manage(t, Config{MaxPerServer: most, WaitTimeout: wait}, libraries([]string{first.Addr()}))
}

func TestIdleConnectionIsReusedLastFirst(t *testing.T) {
	m := oneConnection(t)
	a, b := acquire(t, m, plain), acquire(t, m, plain)
	last := b.ThreadID()
	a.Release()
	awaitIdle(t, m, 1)
	b.Release()
	awaitIdle(t, m, 2)

	c := acquire(t, m, plain)
	defer c.Release()
	if c.ThreadID() != last {
		t.Errorf("got thread %d, want the last one used, %d", c.ThreadID(), last)
	}
	if p := statsOf(m); p.Opened != 2 || p.Reused != 1 || p.InUse != 1 || p.Idle != 1 {
		t.Errorf("stats: %+v", p)
	}
}

func TestIdleConnectionServesItsProfileOnly(t *testing.T) {
	m := oneConnection(t)
	c := acquire(t, m, plain)
	thread := c.ThreadID()
	c.Release()
	awaitIdle(t, m, 1)
	for name, profile := range map[string]Profile{
		"capabilities": {Capabilities: plain.Capabilities | wire.ClientFoundRows, Collation: plain.Collation, Database: plain.Database},
		"collation":    {Capabilities: plain.Capabilities, Collation: 8, Database: plain.Database},
		"database":     {Capabilities: plain.Capabilities, Collation: plain.Collation},
	} {
		other := acquire(t, m, profile)
		if other.ThreadID() == thread {
			t.Errorf("a connection of another profile was handed out: %s", name)
		}
		other.Discard()
	}
	outside := plain
	outside.Capabilities |= wire.ClientODBC
	same := acquire(t, m, outside)
	defer same.Discard()
	if same.ThreadID() != thread {
		t.Error("a capability outside the mask makes a difference")
	}
}

func TestReleasingTwiceDoesNothing(t *testing.T) {
	m := oneConnection(t)
	c := acquire(t, m, plain)
	c.Release()
	awaitIdle(t, m, 1)
	next := acquire(t, m, plain)
	c.Release()
	c.Discard()
	if p := statsOf(m); p.InUse != 1 || !next.Alive() {
		t.Errorf("the next session's connection was taken away: %+v", p)
	}
	next.Discard()
	if p := statsOf(m); p.InUse != 0 || p.Idle != 0 {
		t.Errorf("stats: %+v", p)
	}
}

func TestKilledConnectionIsNotHandedOut(t *testing.T) {
	m := oneConnection(t)
	root := admin(t, first.Addr())
	var threads []uint32
	held := []*Conn{acquire(t, m, plain), acquire(t, m, plain)}
	for _, c := range held {
		threads = append(threads, c.ThreadID())
		c.Release()
	}
	awaitIdle(t, m, 2)
	for _, thread := range threads {
		query(t, root, fmt.Sprintf("KILL %d", thread))
		eventually(t, "gone from the server", func() bool {
			return query(t, root, fmt.Sprintf("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID = %d", thread)) == "0"
		})
	}
	c := acquire(t, m, plain)
	defer c.Release()
	if slices.Contains(threads, c.ThreadID()) {
		t.Fatal("a killed connection was handed out")
	}
	if got := query(t, c.link, "SELECT 1"); got != "1" {
		t.Errorf("SELECT 1: %q", got)
	}
	if p := statsOf(m); p.Idle != 0 || p.Reused != 0 {
		t.Errorf("stats: %+v", p)
	}
}

func TestFullPoolMakesCallersWaitInTurn(t *testing.T) {
	m := bounded(t, 1, patience)
	c := acquire(t, m, plain)
	order := make(chan int, 3)
	var callers sync.WaitGroup
	for i := range 3 {
		callers.Go(func() {
			got, err := m.Acquire(context.Background(), 1, plain)
			if err != nil {
				t.Error(err)
				return
			}
			order <- i
			if i == 1 {
				got.Discard() // a slot comes free instead of a connection
			} else {
				got.Release()
			}
		})
		eventually(t, "caller waits", func() bool { return statsOf(m).Waiting == i+1 })
	}
	c.Release()
	callers.Wait()
	for want := range 3 {
		if got := <-order; got != want {
			t.Errorf("caller %d came before caller %d", got, want)
		}
	}
	if p := statsOf(m); p.Opened != 2 || p.Waiting != 0 || p.Waits.Count() != 3 {
		t.Errorf("stats: %+v", p)
	}
}

func TestWaitingEnds(t *testing.T) {
	m := bounded(t, 1, 30*time.Millisecond)
	c := acquire(t, m, plain)

	_, err := m.Acquire(t.Context(), 1, plain)
	if !errors.Is(err, ErrPoolFull) {
		t.Errorf("after WaitTimeout: %v", err)
	}
	_, err = m.Acquire(cancelled(), 1, plain)
	if !errors.Is(err, ErrPoolFull) || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if p := statsOf(m); p.Waiting != 0 || p.Waits.Count() != 2 {
		t.Errorf("after callers gave up: %+v", p)
	}
	c.Release()
	acquire(t, m, plain).Release()
}

func TestTooManyWaitingCallersAreRefused(t *testing.T) {
	needServers(t)
	m := manage(t, Config{MaxPerServer: 1, MaxWaitingPerServer: 1, WaitTimeout: patience}, libraries([]string{first.Addr()}))
	c := acquire(t, m, plain)
	waited := make(chan error)
	go func() {
		next, err := m.Acquire(context.Background(), 1, plain)
		if err == nil {
			next.Release()
		}
		waited <- err
	}()
	eventually(t, "one caller waits", func() bool { return statsOf(m).Waiting == 1 })
	if _, err := m.Acquire(t.Context(), 1, plain); !errors.Is(err, ErrPoolFull) {
		t.Errorf("one more: %v", err)
	}
	c.Release()
	if err := <-waited; err != nil {
		t.Errorf("the one that waited: %v", err)
	}
}

func TestFullPoolMakesRoomForAnotherProfile(t *testing.T) {
	m := bounded(t, 2, patience)
	a, b := acquire(t, m, plain), acquire(t, m, plain)
	oldest := a.ThreadID()
	a.Release()
	awaitIdle(t, m, 1)
	b.Release()
	awaitIdle(t, m, 2)

	other := plain
	other.Collation = 8
	acquire(t, m, other).Discard()
	kept := acquire(t, m, plain)
	defer kept.Discard()
	if kept.ThreadID() == oldest {
		t.Error("the connection that was idle longest was kept")
	}
	if p := statsOf(m); p.Opened != 3 {
		t.Errorf("stats: %+v", p)
	}
}

func TestWaiterOfAnotherProfileGetsTheSlotOfAReleasedConnection(t *testing.T) {
	m := bounded(t, 1, patience)
	c := acquire(t, m, plain)
	other := plain
	other.Collation = 8
	waited := make(chan *Conn, 1)
	go func() {
		got, err := m.Acquire(context.Background(), 1, other)
		if err != nil {
			t.Error(err)
		}
		waited <- got
	}()
	eventually(t, "the caller waits", func() bool { return statsOf(m).Waiting == 1 })
	c.Release()
	got := <-waited
	defer got.Discard()
	if got.link.profile != other {
		t.Errorf("got profile %+v", got.link.profile)
	}
	if p := statsOf(m); p.InUse != 1 || p.Idle != 0 {
		t.Errorf("stats: %+v", p)
	}
}

func TestWaiterGetsTheSlotOfAConnectionThatCannotBeCleaned(t *testing.T) {
	needServers(t)
	for name, leave := range map[string]func(*testing.T, *Conn){
		"refused":     func(t *testing.T, c *Conn) { query(t, c.link, "XA START 'open'") },
		"not in time": keepBusy,
	} {
		t.Run(name, func(t *testing.T) {
			m := manage(t, Config{MaxPerServer: 1, WaitTimeout: patience, ResetTimeout: 50 * time.Millisecond},
				libraries([]string{first.Addr()}))
			c := acquire(t, m, plain)
			leave(t, c)
			thread := c.ThreadID()
			c.Release()
			next := acquire(t, m, plain)
			defer next.Discard()
			if next.ThreadID() == thread {
				t.Error("the connection was reused")
			}
		})
	}
}

func TestPoolNeverExceedsItsBound(t *testing.T) {
	const most = 3
	m := bounded(t, most, patience)
	other := plain
	other.Collation = 8
	var sessions sync.WaitGroup
	for i := range 12 {
		sessions.Go(func() {
			for n := range 8 {
				profile := plain
				if (i+n)%3 == 0 {
					profile = other
				}
				c, err := m.Acquire(context.Background(), 1, profile)
				if err != nil {
					t.Error(err)
					return
				}
				if p := statsOf(m); p.Idle+p.InUse+p.Connecting+p.Resetting > most {
					t.Errorf("more than %d connections: %+v", most, p)
				}
				if n%4 == 0 {
					c.Discard()
				} else {
					c.Release()
				}
			}
		})
	}
	sessions.Wait()
	eventually(t, "everything idle", func() bool { p := statsOf(m); return p.InUse+p.Connecting+p.Resetting == 0 })
	pool := m.servers[first.Addr()].pool
	if pool.count != len(pool.idle) {
		t.Errorf("%d slots are counted, %d connections are idle", pool.count, len(pool.idle))
	}
}

func TestIdleConnectionsExpire(t *testing.T) {
	m := oneConnection(t)
	c := acquire(t, m, plain)
	c.Release()
	awaitIdle(t, m, 1)
	short := settings()
	short.UnusedForwardSessionTimeout = 20 * time.Millisecond
	m.Update(libraries([]string{first.Addr()}), short)
	awaitIdle(t, m, 0)
}

func TestIdleConnectionsAreBounded(t *testing.T) {
	needServers(t)
	m := manage(t, Config{MaxIdlePerServer: 1}, libraries([]string{first.Addr()}))
	a, b := acquire(t, m, plain), acquire(t, m, plain)
	a.Release()
	b.Release()
	awaitIdle(t, m, 1)
}

func TestAcquireAtDoesNotWaitForTheFullPool(t *testing.T) {
	m := bounded(t, 1, patience)
	c := acquire(t, m, plain)
	defer c.Discard()
	beside, err := m.AcquireAt(t.Context(), 1, first.Addr(), plain)
	if err != nil {
		t.Fatal(err)
	}
	query(t, beside.link, fmt.Sprintf("KILL QUERY %d", c.ThreadID()))
	beside.Release()
	if p := statsOf(m); p.InUse != 1 || p.Idle+p.Resetting != 0 {
		t.Errorf("stats: %+v", p)
	}

	var unavailable *UnavailableError
	if _, err := m.AcquireAt(t.Context(), 1, "127.0.0.1:1", plain); !errors.As(err, &unavailable) {
		t.Errorf("a server that is not the library's: %v", err)
	}
	if _, err := m.AcquireAt(t.Context(), fsm.LibraryID(9), first.Addr(), plain); !errors.Is(err, ErrUnknownLibrary) {
		t.Errorf("an unknown library: %v", err)
	}
}
