package proxy_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	mysqlclient "github.com/go-mysql-org/go-mysql/client"

	"github.com/mysqlda/mysqlda/proxy"
)

// handOver hands the sessions of one node to a second one, as a restart does.
func handOver(t *testing.T, n *node, bound time.Duration) (*node, proxy.HandedOver) {
	t.Helper()
	left, err := n.HandOver(t.Context(), bound)
	if err != nil {
		t.Fatal(err)
	}
	return resume(t, left), left
}

func resume(t *testing.T, left proxy.HandedOver) *node {
	t.Helper()
	next := start(t)
	next.Resume(left.Moved)
	return next
}

// long is a bound that no test waits for.
const long = time.Minute

func TestSessionsGoOnAtTheNextServer(t *testing.T) {
	n := start(t)
	c := n.open(t)
	defer c.Close() // before the server that has it then
	exec(t, c, "select library a2")
	exec(t, c, "create or replace table moved (id int auto_increment primary key, v int) auto_increment=41")
	exec(t, c, "use information_schema")
	exec(t, c, "set time_zone = '+03:00', sql_mode = 'ansi_quotes'")
	exec(t, c, "set @mine = 'kept'")
	prepared, err := c.PrepareContext(t.Context(), "select ? + 1 from dual")
	if err != nil {
		t.Fatal(err)
	}
	defer prepared.Close()
	ours, err := c.PrepareContext(t.Context(), "select library ?")
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	exec(t, c, "insert into calvindb.moved (v) values (7)")
	id := value(t, c, "select connection_id()")

	next, left := handOver(t, n, long)
	if len(left.Moved) != 1 || len(left.Ended) != 0 {
		t.Fatalf("%d moved, ended %v", len(left.Moved), left.Ended)
	}
	if got := value(t, c, "select last_insert_id() from dual"); got != "41" {
		t.Errorf("LAST_INSERT_ID() is %s", got)
	}
	if got := value(t, c, `select concat(@@time_zone, @mine, @@sql_mode, database()) from dual`); got != "+03:00keptANSI_QUOTESinformation_schema" {
		t.Errorf("what was SET came back as %q", got)
	}
	if got := value(t, c, "select connection_id()"); got != id {
		t.Errorf("the connection id is %s, was %s", got, id)
	}
	var sum int
	if err := prepared.QueryRowContext(t.Context(), 41).Scan(&sum); err != nil || sum != 42 {
		t.Errorf("the prepared statement says %d, %v", sum, err)
	}
	wantServer(t, c, servers[1])
	if _, err := ours.ExecContext(t.Context(), "a1"); err != nil {
		t.Errorf("a prepared statement of ours: %v", err)
	}
	wantServer(t, c, servers[0])
	if all := next.Sessions(); len(all) != 1 || all[0].User != user || all[0].Core != "a1" {
		t.Errorf("the next server has %+v", all)
	}
	// A session that comes now must not be given the same id.
	other := next.open(t)
	defer other.Close()
	if got := value(t, other, "select connection_id()"); got == id {
		t.Error("two sessions have one connection id")
	}
	// It can be moved again.
	_, again := handOver(t, next, long)
	if len(again.Moved) != 2 {
		t.Fatalf("%d moved, ended %v", len(again.Moved), again.Ended)
	}
	wantServer(t, c, servers[0])
}

func TestWhatAClientHasSentAheadIsMoved(t *testing.T) {
	n := start(t)
	c := n.raw(t)
	c.query(t, "set @a = 1")
	whole := packet(0x03, "set @b = 2")
	c.send(t, whole[:7]) // the rest comes later
	left, err := n.HandOver(t.Context(), long)
	if err != nil || len(left.Moved) != 1 {
		t.Fatalf("%d moved, ended %v, %v", len(left.Moved), left.Ended, err)
	}
	c.send(t, whole[7:], packet(0x03, "do 1"))
	resume(t, left)
	for range 2 {
		if answer := c.read(t, true); answer[0] != 0 {
			t.Fatalf("got %q", answer)
		}
	}
}

