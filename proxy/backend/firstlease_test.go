package backend

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
)

// An answer that comes just when its library has come to be one that may fail over
// waits for the first lease of the node; one that comes after a lease was lost, or after
// another server may be the active one, does not.
func TestAnAnswerWaitsForTheFirstLeaseOnly(t *testing.T) {
	needServers(t)
	alone := libraries([]string{first.Addr()})
	pair := with(alone, func(l *fsm.Library) {
		l.Servers = []fsm.Server{{Address: first.Addr()}, {Address: second.Addr()}}
		l.Failover.Policy = fsm.FailoverOrdered
	})
	for _, test := range []struct {
		name    string
		told    bool // the manager is told of it at once
		awaited bool // the node waits for its first lease
		then    func(m *Manager, given *lease, applied *atomic.Pointer[fsm.LibrarySet])
		held    bool
	}{
		{"the lease comes", true, true, func(_ *Manager, given *lease, _ *atomic.Pointer[fsm.LibrarySet]) { given.renew() }, true},
		{"the routes come, and the lease", false, false, func(m *Manager, given *lease, applied *atomic.Pointer[fsm.LibrarySet]) {
			given.awaited.Store(true)
			m.Update(applied.Load(), settings())
			given.renew()
		}, true},
		{"the lease was lost", true, false, func(*Manager, *lease, *atomic.Pointer[fsm.LibrarySet]) {}, false},
		{"the server is retired", true, true, func(m *Manager, _ *lease, applied *atomic.Pointer[fsm.LibrarySet]) {
			applied.Store(with(pair, retire))
			m.Update(applied.Load(), settings())
		}, false},
		{"the server is retired, and the lease comes", true, true, func(_ *Manager, given *lease, applied *atomic.Pointer[fsm.LibrarySet]) {
			applied.Store(with(pair, retire))
			given.awaited.Store(false)
			given.renew()
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var applied atomic.Pointer[fsm.LibrarySet]
			applied.Store(alone)
			given := newLease()
			m := manage(t, Config{Lease: given, Libraries: applied.Load}, alone)
			c := acquire(t, m, plain)
			defer c.Discard()
			given.runOut()
			given.awaited.Store(test.awaited)
			applied.Store(pair)
			if test.told {
				m.Update(pair, waiting(time.Hour))
			} else {
				m.Update(alone, waiting(time.Hour))
			}
			if c.Held() {
				t.Fatal("it is held without a lease")
			}
			held := make(chan bool, 1)
			go func() { held <- c.HeldWithFirstLease() }()
			test.then(m, given, &applied)
			select {
			case got := <-held:
				if got != test.held {
					t.Errorf("held: %t", got)
				}
			case <-time.After(time.Minute):
				t.Error("it waits for ever")
			}
		})
	}
}
