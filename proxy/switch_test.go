package proxy_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy"
	"github.com/mysqlda/mysqlda/proxy/backend"
	"github.com/mysqlda/mysqlda/proxy/wire"
	"github.com/mysqlda/mysqlda/test/harness/fakeserver"
)

// lease is one that the test gives and takes.
type lease struct {
	held atomic.Bool

	mu      sync.Mutex
	renewed chan struct{}
}

func (l *lease) Holds() bool { return l.held.Load() }

func (l *lease) Awaited() bool { return false }

func (l *lease) Renewed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.renewed
}

func (l *lease) renew() {
	l.held.Store(true)
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.renewed)
	l.renewed = make(chan struct{})
}

// switching has library_1 be one that may fail over between both servers, and returns
// the lease that it needs. wait is the settings' Failover.Wait.
func switching(given *lease, wait time.Duration) option {
	return func(d *directory, c *proxy.Config) {
		first := library(1, "library_1", servers[0].Addr(), servers[1].Addr())
		first.Failover.Policy = fsm.FailoverOrdered
		d.libraries = fsm.NewLibrarySet(1, []fsm.Library{first, library(2, "library_2", servers[0].Addr())})
		d.settings.Failover.Wait = wait
		given.renewed = make(chan struct{})
		given.held.Store(true)
		c.Backends = backend.New(backend.Config{Lease: given, Logger: c.Logger, Registerer: prometheus.NewRegistry()})
	}
}

// ample is more than any test waits.
const ample = time.Minute

// change changes library_1, as the log does.
func (n *node) change(steps ...func(*fsm.Library)) {
	d := n.directory
	for _, step := range steps {
		d.mu.Lock()
		list := slices.Clone(d.libraries.All())
		step(&list[0])
		d.libraries = fsm.NewLibrarySet(d.libraries.Version()+1, list)
		d.mu.Unlock()
		n.backends.Update(d.Libraries(), d.Settings())
	}
}

// The steps of a switch, as the state machine takes them.

func drain(l *fsm.Library) { l.Switch = &fsm.Switch{Phase: fsm.SwitchDraining, From: l.Active} }

func cancelDrain(l *fsm.Library) { l.Switch = nil }

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

// release lets go of library_1's retired server.
func (n *node) release(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := n.backends.Release(ctx, 1, n.directory.Libraries().ByID(1).ActiveEpoch); err != nil {
		t.Fatal(err)
	}
}

// statement executes a statement meanwhile.
func statement(c *sql.Conn, query string) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := c.ExecContext(context.Background(), query)
		done <- err
	}()
	return done
}

// wantWaiting checks that a statement still waits, a moment later.
func wantWaiting(t *testing.T, what string, done <-chan error) {
	t.Helper()
	select {
	case err := <-done:
		t.Fatalf("%s: it did not wait (%v)", what, err)
	case <-time.After(50 * time.Millisecond):
	}
}

