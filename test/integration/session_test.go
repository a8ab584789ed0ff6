package integration

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
)

// connect opens one session to a node; it is closed with the test.
func connect(t *testing.T, n *cluster.Node) *sql.Conn {
	t.Helper()
	db, err := n.OpenDB(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatalf("connect to node %s: %v", n.ID, err)
	}
	return conn
}

// connectToServer opens a session straight to the shared server on that port.
func connectToServer(t *testing.T, onPort int) *sql.Conn {
	t.Helper()
	started, err := servers()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range started {
		if s.Port() != onPort {
			continue
		}
		db, err := s.OpenDB()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	t.Fatalf("no server listens on port %d", onPort)
	return nil
}

func exec(t *testing.T, conn *sql.Conn, statement string, args ...any) {
	t.Helper()
	if _, err := conn.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func number(t *testing.T, conn *sql.Conn, query string, args ...any) int {
	t.Helper()
	var n int
	if err := conn.QueryRowContext(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// selectLibrary selects the library of a core object and returns which server
// answers afterwards, by its port.
func selectLibrary(ctx context.Context, conn *sql.Conn, core string) (int, error) {
	if _, err := conn.ExecContext(ctx, "select library "+core); err != nil {
		return 0, err
	}
	var p int
	if err := conn.QueryRowContext(ctx, "SELECT @@port").Scan(&p); err != nil {
		return 0, err
	}
	return p, nil
}

// clientSession is a session whose failure is no failure of the test.
type clientSession struct {
	node *cluster.Node
	db   *sql.DB
	conn *sql.Conn
}

func dial(ctx context.Context, n *cluster.Node) (*clientSession, error) {
	db, err := n.OpenDB(nil)
	if err != nil {
		return nil, err
	}
	return newClientSession(ctx, n, db)
}

func newClientSession(ctx context.Context, n *cluster.Node, db *sql.DB) (*clientSession, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &clientSession{node: n, db: db, conn: conn}, nil
}

func (s *clientSession) close() {
	if s != nil {
		_ = s.conn.Close() // it may be broken: that is why it is closed
		_ = s.db.Close()
	}
}
