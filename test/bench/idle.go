package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/mysqlda/mysqlda/test/bench/observe"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

const (
	// heldSessions are few enough for a node's pool of backend connections, and
	// so many at a time execute a statement.
	heldSessions = 200
	// parkAfter is after how many seconds a session gives its backend connection
	// back: sooner than by default, because there are many batches.
	parkAfter = 1
	// parkingTimeout bounds the wait until idle sessions have given their
	// backend connections back.
	parkingTimeout = 30 * time.Second
)

// idleKind is a way in which sessions are idle.
type idleKind struct {
	title     string
	sessions  int
	statement string // that each has executed; "" for none
	parked    bool   // they must have given their backend connections back since
}

const parkedTitle = "idle after a statement, backend connection given back"

func idleKinds(sessions int) []idleKind {
	return []idleKind{
		{title: "idle since the login", sessions: sessions},
		{title: parkedTitle, sessions: sessions, statement: "do 1", parked: true},
		{title: "idle in a transaction, with a backend connection each", sessions: min(heldSessions, sessions), statement: "begin"},
	}
}

// measureIdle takes the memory right when the sessions have become idle: what
// their logins left for the garbage collector is included.
func (b *bench) measureIdle(ctx context.Context, s *stage, k idleKind) error {
	return s.eachProxy(ctx, func(t target) error {
		m := memory{title: k.title, target: t.name, sessions: k.sessions}
		if t.most > 0 {
			m.sessions = min(m.sessions, t.most)
		}
		if err := m.measure(ctx, t, s.server, k); err != nil {
			return err
		}
		b.memory = append(b.memory, m)
		return nil
	})
}

func (m *memory) measure(ctx context.Context, t target, server *sql.DB, k idleKind) (err error) {
	connected, err := serverConnections(ctx, server)
	if err != nil {
		return err
	}
	first, err := k.open(ctx, t, firstSessions)
	defer func() { err = errors.Join(err, quitAll(first)) }()
	if err != nil {
		return err
	}
	before, err := usageOf(ctx, t)
	if err != nil {
		return err
	}
	rest, err := k.open(ctx, t, m.sessions-firstSessions)
	defer func() { err = errors.Join(err, quitAll(rest)) }()
	if err != nil {
		return err
	}
	after, err := usageOf(ctx, t)
	if err != nil {
		return err
	}
	m.usage = after.each(before, len(rest))
	now, err := serverConnections(ctx, server)
	m.backends = now - connected
	return err
}

// open makes sessions idle in that way. Those that it returns must be closed,
// also after an error.
func (k idleKind) open(ctx context.Context, t target, n int) ([]*client, error) {
	clients, err := connectAll(ctx, t.addr, n, &net.Dialer{})
	if err != nil {
		return clients, err
	}
	for some := range slices.Chunk(clients, heldSessions) {
		if err := askAll(some, k.statement); err != nil {
			return clients, err
		}
		if k.parked && t.http != "" {
			if err := awaitParked(ctx, t); err != nil {
				return clients, err
			}
		}
	}
	return clients, nil
}

// askAll has every client execute the statement, one after the other and with
// one buffer.
func askAll(clients []*client, statement string) error {
	if statement == "" {
		return nil
	}
	buf := make([]byte, 4<<10)
	ask := query(statement)
	for i, c := range clients {
		c.buf = buf
		if err := c.do(ask); err != nil {
			return fmt.Errorf("session %d: %w", i+1, err)
		}
		c.buf = nil
	}
	return nil
}

// awaitParked waits until no session has a backend connection.
func awaitParked(ctx context.Context, t target) error {
	ctx, cancel := context.WithTimeout(ctx, parkingTimeout)
	defer cancel()
	return wait.For(ctx, "no session has a backend connection", func(ctx context.Context) error {
		used, err := observe.Metric(ctx, t.http, "mysqlda_backend_connections", `state="in_use"`)
		if err == nil && used > 0 {
			err = fmt.Errorf("%v are in use", used)
		}
		return err
	})
}

// serverConnections is how many connections the server has beside the one that
// asks.
func serverConnections(ctx context.Context, server *sql.DB) (n int, err error) {
	var name string
	if err := server.QueryRowContext(ctx, "show global status like 'Threads_connected'").Scan(&name, &n); err != nil {
		return 0, fmt.Errorf("count the server's connections: %w", err)
	}
	return n - 1, nil
}
