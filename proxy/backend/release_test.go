package backend

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

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
