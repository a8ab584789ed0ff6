package backend

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
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
	held    atomic.Bool
	awaited atomic.Bool

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

func (l *lease) Awaited() bool { return l.awaited.Load() }

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
