package backend

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"go.uber.org/zap/zaptest"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

// group is a library of servers that replicate, and a manager that watches them.
type group struct {
	*mysqld.Group
	t       *testing.T
	manager *Manager
}

// groupSettings are those of a cluster whose accounts are the harness's.
func groupSettings() *fsm.Settings {
	return &fsm.Settings{
		User: mysqld.App.User, Password: mysqld.App.Password,
		Failover: fsm.FailoverSettings{
			User: mysqld.Failover.User, Password: mysqld.Failover.Password,
			ReplicationUser: mysqld.Replicator.User, ReplicationPassword: mysqld.Replicator.Password,
		},
	}
}

// replicated starts n servers with a table t, and a manager.
func replicated(t *testing.T, n int, opts mysqld.GroupOptions) *group {
	t.Helper()
	needServers(t)
	g := &group{Group: mysqld.GroupForTest(t, n, opts), t: t}
	g.manager = New(Config{Logger: zaptest.NewLogger(t), ProbeInterval: 20 * time.Millisecond})
	t.Cleanup(g.manager.Close)
	g.manager.Update(libraries(g.Addrs()), groupSettings())
	if n > 1 {
		g.exec(0, mysqld.App, "CREATE TABLE t (id INT PRIMARY KEY) ENGINE=InnoDB")
		for i := 1; i < n; i++ {
			g.awaitRows(i, 0)
		}
	}
	return g
}

// db is a direct connection pool, which ends with the test.
func (g *group) db(i int, as mysqld.Account) *sql.DB {
	g.t.Helper()
	database := "test"
	if as == mysqld.Failover {
		database = ""
	}
	db, err := g.Servers[i].OpenAs(as, database)
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() {
		if err := db.Close(); err != nil {
			g.t.Error(err)
		}
	})
	return db
}

// root is the account with all rights.
var root = mysqld.Account{User: "test", Password: "test"}

func (g *group) exec(i int, as mysqld.Account, statements ...string) {
	g.t.Helper()
	g.on(g.db(i, as), statements...)
}

// on executes statements over one connection, which stays open as it is.
func (g *group) on(db *sql.DB, statements ...string) *sql.Conn {
	g.t.Helper()
	c, err := db.Conn(g.t.Context())
	if err != nil {
		g.t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := c.ExecContext(g.t.Context(), s); err != nil {
			g.t.Fatalf("%s: %v", s, err)
		}
	}
	return c
}

func (g *group) ask(i int, question string) string {
	g.t.Helper()
	db := g.db(i, root)
	var answer string
	if err := db.QueryRowContext(g.t.Context(), question).Scan(&answer); err != nil {
		g.t.Fatalf("%s: %v", question, err)
	}
	return answer
}

// awaitRows waits until the table has so many rows at a server.
func (g *group) awaitRows(i, n int) {
	g.t.Helper()
	db := g.db(i, root)
	eventually(g.t, fmt.Sprintf("server %d has %d rows", i, n), func() bool {
		var count int
		return db.QueryRowContext(g.t.Context(), "SELECT COUNT(*) FROM t").Scan(&count) == nil && count == n
	})
}

const operationTimeout = 10 * time.Second

// operate carries out an operation at a server, within operationTimeout unless the
// operation says otherwise.
func (g *group) operate(i int, op topology.Operation) (topology.Facts, error) {
	g.t.Helper()
	op.Server = g.Servers[i].Addr()
	if op.Timeout == 0 {
		op.Timeout = operationTimeout
	}
	began := time.Now()
	facts, err := g.manager.Operate(context.Background(), op)
	if took := time.Since(began); took > op.Timeout+time.Second {
		g.t.Errorf("%s took %s of %s", op.Kind, took, op.Timeout)
	}
	return facts, err
}

// must is operate for what has to work.
func (g *group) must(i int, op topology.Operation) topology.Facts {
	g.t.Helper()
	facts, err := g.operate(i, op)
	if err != nil {
		g.t.Fatal(err)
	}
	return facts
}

// see looks at a server now.
func (g *group) see(i int) topology.Observation {
	return g.manager.Observe(context.Background(), []string{g.Servers[i].Addr()}, 0)[0]
}
