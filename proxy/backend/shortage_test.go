package backend

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

// fewConnections starts a server that takes ten connections, of which one is
// for its administrator, and returns the account of those for whom the others
// are.
func fewConnections(t *testing.T) (*mysqld.Server, *link, account) {
	t.Helper()
	s := mysqld.ForTest(t, mysqld.Options{Args: []string{"--max-connections=10"}})
	root := admin(t, s.Addr())
	query(t, root, "CREATE USER guest IDENTIFIED BY 'secret'")
	query(t, root, "GRANT ALL ON test.* TO guest")
	return s, root, account{user: "guest", password: "secret"}
}

// manageAs makes a manager that logs in with that account.
func manageAs(t *testing.T, cfg Config, address string, as account) *Manager {
	t.Helper()
	m := manage(t, cfg, libraries())
	s := settings()
	s.User, s.Password = as.user, as.password
	m.Update(libraries([]string{address}), s)
	// The only probe must not take the place that a test makes later.
	eventually(t, "probed", func() bool { return !healthOf(m, address).CheckedAt.IsZero() })
	return m
}

// fill opens connections until the guests have all nine that are theirs. The
// server may refuse one before, while connections of others are ending.
func fill(t *testing.T, address string, root *link, as account) (held []*link) {
	t.Helper()
	for {
		l, err := dial(t.Context(), address, as, plain)
		if takesNoMore(err) {
			if query(t, root, "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'guest'") == "9" {
				return held
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(l.cut)
		held = append(held, l)
	}
}

func TestCallersWaitWhileTheServerIsFull(t *testing.T) {
	needServers(t)
	s, root, as := fewConnections(t)
	m := manageAs(t, Config{ProbeInterval: time.Hour, WaitTimeout: patience}, s.Addr(), as)
	held := acquire(t, m, plain)
	strangers := fill(t, s.Addr(), root, as)

	type outcome struct {
		conn *Conn
		err  error
	}
	got := make(chan outcome, 2)
	for range cap(got) {
		go func() {
			c, err := m.Acquire(context.Background(), 1, plain)
			got <- outcome{c, err}
		}()
	}
	eventually(t, "both callers wait", func() bool { return statsOf(m).Waiting == cap(got) })
	thread := held.ThreadID()
	held.Release()
	one := <-got
	if one.err != nil || one.conn.ThreadID() != thread {
		t.Fatalf("what a session gave back did not go to the first caller: %v", one.err)
	}
	defer one.conn.Discard()
	strangers[0].quit()
	other := <-got
	if other.err != nil {
		t.Fatalf("the server took connections again, and the caller got %v", other.err)
	}
	other.conn.Discard()
	if p := statsOf(m); p.Short == 0 || p.Waiting != 0 {
		t.Errorf("%+v", p)
	}
	if h := healthOf(m, s.Addr()); !h.Healthy {
		t.Errorf("a full server passes for dead: %+v", h)
	}
}

func TestCallersWaitForAServerThatIsFullOfStrangers(t *testing.T) {
	needServers(t)
	s, root, as := fewConnections(t)
	strangers := fill(t, s.Addr(), root, as)
	m := manageAs(t, Config{ProbeInterval: time.Hour, WaitTimeout: time.Hour}, s.Addr(), as)
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			c, err := m.Acquire(t.Context(), 1, plain)
			if err != nil {
				t.Error(err)
				return
			}
			c.Discard()
		})
	}
	eventually(t, "all callers wait", func() bool { return m.Waiting() == 8 })
	strangers[0].quit()
	callers.Wait()
	if p := m.servers[s.Addr()].pool; p.count != 0 || m.Waiting() != 0 {
		t.Errorf("%d slots are taken, %d callers wait", p.count, m.Waiting())
	}
}

func TestWaitingForAFullServerEnds(t *testing.T) {
	needServers(t)
	s, root, as := fewConnections(t)
	query(t, root, "ALTER USER guest WITH MAX_USER_CONNECTIONS 2") // the probe has the other one
	m := manageAs(t, Config{ProbeInterval: time.Hour, WaitTimeout: 60 * time.Millisecond}, s.Addr(), as)
	held := acquire(t, m, plain)
	defer held.Discard()
	_, err := m.Acquire(t.Context(), 1, plain)
	var refused *RefusedError
	if !errors.Is(err, ErrPoolFull) || !errors.As(err, &refused) || refused.Code != codeUserLimitReached {
		t.Errorf("%v", err)
	}
	if p := statsOf(m); p.TimedOut != 1 || p.Waiting != 0 || p.InUse != 1 {
		t.Errorf("%+v", p)
	}
}

