package integration

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// upgradeSessions is how many sessions of each kind a node has: plain statements, prepared
// ones, transactions, and connections that come and go.
const upgradeSessions = 2

// upgradeLoad is sessions that never reconnect.
type upgradeLoad struct {
	kinds    []*upgradeKind
	sessions []*upgradeSession
	stop     context.CancelFunc
	running  sync.WaitGroup
}

// upgradeKind is what some of the sessions do again and again.
type upgradeKind struct {
	name string
	// step does it for the n-th time.
	step       func(ctx context.Context, s *upgradeSession, n int) error
	statements int // in a step
	done       atomic.Int64
	failed     atomic.Int64

	mu      sync.Mutex
	longest time.Duration // step; guarded by mu
	errors  []error       // guarded by mu
}

type upgradeSession struct {
	id     int
	kind   *upgradeKind
	node   *cluster.Node
	conn   *sql.Conn
	insert *sql.Stmt
	steps  atomic.Int64 // that were done
}

func startUpgradeLoad(t *testing.T, nodes []*cluster.Node) *upgradeLoad {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	l := &upgradeLoad{stop: stop, kinds: []*upgradeKind{
		{name: "plain statements", statements: 2, step: plainStep},
		{name: "prepared statements", statements: 1, step: preparedStep},
		{name: "statements in transactions", statements: 4, step: transactionStep},
		{name: "new connections", statements: 1, step: connectStep},
	}}
	t.Cleanup(l.end)
	for _, n := range nodes {
		for _, kind := range l.kinds {
			for range upgradeSessions {
				s := &upgradeSession{id: len(l.sessions) + 1, kind: kind, node: n, conn: connect(t, n)}
				if _, err := selectLibrary(t.Context(), s.conn, fmt.Sprintf("upgrade-%d", s.id)); err != nil {
					t.Fatal(err)
				}
				var err error
				if s.insert, err = s.conn.PrepareContext(t.Context(), "INSERT INTO upgraded VALUES (?, ?)"); err != nil {
					t.Fatal(err)
				}
				l.sessions = append(l.sessions, s)
			}
		}
	}
	for _, s := range l.sessions {
		l.running.Go(func() { s.run(ctx, t.Context()) })
	}
	return l
}

// run goes on until ctx ends; a step that has begun gets to its end.
func (s *upgradeSession) run(ctx, test context.Context) {
	for n := 1; ctx.Err() == nil; n++ {
		step, cancel := context.WithTimeout(test, patience)
		began := time.Now()
		err := s.kind.step(step, s, n)
		took := time.Since(began)
		cancel()
		s.kind.note(took, err)
		if err != nil {
			return // a session that has failed is over: nobody reconnects
		}
		s.steps.Add(1)
	}
}

func (k *upgradeKind) note(took time.Duration, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.longest = max(k.longest, took)
	if err != nil {
		k.failed.Add(1)
		k.errors = append(k.errors, err)
		return
	}
	k.done.Add(int64(k.statements))
}

func plainStep(ctx context.Context, s *upgradeSession, n int) error {
	if _, err := s.conn.ExecContext(ctx, fmt.Sprintf("INSERT INTO upgraded VALUES (%d, %d)", s.id, n)); err != nil {
		return err
	}
	var got int
	err := s.conn.QueryRowContext(ctx, fmt.Sprintf("SELECT COUNT(*) FROM upgraded WHERE session = %d", s.id)).Scan(&got)
	if err == nil && got != n {
		err = fmt.Errorf("session %d finds %d rows of %d", s.id, got, n)
	}
	return err
}

func preparedStep(ctx context.Context, s *upgradeSession, n int) error {
	_, err := s.insert.ExecContext(ctx, s.id, n)
	return err
}

func transactionStep(ctx context.Context, s *upgradeSession, n int) error {
	if _, err := s.conn.ExecContext(ctx, "BEGIN"); err != nil {
		return err
	}
	if _, err := s.conn.ExecContext(ctx, fmt.Sprintf("INSERT INTO upgraded VALUES (%d, %d)", s.id, n)); err != nil {
		return err
	}
	if _, err := s.conn.ExecContext(ctx, "DO SLEEP(0.02)"); err != nil {
		return err
	}
	_, err := s.conn.ExecContext(ctx, "COMMIT")
	return err
}

func connectStep(ctx context.Context, s *upgradeSession, n int) error {
	if _, err := s.insert.ExecContext(ctx, s.id, n); err != nil {
		return err
	}
	other, err := dial(ctx, s.node)
	if err != nil {
		return err
	}
	defer other.close()
	_, err = other.conn.ExecContext(ctx, "SET @anything = 1")
	return err
}

// progress waits until every session has done that many steps more, or has failed.
func (l *upgradeLoad) progress(t *testing.T, steps int64) {
	t.Helper()
	goals := make([]int64, len(l.sessions))
	for i, s := range l.sessions {
		goals[i] = s.steps.Load() + steps
	}
	err := wait.For(within(t), "every session gets on", func(context.Context) error {
		for i, s := range l.sessions {
			if s.kind.failed.Load() == 0 && s.steps.Load() < goals[i] {
				return fmt.Errorf("session %d of %s, at node %s, has done %d of %d", s.id, s.kind.name, s.node.ID, s.steps.Load(), goals[i])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (l *upgradeLoad) end() {
	l.stop()
	l.running.Wait()
}

// check ends the load, tells how it went, and compares what was acknowledged with what the
// servers have.
func (l *upgradeLoad) check(t *testing.T) {
	t.Helper()
	l.end()
	for _, k := range l.kinds {
		t.Logf("%s: %d done, %d failed, the longest took %s", k.name, k.done.Load(), k.failed.Load(), k.longest)
		if k.failed.Load() > 0 {
			t.Errorf("%s: %v", k.name, errors.Join(k.errors...))
		}
	}
	for _, s := range l.sessions {
		if got := number(t, s.conn, fmt.Sprintf("SELECT COUNT(*) FROM upgraded WHERE session = %d", s.id)); got != int(s.steps.Load()) {
			t.Errorf("session %d of %s: the server has %d rows, and %d were acknowledged", s.id, s.kind.name, got, s.steps.Load())
		}
	}
}

// sharedServers are the shared servers.
func sharedServers(t *testing.T) []*mysqld.Server {
	t.Helper()
	started, err := servers()
	if err != nil {
		t.Fatal(err)
	}
	return started
}
