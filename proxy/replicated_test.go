package proxy_test

import (
	"database/sql"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy"
	"github.com/mysqlda/mysqlda/proxy/backend"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

// replicated is a node in front of library_1, whose first server is active and the
// source of the others; and of library_2.
type replicated struct {
	*node
	group   *mysqld.Group
	metrics *prometheus.Registry
}

func startReplicated(t *testing.T, replicas int, options ...option) *replicated {
	t.Helper()
	r := &replicated{metrics: prometheus.NewRegistry()}
	r.group = mysqld.GroupForTest(t, 1+replicas, mysqld.GroupOptions{Server: mysqld.Options{
		User: user, Password: password, Database: database, Replication: &mysqld.Replication{Asynchronous: true},
	}})
	r.node = start(t, append([]option{func(d *directory, cfg *proxy.Config) {
		d.libraries = fsm.NewLibrarySet(1, []fsm.Library{
			library(1, "library_1", r.group.Addrs()...), library(2, "library_2", servers[1].Addr()),
		})
		cfg.Registerer = r.metrics
		cfg.Backends = backend.New(backend.Config{
			Logger:  zaptest.NewLogger(t, zaptest.Level(zap.ErrorLevel)),
			Greeted: d.record, ProbeInterval: quickProbes,
		})
	}}, options...)...)
	r.awaitReplica(t, time.Second)
	return r
}

// awaitReplica waits until a replica may be read from.
func (r *replicated) awaitReplica(t *testing.T, lag time.Duration) {
	t.Helper()
	eventually(t, "a replica is eligible", func() bool { return r.backends.HasReplica(1, lag) })
}

// reads is how many statements for a replica had that outcome.
func (r *replicated) reads(t *testing.T, outcome string) float64 {
	t.Helper()
	families, err := r.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "mysqlda_replica_reads_total" && m.GetLabel()[0].GetValue() == outcome {
				return m.GetCounter().GetValue()
			}
		}
	}
	t.Fatalf("no metric for %s", outcome)
	return 0
}

// at is the number of the server in the group that executes a query's statements.
func at(t *testing.T, c *sql.Conn, hint string) int {
	t.Helper()
	id, err := strconv.Atoi(value(t, c, hint+"select @@server_id from dual where 1"))
	if err != nil {
		t.Fatal(err)
	}
	return id - 1
}

func wantAt(t *testing.T, c *sql.Conn, hint string, server int) {
	t.Helper()
	if got := at(t, c, hint); got != server {
		t.Fatalf("%sat server %d of the group, want %d", hint, got, server)
	}
}

// cleaned is how often connections to a server were cleaned for another session.
func (r *replicated) cleaned(server int) (times uint64) {
	for _, p := range r.backends.Pools() {
		if p.Server == r.group.Addrs()[server] {
			times += p.Cleaned
		}
	}
	return times
}

// session opens a session at library_1 with a table that the replicas have.
func (r *replicated) session(t *testing.T, rows ...int) *sql.Conn {
	t.Helper()
	c := r.open(t)
	exec(t, c, "select library a1")
	exec(t, c, "create or replace table t (a int primary key auto_increment) engine=innodb")
	for _, row := range rows {
		exec(t, c, "insert into t values (?)", row)
	}
	return c
}

// catchUp waits until a replica has everything that the active server has.
func (r *replicated) catchUp(t *testing.T, replica int) {
	t.Helper()
	var position string
	if err := direct(t, r.group.Servers[0]).QueryRow("select @@gtid_binlog_pos").Scan(&position); err != nil {
		t.Fatal(err)
	}
	var late int
	if err := direct(t, r.group.Servers[replica]).QueryRow("select master_gtid_wait(?, 15)", position).Scan(&late); err != nil || late != 0 {
		t.Fatalf("the replica is late: %d, %v", late, err)
	}
}

// awaitWaiting waits until a replica is asked to wait for a position.
func (r *replicated) awaitWaiting(t *testing.T, replica int) {
	t.Helper()
	r.awaitStatement(t, replica, "SELECT /*M! MASTER_GTID_WAIT")
}

// awaitStatement waits until a server executes a statement that begins so.
func (r *replicated) awaitStatement(t *testing.T, server int, beginning string) {
	t.Helper()
	admin, err := r.group.Servers[server].OpenDB()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := admin.Close(); err != nil {
			t.Error(err)
		}
	}()
	eventually(t, beginning+" runs", func() bool {
		var n int
		err := admin.QueryRow("select count(*) from information_schema.processlist where info like concat(?, '%')", beginning).Scan(&n)
		return err == nil && n == 1
	})
}

// block has a replica execute no more changes of t until the result is called.
func (r *replicated) block(t *testing.T, replica int) (unblock func()) {
	t.Helper()
	db := direct(t, r.group.Servers[replica])
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	blocked := true
	unblock = func() {
		if blocked {
			exec(t, conn, "unlock tables")
			blocked = false
		}
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	r.catchUp(t, replica)
	exec(t, conn, "lock tables t read")
	return unblock
}