// both prepares a table at both servers.
func both(t *testing.T, table string) {
	t.Helper()
	for _, server := range servers {
		if _, err := direct(t, server).ExecContext(t.Context(), "create or replace table "+database+"."+table+" (a int) engine=innodb"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestStatementsWaitForTheNextActiveServer(t *testing.T) {
	n := start(t, switching(new(lease), ample))
	attached, fresh, elsewhere := n.open(t), n.open(t), n.open(t)
	exec(t, attached, "select library a1")
	exec(t, attached, "set @@session.sql_mode = 'ANSI_QUOTES'")
	wantServer(t, attached, servers[0])
	exec(t, fresh, "select library a1")
	exec(t, elsewhere, "select library a2") // at the same server
	thread := value(t, elsewhere, "select connection_id() from dual")

	n.change(retire)
	first, second := statement(attached, "do 1"), statement(fresh, "do 1")
	n.release(t)
	wantWaiting(t, "with a connection", first)
	wantWaiting(t, "without one", second)
	if got := value(t, elsewhere, "select connection_id() from dual"); got != thread {
		t.Error("a session of another library of that server has lost its connection")
	}
	n.change(activate(servers[1].Addr()))
	for _, done := range []<-chan error{first, second} {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	wantServer(t, attached, servers[1])
	wantServer(t, fresh, servers[1])
	if got := value(t, attached, "select @@sql_mode from dual"); got != "ANSI_QUOTES" {
		t.Errorf("at the next server the session has sql_mode %q", got)
	}
}

// TestWhatIsLostWithARetiredServerIsTold has sessions in every state when the active
// server is retired.
func TestWhatIsLostWithARetiredServerIsTold(t *testing.T) {
	n := start(t, switching(new(lease), ample))
	both(t, "switched")
	transaction, made, committing := n.open(t), n.open(t), n.open(t)
	for _, c := range []*sql.Conn{transaction, made, committing} {
		exec(t, c, "select library a1")
	}
	exec(t, made, "create temporary table mine (a int)")
	for _, c := range []*sql.Conn{transaction, committing} {
		exec(t, c, "begin")
		exec(t, c, "insert into switched values (1)")
	}
	n.change(retire)
	n.release(t)
	n.change(activate(servers[1].Addr()))
	execError(t, transaction, 9514, "insert into switched values (2)")
	execError(t, committing, 9514, "commit")
	execError(t, made, 9525, "insert into mine values (1)")
	for _, c := range []*sql.Conn{transaction, made, committing} {
		wantServer(t, c, servers[1])
	}
	for _, server := range servers {
		var count int
		err := direct(t, server).QueryRowContext(t.Context(), "select count(*) from "+database+".switched").Scan(&count)
		if err != nil || count != 0 {
			t.Errorf("%d rows at port %d (%v)", count, server.Port(), err)
		}
	}
}

func TestStatementUnderWayAtARetiredServerHasAnUnknownOutcome(t *testing.T) {
	n := start(t, switching(new(lease), ample))
	c := n.open(t)
	exec(t, c, "select library a1")
	blocker, err := direct(t, servers[0]).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer blocker.Close()
	exec(t, blocker, "do get_lock('retired', 0)")
	done := statement(c, "do get_lock('retired', 57)")
	eventually(t, "it runs", func() bool { return running(t, 0, "do get_lock('retired', 57)") == 1 })
	n.change(retire)
	n.release(t)
	wantError(t, <-done, 9513)
	n.change(activate(servers[1].Addr()))
	wantServer(t, c, servers[1])
}

// TestSlowClientDoesNotHoldUpRelease has a client not read the rows that it has asked
// for.
func TestSlowClientDoesNotHoldUpRelease(t *testing.T) {
	n := start(t, switching(new(lease), ample))
	deaf := n.raw(t)
	deaf.query(t, "select library a1")
	deaf.send(t, packet(0x03, "select repeat('x', 10000) from seq_1_to_1000000"))
	eventually(t, "it runs", func() bool { return running(t, 0, "select repeat('x', 10000)") == 1 })
	n.change(retire)
	n.release(t)
	eventually(t, "it runs no more", func() bool { return running(t, 0, "select repeat('x', 10000)") == 0 })
	if err := deaf.socket.Close(); err != nil {
		t.Error(err)
	}
}

func TestWaitForAnActiveServerIsBounded(t *testing.T) {
	const wait = 1200 * time.Millisecond
	given := new(lease)
	n := start(t, switching(given, wait), func(_ *directory, c *proxy.Config) {
		c.AcquireTimeout = time.Second // is no bound for that
	})
	attached, fresh := n.open(t), n.open(t)
	nowhere := []*sql.Conn{n.open(t), n.open(t)} // their ids have them begin at different libraries
	for _, c := range nowhere {
		exec(t, c, "do 1")
	}
	refused := func(number uint16) {
		t.Helper()
		began := time.Now()
		first, second := statement(attached, "do 1"), statement(fresh, "do 1")
		wantError(t, <-first, number)
		wantError(t, <-second, number)
		if took := time.Since(began); took < wait {
			t.Errorf("they have waited for %s", took)
		}
		for _, c := range nowhere {
			exec(t, c, "do 1") // at the other library
		}
	}
	exec(t, attached, "select library a1")
	exec(t, attached, "begin")
	exec(t, attached, "do (select count(*) from mysql.db)")
	exec(t, fresh, "select library a1")
	given.held.Store(false)
	refused(9529)
	given.renew()
	exec(t, attached, "commit") // nothing is lost
	thread := value(t, attached, "select connection_id() from dual")
	n.change(drain)
	refused(9528)
	n.change(cancelDrain)
	if got := value(t, attached, "select connection_id() from dual"); got != thread {
		t.Error("a drain that was given up has cost the connection")
	}
	n.change(retire)
	refused(9528)
}

// TestSessionInNoLibraryWaitsIfNoLibraryCanBeUsed is of what drivers ask for before a
// library is selected.
func TestSessionInNoLibraryWaitsIfNoLibraryCanBeUsed(t *testing.T) {
	n := start(t, switching(new(lease), ample), func(d *directory, _ *proxy.Config) {
		d.libraries = fsm.NewLibrarySet(1, d.libraries.All()[:1])
	})
	attached, fresh := n.open(t), n.open(t)
	exec(t, attached, "do 1")
	n.change(drain)
	all := []<-chan error{statement(attached, "do 1"), statement(fresh, "do 1")}
	for _, done := range all {
		wantWaiting(t, "draining", done)
	}
	n.change(retire, activate(servers[1].Addr()))
	for _, done := range all {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestAnswerThatComesWithoutALeaseIsNotPassedOn(t *testing.T) {
	given := new(lease)
	n := start(t, switching(given, ample))
	c := n.open(t)
	exec(t, c, "select library a1")
	blocker, err := direct(t, servers[0]).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer blocker.Close()
	exec(t, blocker, "do get_lock('leased', 0)")
	done := statement(c, "do get_lock('leased', 58)")
	eventually(t, "it runs", func() bool { return running(t, 0, "do get_lock('leased', 58)") == 1 })
	given.held.Store(false)
	exec(t, blocker, "do release_lock('leased')")
	wantError(t, <-done, 9513)
	waiting := statement(c, "do 1")
	wantWaiting(t, "no lease", waiting)
	given.renew()
	if err := <-waiting; err != nil {
		t.Error(err)
	}
	wantServer(t, c, servers[0])
}

// TestIdleSessionWithoutALeaseKeepsWhatOnlyItsServerKnows has two sessions idle, of
// which the later one has nothing that a server would have to be asked for. What the
// other was answered is not what LAST_INSERT_ID() says.
func TestIdleSessionWithoutALeaseKeepsWhatOnlyItsServerKnows(t *testing.T) {
	given := new(lease)
	n := start(t, parkSoon, switching(given, ample))
	c, other := n.open(t), n.open(t)
	both(t, "forgotten")
	for _, c := range []*sql.Conn{c, other} {
		exec(t, c, "select library a1")
		exec(t, c, "do 1")
	}
	exec(t, c, "create or replace table unsure (id int auto_increment primary key)")
	exec(t, c, "do last_insert_id(5)")
	exec(t, c, "insert into unsure values (77)")
	exec(t, other, "insert into forgotten values (1)")
	given.held.Store(false)
	eventually(t, "the other session was parked", func() bool { return n.inUse() == 1 })
	given.renew()
	eventually(t, "both were parked", func() bool { return n.inUse() == 0 })
	if got := value(t, c, "select last_insert_id() from dual"); got != "5" {
		t.Errorf("LAST_INSERT_ID() is %s, want 5", got)
	}
}

// TestDrainLetsTransactionsEnd has sessions in every state when library_1 drains.
func TestDrainLetsTransactionsEnd(t *testing.T) {
	n := start(t, switching(new(lease), ample))
	both(t, "drained")
	transaction, other, made := n.open(t), n.open(t), n.open(t)
	for _, c := range []*sql.Conn{transaction, other, made} {
		exec(t, c, "select library a1")
		wantServer(t, c, servers[0])
	}
	named := n.open(t, "connectionAttributes=mysqlda_core:a1") // has said nothing yet
	exec(t, made, "create temporary table kept (a int)")
	exec(t, transaction, "begin")
	exec(t, transaction, "insert into drained values (1)")
	n.change(drain)
	drained := make(chan error, 1)
	go func() {
		_, err := n.backends.Drained(context.Background(), 1, 1)
		drained <- err
	}()
	waiting := statement(other, "insert into drained values (3)")
	wantWaiting(t, "a transaction is open", drained)
	wantWaiting(t, "draining", waiting)
	exec(t, transaction, "insert into drained values (2)")
	wantWaiting(t, "a transaction is still open", drained)
	exec(t, transaction, "commit")
	if err := <-drained; err != nil {
		t.Fatal(err)
	}
	again := statement(transaction, "begin")
	wantWaiting(t, "another transaction", again)
	n.change(retire)
	n.release(t)
	n.change(activate(servers[1].Addr()))
	for _, done := range []<-chan error{waiting, again} {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	execError(t, made, 9525, "insert into kept values (1)")
	wantServer(t, named, servers[1])
	for i, want := range []int{2, 1} {
		var count int
		err := direct(t, servers[i]).QueryRowContext(t.Context(), "select count(*) from "+database+".drained").Scan(&count)
		if err != nil || count != want {
			t.Errorf("%d rows at server %d (%v), want %d", count, i, err, want)
		}
	}
}

// TestSessionThatHasOnlyLoggedInDoesNotHoldUpADrain is of one whose database was
// checked.
func TestSessionThatHasOnlyLoggedInDoesNotHoldUpADrain(t *testing.T) {
	n := start(t, switching(new(lease), ample), func(d *directory, c *proxy.Config) {
		d.settings.DefaultLibrary = "library_1"
		c.ParkAfter = -1
	})
	db, err := sql.Open("mysql", fmt.Sprintf("%s:%s@tcp(%s)/mysql", user, password, n.addr))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	c, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if in := n.backends.Pools()[0].InUse; in != 1 {
		t.Fatalf("%d connections are in use: the test shows nothing", in)
	}
	n.change(drain)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if open, err := n.backends.Drained(ctx, 1, 1); err != nil {
		t.Errorf("%d connections are in use: %v", open, err)
	}
}

func TestClientThatLeavesWhileItWaitsForAnActiveServer(t *testing.T) {
	n := start(t, switching(new(lease), ample))
	fresh, attached := n.raw(t), n.raw(t)
	for _, c := range []*rawClient{fresh, attached} {
		c.query(t, "select library a1")
	}
	attached.query(t, "do (select 1)")
	n.change(drain)
	for _, c := range []*rawClient{fresh, attached} {
		c.send(t, packet(0x03, "do 1"))
	}
	killed := n.open(t)
	exec(t, killed, "select library a1")
	id := value(t, killed, "select connection_id()")
	interrupted := statement(killed, "do 1")
	wantWaiting(t, "draining", interrupted)
	exec(t, n.open(t), "kill query "+id)
	wantError(t, <-interrupted, 1317)
	for _, c := range []*rawClient{fresh, attached} {
		if err := c.socket.Close(); err != nil {
			t.Error(err)
		}
	}
	eventually(t, "their sessions have ended", func() bool { return len(n.Sessions()) == 2 })
}

// TestNoCommandOfASessionGetsPastADrain tries all that sessions send to servers, at a
// scripted one that sees it.
func TestNoCommandOfASessionGetsPastADrain(t *testing.T) {
	f := startFake(t, func(c *fakeserver.Conn, payload []byte) []fakeserver.Step {
		if payload[0] == wire.ComStmtPrepare { // one parameter, no columns
			caps := c.Capabilities()
			return []fakeserver.Step{fakeserver.Send(fakeserver.Prepared(caps, 7, 1)...)}
		}
		return nil
	})
	n := start(t, serves(f), func(d *directory, _ *proxy.Config) { d.settings.Failover.Wait = 20 * time.Millisecond })
	all := []byte{0x02, 0x03, 0x04, 0x09, 0x0e, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1f, 0x11}
	for _, test := range []struct {
		name     string
		code     byte
		argument string
		silent   bool // no answer
	}{
		{name: "query", code: 0x03, argument: "do 1"},
		{name: "set", code: 0x03, argument: "set @a = 1"},
		{name: "ping", code: 0x0e},
		{name: "statistics", code: 0x09},
		{name: "field list", code: 0x04, argument: "t\x00"},
		{name: "default database", code: 0x02, argument: "mysql"},
		{name: "use", code: 0x03, argument: "use mysql"},
		{name: "option", code: 0x1b, argument: "\x00\x00"},
		{name: "prepare", code: 0x16, argument: "select ?"},
		{name: "execute", code: 0x17, argument: "\x01\x00\x00\x00\x00\x01\x00\x00\x00\x01"},
		{name: "long data", code: 0x18, argument: "\x01\x00\x00\x00\x00\x00x", silent: true},
		{name: "reset of a statement", code: 0x1a, argument: "\x01\x00\x00\x00"},
		{name: "fetch", code: 0x1c, argument: "\x01\x00\x00\x00\x01\x00\x00\x00"},
		{name: "close of a statement", code: 0x19, argument: "\x01\x00\x00\x00", silent: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := n.peer(t, everything)
			c.query(t, "select library a1")
			c.query(t, "do 2")
			c.send(t, 0x16, "select ?")
			for range 2 { // no ends of definitions
				if _, _, err := c.read(); err != nil {
					t.Fatal(err)
				}
			}
			eventually(t, "the sessions before have left nothing to do", func() bool {
				p := n.backends.Pools()[0]
				return p.InUse == 1 && p.Resetting == 0
			})
			n.change(drain)
			before := len(f.of(all...))
			c.send(t, test.code, test.argument)
			if !test.silent {
				if code := c.outcome(t, 1); code != 9528 {
					t.Errorf("got error %d", code)
				}
			}
			c.query(t, "select library a1") // the session is done with it
			n.change(cancelDrain)
			c.query(t, "do 3")
			if seen := f.of(all...)[before:]; len(seen) != 1 || seen[0].payload != "\x03do 3" {
				t.Errorf("the server has got %v", seen)
			}
		})
	}
}

// TestEveryStatementIsExecutedOnceWhileActiveServersChange has sessions execute
// numbered statements while two scripted servers take turns. Each may arrive once at
// most, and what was acknowledged must have arrived while its server was the active
// one.
func TestEveryStatementIsExecutedOnceWhileActiveServersChange(t *testing.T) {
	var now atomic.Int64 // how many servers were let go of
	var mu sync.Mutex
	arrived := make(map[string][]int64) // when, by statement
	note := func(server int64) answers {
		return func(c *fakeserver.Conn, payload []byte) []fakeserver.Step {
			if text := string(payload[1:]); strings.HasPrefix(text, "do ") {
				mu.Lock()
				arrived[text] = append(arrived[text], 2*now.Load()+server)
				mu.Unlock()
			}
			return nil
		}
	}
	fakes := [2]*fakeLibrary{startFake(t, note(0)), startFake(t, note(1))}
	n := start(t, func(d *directory, c *proxy.Config) {
		d.libraries = fsm.NewLibrarySet(1, []fsm.Library{library(1, "library_1", fakes[0].Addr(), fakes[1].Addr())})
		c.Backends = backend.New(backend.Config{ProbeInterval: time.Hour, Logger: c.Logger, Registerer: prometheus.NewRegistry()})
	})
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	var sessions sync.WaitGroup
	var acknowledged, lost atomic.Int64
	for i := range 8 {
		c := n.peer(t, wire.ClientDeprecateEOF)
		c.query(t, "select library a1")
		sessions.Go(func() {
			for k := 0; ctx.Err() == nil; k++ {
				text := fmt.Sprintf("do %d.%d", i, k)
				c.ask(t, text)
				_, answer, err := c.read()
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				times := arrived[text]
				mu.Unlock()
				switch {
				case answer[0] == 0 && len(times) != 1:
					t.Errorf("a statement that was acknowledged has arrived %d times", len(times))
				case answer[0] == 0:
					acknowledged.Add(1)
					// Server 0 is active first, and then each after the other.
					if epoch, server := times[0]/2, times[0]%2; epoch%2 != server {
						t.Errorf("a statement was acknowledged that server %d executed after %d had been let go of", server, epoch)
					}
				default:
					lost.Add(1)
					if code := errorCode(answer); code != 9513 {
						t.Errorf("got error %d", code)
					}
				}
			}
		})
	}
	for i := 1; ctx.Err() == nil; i++ {
		n.change(retire)
		n.release(t)
		now.Add(1)
		n.change(activate(fakes[i%2].Addr()))
		target := acknowledged.Load() + 16
		eventually(t, "sessions work", func() bool { return acknowledged.Load() >= target || ctx.Err() != nil })
	}
	sessions.Wait()
	mu.Lock()
	defer mu.Unlock()
	for text, times := range arrived {
		if len(times) > 1 {
			t.Errorf("%s has arrived %d times", text, len(times))
		}
	}
	t.Logf("%d switches, %d statements acknowledged, %d lost", now.Load(), acknowledged.Load(), lost.Load())
	if now.Load() < 10 || lost.Load() == 0 {
		t.Error("that shows nothing")
	}
}

func errorCode(answer []byte) uint16 {
	if len(answer) < 3 || answer[0] != 0xff {
		return 0
	}
	return uint16(answer[1]) | uint16(answer[2])<<8
}