func TestFullServerGetsRoomForAnotherProfile(t *testing.T) {
	needServers(t)
	s, root, as := fewConnections(t)
	m := manageAs(t, Config{ProbeInterval: time.Hour, WaitTimeout: patience}, s.Addr(), as)
	acquire(t, m, plain).ReleaseSettled()
	awaitIdle(t, m, 1)
	fill(t, s.Addr(), root, as)
	held := acquire(t, m, plain) // so that there is something to wait for
	defer held.Discard()
	spare := plain
	spare.Collation = 8
	got := make(chan error, 1)
	go func() {
		c, err := m.Acquire(context.Background(), 1, spare)
		if err == nil {
			c.Discard()
		}
		got <- err
	}()
	eventually(t, "the caller waits", func() bool { return statsOf(m).Waiting == 1 })
	held.ReleaseSettled() // it does not fit, but its place does
	if err := <-got; err != nil {
		t.Error(err)
	}
}

// However many callers wait, a server that takes no more is asked now and then,
// by one of them.
func TestFullServerIsNotHammered(t *testing.T) {
	needServers(t)
	s, root, as := fewConnections(t)
	query(t, root, "ALTER USER guest WITH MAX_USER_CONNECTIONS 1")
	proxied := counting(t, s.Addr())
	m := manageAs(t, Config{ProbeInterval: time.Hour, ProbeTimeout: time.Nanosecond, WaitTimeout: time.Second}, proxied.address, as)
	held := acquire(t, m, plain)
	defer held.Discard()
	before := proxied.connections.Load()
	var callers sync.WaitGroup
	call := func() {
		if _, err := m.Acquire(t.Context(), 1, plain); !errors.Is(err, ErrPoolFull) {
			t.Errorf("%v", err)
		}
	}
	callers.Go(call)
	eventually(t, "the first caller waits", func() bool { return statsOf(m).Waiting == 1 })
	for range 50 {
		callers.Go(call)
	}
	callers.Wait()
	// Pauses of 20, 40, 80, ... ms leave room for six tries, or a few more with their
	// jitter.
	if tries := proxied.connections.Load() - before; tries > 12 {
		t.Errorf("the server was tried %d times in a second", tries)
	}
}

// counter passes connections on and counts them.
type counter struct {
	address     string
	connections atomic.Int64
}

func counting(t *testing.T, to string) *counter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &counter{address: l.Addr().String()}
	var pumps sync.WaitGroup
	pumps.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			c.connections.Add(1)
			there, err := net.Dial("tcp", to)
			if err != nil {
				t.Error(err)
				closeQuietly(from)
				continue
			}
			for _, pair := range [][2]net.Conn{{from, there}, {there, from}} {
				pumps.Go(func() {
					_, _ = pair[0].(*net.TCPConn).WriteTo(pair[1]) // one end hangs up sooner or later
					closeQuietly(pair[0])
					closeQuietly(pair[1])
				})
			}
		}
	})
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		pumps.Wait()
	})
	return c
}

func TestShortagePausesGrowToABound(t *testing.T) {
	p := newPool(t.Context(), Config{}.withDefaults(), nil, make(chan struct{}, 1), target{server: "a:1"}, testAccount)
	p.count = 100
	for range 20 {
		p.beginShortage(&waiter{}, errors.New("full"))
		if p.shortage.pause > maxShortagePause || p.shortage.pause < minShortagePause {
			t.Fatalf("a pause of %s", p.shortage.pause)
		}
		until := p.shortage.until
		p.beginShortage(&waiter{}, errors.New("full at the same time"))
		if p.shortage.until != until {
			t.Fatal("refusals of the same moment prolong the pause")
		}
		p.shortage.until = time.Now() // the pause is over
	}
	if p.shortage.pause != maxShortagePause {
		t.Errorf("a pause of %s in the end", p.shortage.pause)
	}
	p.endShortage()
	p.shortage.timer.Stop()
	if p.pausing() || p.runsShort() {
		t.Error("the shortage does not end")
	}
}