func TestSessionsThatCannotBeMovedAreToldSo(t *testing.T) {
	for name, c := range map[string]struct {
		reason  string
		options []mysqlclient.Option
		does    []string
	}{
		"TLS": {"use TLS", []mysqlclient.Option{func(c *mysqlclient.Conn) error { c.UseSSL(true); return nil }}, nil},
		"temporary table": {
			"had temporary tables, locks, user variables or settings that cannot be made again", nil,
			[]string{"select library a1", "create temporary table gone (a int)"},
		},
		"for the next statement": {
			"had temporary tables, locks, user variables or settings that cannot be made again", nil,
			[]string{"select library a1", "set autocommit = 1, Insert_ID = 5"},
		},
		"transaction": {"were in a transaction or a statement for too long", nil, []string{"select library a1", "begin"}},
	} {
		t.Run(name, func(t *testing.T) {
			n := start(t, withTLS(t))
			client := n.raw(t, c.options...)
			for _, sql := range c.does {
				if _, err := client.Execute(sql); err != nil {
					t.Fatal(err)
				}
			}
			stays := n.open(t)
			defer stays.Close()
			_, left := handOver(t, n, 50*time.Millisecond)
			if len(left.Moved) != 1 || len(left.Ended) != 1 || left.Ended[c.reason] != 1 {
				t.Fatalf("%d moved, ended %v", len(left.Moved), left.Ended)
			}
			client.ResetSequence()
			answer, err := client.ReadPacket()
			if err != nil || answer[0] != 0xff || binary.LittleEndian.Uint16(answer[1:]) != 1053 {
				t.Errorf("the client got %q, %v", answer, err)
			}
			exec(t, stays, "do 1")
		})
	}
}

func TestAHandoverWaitsForTransactionsAndMakesNobodyWaitMeanwhile(t *testing.T) {
	n := start(t)
	busy, other := n.open(t), n.open(t)
	defer busy.Close()
	defer other.Close()
	exec(t, busy, "select library a1")
	exec(t, busy, "begin")
	exec(t, other, "select library b1")
	done := make(chan proxy.HandedOver, 1)
	go func() {
		left, err := n.HandOver(t.Context(), long)
		if err != nil {
			t.Error(err)
		}
		done <- left
	}()
	for range 50 { // others are served, also ones that come now
		exec(t, other, "do 1")
		late := n.open(t)
		exec(t, late, "do 1")
		if err := late.Close(); err != nil {
			t.Error(err)
		}
	}
	select {
	case left := <-done:
		t.Fatalf("handed over in the middle of a transaction: %+v", left)
	default:
	}
	exec(t, busy, "commit")
	left := <-done
	if len(left.Ended) != 0 || len(left.Moved) < 2 {
		t.Fatalf("%d moved, ended %v", len(left.Moved), left.Ended)
	}
	resume(t, left)
	exec(t, busy, "do 1")
	exec(t, other, "do 1")
}

func TestALongStatementIsCutOffAndTheOthersAreMoved(t *testing.T) {
	n := start(t)
	c := n.open(t)
	defer c.Close()
	exec(t, c, "select library a1")
	failed := make(chan error, 1)
	go func() {
		_, err := c.ExecContext(t.Context(), "do sleep(60)")
		failed <- err
	}()
	eventually(t, "the statement runs", func() bool { return n.inUse() == 1 })
	_, left := handOver(t, n, 50*time.Millisecond)
	if len(left.Moved) != 0 || len(left.Ended) != 1 || left.Ended["were in a transaction or a statement for too long"] != 1 {
		t.Errorf("%d moved, ended %v", len(left.Moved), left.Ended)
	}
	if err := <-failed; err == nil {
		t.Error("the statement has succeeded")
	}
}

