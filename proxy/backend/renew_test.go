package backend

import (
	"context"
	"errors"
	"testing"
	"time"
)

// growOld makes the idle connections of the first server seem to have been reset
// so long ago.
func growOld(m *Manager, age time.Duration) {
	for _, p := range m.pools() {
		p.mu.Lock()
		for _, l := range p.idle {
			l.cleanSince = l.cleanSince.Add(-age)
		}
		p.mu.Unlock()
	}
}

func TestIdleConnectionLearnsOfChangedGlobals(t *testing.T) {
	m := oneConnection(t)
	root := admin(t, first.Addr())
	const look = "SELECT @@lc_time_names, @@lock_wait_timeout"
	before := query(t, root, "SELECT @@GLOBAL.lc_time_names, @@GLOBAL.lock_wait_timeout")
	t.Cleanup(func() {
		query(t, root, "SET GLOBAL lc_time_names = DEFAULT, lock_wait_timeout = DEFAULT")
	})

	c := acquire(t, m, plain)
	thread := c.ThreadID()
	c.Release()
	awaitIdle(t, m, 1)
	query(t, root, "SET GLOBAL lc_time_names = 'de_DE', lock_wait_timeout = 77")
	growOld(m, renewAfter)

	c = acquire(t, m, plain)
	defer c.Discard()
	if c.ThreadID() != thread {
		t.Fatal("the connection was not reused")
	}
	if got := query(t, c.link, look); got != "de_DE,77" {
		t.Errorf("the session sees %s, set was de_DE,77, before that %s", got, before)
	}
	if p := statsOf(m); p.Cleaned != 2 || p.Reused != 1 || p.InUse != 1 {
		t.Errorf("%+v", p)
	}
}

// An idle connection whose server does not answer is replaced by a new one, and
// the bound holds.
func TestIdleConnectionThatCannotBeRenewedIsReplaced(t *testing.T) {
	needServers(t)
	m := manage(t, Config{MaxPerServer: 1, ResetTimeout: 50 * time.Millisecond}, libraries([]string{first.Addr()}))
	c := acquire(t, m, plain)
	thread := c.ThreadID()
	c.Release()
	awaitIdle(t, m, 1)
	keepBusy(t, c) // it is idle, and answers nothing
	growOld(m, renewAfter)

	c = acquire(t, m, plain)
	if c.ThreadID() == thread {
		t.Error("a connection that does not answer was handed out")
	}
	if p := statsOf(m); p.Unclean != 1 || p.Opened != 2 || p.InUse != 1 || p.Idle != 0 {
		t.Errorf("%+v", p)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := m.Acquire(ctx, 1, plain); !errors.Is(err, ErrPoolFull) {
		t.Errorf("at the bound: %v", err)
	}
	c.Discard()
}