func TestAHandoverWaitsForTheStatementThatSomethingWasSetFor(t *testing.T) {
	n := start(t)
	c, other := n.open(t), n.open(t)
	defer c.Close()
	defer other.Close()
	exec(t, c, "select library a1")
	exec(t, c, "create or replace table next_one (id int auto_increment primary key, v int)")
	exec(t, other, "select library b1")
	exec(t, other, "set last_insert_id = 7") // which is kept
	exec(t, c, "set insert_id = 77")
	done := make(chan proxy.HandedOver, 1)
	go func() {
		left, err := n.HandOver(t.Context(), long)
		if err != nil {
			t.Error(err)
		}
		done <- left
	}()
	for range 50 {
		exec(t, n.open(t), "do 1")
	}
	select {
	case left := <-done:
		t.Fatalf("handed over before the next statement: %+v", left)
	default:
	}
	exec(t, c, "insert into next_one (v) values (1)")
	left := <-done
	if len(left.Ended) != 0 || len(left.Moved) < 2 {
		t.Fatalf("%d moved, ended %v", len(left.Moved), left.Ended)
	}
	resume(t, left)
	if got := value(t, c, "select group_concat(id) from next_one"); got != "77" {
		t.Errorf("the row has the id %s", got)
	}
	if got := value(t, other, "select last_insert_id() from dual"); got != "7" {
		t.Errorf("LAST_INSERT_ID() is %s", got)
	}
}

// lateListener accepts one connection, at the moment when it is closed.
type lateListener struct {
	net.Listener
	conn    net.Conn
	waiting chan struct{} // closed when somebody accepts
	closed  chan struct{}
	once    sync.Once
}

func (l *lateListener) Accept() (net.Conn, error) {
	conn := l.conn
	if conn == nil {
		return nil, net.ErrClosed
	}
	l.conn = nil
	close(l.waiting)
	<-l.closed
	return conn, nil
}

func (l *lateListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

func TestAConnectionThatIsAcceptedDuringAHandoverGetsIn(t *testing.T) {
	n := start(t)
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	client, err := net.Dial("tcp", inner.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	late := &lateListener{Listener: inner, waiting: make(chan struct{}), closed: make(chan struct{})}
	if late.conn, err = inner.Accept(); err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- n.Serve(late) }()
	<-late.waiting
	_, left := handOver(t, n, long)
	if err := <-served; err != nil {
		t.Error(err)
	}
	if len(left.Moved) != 1 || left.Moved[0].Session != nil {
		t.Fatalf("moved %+v, ended %v", left.Moved, left.Ended)
	}
	if err := client.SetReadDeadline(time.Now().Add(long)); err != nil {
		t.Fatal(err)
	}
	greeting := make([]byte, 5)
	if _, err := io.ReadFull(client, greeting); err != nil || greeting[4] != 10 {
		t.Errorf("greeted with %q, %v", greeting, err)
	}
}

func TestAHandoverThatIsBrokenOffEndsTheSessions(t *testing.T) {
	n := start(t)
	idle, busy := n.raw(t), n.open(t)
	exec(t, busy, "select library a1")
	exec(t, busy, "begin")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := n.HandOver(ctx, long); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	exec(t, busy, "do 1") // as at any stop
	exec(t, busy, "commit")
	if err := n.Shutdown(within(t)); err != nil {
		t.Fatal(err)
	}
	idle.ResetSequence()
	answer, err := idle.ReadPacket()
	if err != nil || answer[0] != 0xff || binary.LittleEndian.Uint16(answer[1:]) != 1053 {
		t.Errorf("the client got %q, %v", answer, err)
	}
	if _, err := n.HandOver(t.Context(), long); !errors.Is(err, proxy.ErrNotServing) {
		t.Errorf("a second one: %v", err)
	}
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), long)
	t.Cleanup(cancel)
	return ctx
}

func withTLS(t *testing.T) option {
	cert := selfMade(t)
	return func(_ *directory, c *proxy.Config) {
		c.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	}
}
