package proxy_test

import (
	"database/sql"
	"errors"
	"testing"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy"
	"github.com/mysqlda/mysqlda/proxy/wire"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

// quickProbes is how often replicas are looked at in tests.
const quickProbes = 50 * time.Millisecond

func TestReadsComeFromAReplica(t *testing.T) {
	r := startReplicated(t, 1)
	c := r.session(t, 1)
	exec(t, c, "insert into t values ()")
	wantAt(t, c, "", 0)
	exec(t, c, "set @who = 'me', sql_mode = 'ANSI_QUOTES'")
	exec(t, c, "Set /* c */ mysqlda 'read' REPLICA ;")
	wantAt(t, c, "", 1)
	for query, want := range map[string]string{
		"select count(*) from t":                       "2",
		"select @who":                                  "me",
		`select "a" from t where a = 2`:                "2",
		"select database()":                            database,
		"select last_insert_id()":                      "2",
		"(select a from t where a = 1) union select 1": "1",
	} {
		if got := value(t, c, query); got != want {
			t.Errorf("%s gave %q, want %q", query, got, want)
		}
	}
	if got := value(t, c, "select a from t where a = ? and @@server_id = 2", 2); got != "2" {
		t.Errorf("prepared: %s", got)
	}
	wantAt(t, c, "", 1)

	// The account could write there.
	execError(t, c, 1792, "insert into t values (3)")
	execError(t, c, 1792, "insert into t values (?)", 3)
	execError(t, c, 1792, "create table u (a int)")
	exec(t, c, "set session transaction read write")
	execError(t, c, 1792, "delete from t")
	exec(t, c, "set @@session.tx_read_only = 0, autocommit = 1")
	execError(t, c, 1792, "delete from t")
	for _, refused := range []string{
		"select a from t for update", "select get_lock('a', 0)", "lock tables t read",
		"start transaction read write", "set transaction read write", "set @@tx_read_only = 0", "set statement tx_read_only = 0 for delete from t",
	} {
		execError(t, c, 9532, refused)
	}
	if got := r.reads(t, "replica"); got < 10 {
		t.Errorf("%v statements were counted", got)
	}

	// Statements that were prepared go where the session goes.
	st, err := c.PrepareContext(t.Context(), "select @@server_id from t where a = ?")
	if err != nil {
		t.Fatal(err)
	}
	var id int
	if err := st.QueryRow(1).Scan(&id); err != nil || id != 2 {
		t.Errorf("server %d, %v", id, err)
	}
	exec(t, c, "set mysqlda read active")
	wantAt(t, c, "", 0)
	if err := st.QueryRow(1).Scan(&id); err != nil || id != 1 {
		t.Errorf("server %d, %v", id, err)
	}
	if err := st.Close(); err != nil {
		t.Error(err)
	}
	exec(t, c, "insert into t values (3)")
}

func TestSessionsShowWhereTheyRead(t *testing.T) {
	r := startReplicated(t, 1)
	c := r.session(t)
	exec(t, c, "set mysqlda read replica 2.5")
	wantAt(t, c, "", 1)
	s := r.Sessions()[0]
	if s.Reads != "replica 2.5" || s.Server != r.group.Servers[1].Addr() {
		t.Errorf("%+v", s)
	}
	exec(t, c, "set mysqlda read replica 0")
	if s := r.Sessions()[0]; s.Reads != "replica" {
		t.Errorf("%+v", s)
	}
}

func TestResetConnectionReadsFromTheActiveServer(t *testing.T) {
	r := startReplicated(t, 1)
	r.directory.settings.DefaultLibrary = "library_1"
	p := r.peer(t, wire.ClientDeprecateEOF)
	for _, command := range []struct {
		code     byte
		argument string
	}{{0x03, "set mysqlda read replica"}, {0x1f, ""}} {
		p.send(t, command.code, command.argument)
		p.wantsOK(t)
		if s := r.Sessions()[0]; (s.Reads == "active") != (command.code == 0x1f) {
			t.Errorf("after %#x the session reads from %s", command.code, s.Reads)
		}
	}
}

func TestHintHoldsForOneStatement(t *testing.T) {
	r := startReplicated(t, 1)
	c := r.session(t, 1)
	for range 2 {
		wantAt(t, c, "/* mysqlda read=replica */ ", 1)
		wantAt(t, c, "", 0)
		wantAt(t, c, "/* mysqlda core=b1 read='replica' lag=2 */", 1)
		exec(t, c, "insert into t values ()")
		wantAt(t, c, "/* mysqlda lag=0 read=replica */", 1)
		if got := value(t, c, "/* mysqlda read=replica */ select @@server_id from t where a = ?", 1); got != "2" {
			t.Errorf("prepared: at server %s", got)
		}
	}
	st, err := c.PrepareContext(t.Context(), "/* mysqlda read=replica */ select @@server_id from t where a = ?")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // each execution
		var id int
		if err := st.QueryRow(1).Scan(&id); err != nil || id != 2 {
			t.Errorf("server %d, %v", id, err)
		}
		wantAt(t, c, "", 0)
	}
	if err := st.Close(); err != nil {
		t.Error(err)
	}
	for _, what := range []string{
		"insert into t values ()", "call p()", "select a from t for update", "create table u (a int)", "insert into t values () returning a",
	} {
		execError(t, c, 9532, "/* mysqlda read=replica */ "+what)
	}
	execError(t, c, 9532, "/* mysqlda read=replica */ insert into t values (?)", 99)
	execError(t, c, 9533, "/* mysqlda read=replica */ select 1 into @x")
	exec(t, c, "/* mysqlda read=replica */ set @y = 1")
	exec(t, c, "/* mysqlda read=replica */ use "+database)
	wantAt(t, c, "", 0)

	// And the other way round.
	exec(t, c, "set mysqlda read replica")
	exec(t, c, "/* mysqlda read=active */ insert into t values (50)")
	if got := value(t, c, "select count(*) from t where a = 50 and @@server_id = 2"); got != "1" {
		t.Errorf("%s rows", got)
	}
	execError(t, c, 9533, "/* mysqlda read=active */ create temporary table tt (a int)")
	exec(t, c, "select 1 into @x")
	execError(t, c, 9534, "/* mysqlda read=active */ insert into t values (51)")
	exec(t, c, "set mysqlda read active")
	exec(t, c, "insert into t values (51)")
}

func TestWhereToReadIsChecked(t *testing.T) {
	n := start(t)
	c := n.open(t)
	for _, statement := range []string{
		"set mysqlda", "set mysqlda read", "set mysqlda write active", "set mysqlda read nowhere", "set mysqlda read active 5",
		"set mysqlda read replica x", "set mysqlda read replica '-1'", "set mysqlda read replica 1e3", "set mysqlda read replica 86401",
		"set mysqlda read replica inf", "set mysqlda read replica ''", "set mysqlda read replica 5 s",
		"/* mysqlda read=slave */ select 1", "/* mysqlda lag=1 */ select 1", "/* mysqlda read=replica lag= */ select 1",
		"/* mysqlda read=active lag=1 */ select 1", "/* mysqlda core=a1 read=replica soon */ select 1",
	} {
		execError(t, c, 9530, statement)
	}
	execError(t, c, 9501, "select 1 from t") // none of the hints was followed
	execError(t, c, 9530, "set mysqlda read ?", "nowhere")
	exec(t, c, "set mysqlda read replica ?", "2")
	if s := n.Sessions()[0]; s.Reads != "replica 2" {
		t.Errorf("%+v", s)
	}
	// A library without replicas.
	exec(t, c, "select library a1")
	wantServer(t, c, servers[0])
	execError(t, c, 1792, "create table u (a int)")
	exec(t, c, "set mysqlda read active")
	exec(t, c, "create or replace table u (a int)")
}

func TestTransactionsStayWhereTheyAre(t *testing.T) {
	r := startReplicated(t, 1)
	c := r.session(t, 1)
	exec(t, c, "begin")
	exec(t, c, "insert into t values (2)")
	execError(t, c, 9531, "set mysqlda read replica")
	if got := value(t, c, "/* mysqlda read=replica */ select count(*) from t where @@server_id = 1"); got != "2" {
		t.Errorf("%s rows", got)
	}
	if got := r.reads(t, "anchored"); got != 1 {
		t.Errorf("counted %v times", got)
	}
	exec(t, c, "commit")

	exec(t, c, "set mysqlda read replica 0")
	exec(t, c, "start transaction with consistent snapshot")
	wantAt(t, c, "", 1)
	execError(t, c, 9531, "set mysqlda read active")
	execError(t, c, 9531, "/* mysqlda read=active */ select a from t")
	execError(t, c, 1792, "insert into t values (3)")
	exec(t, c, "/* mysqlda read=active */ commit")
	exec(t, c, "set autocommit = 0")
	if got := value(t, c, "select count(*) from t"); got != "2" {
		t.Errorf("%s rows", got)
	}
	execError(t, c, 9531, "set mysqlda read active")
	exec(t, c, "rollback")
	exec(t, c, "set autocommit = 1")
	exec(t, c, "set mysqlda read active")

	// A hint opens one there, which ends there.
	exec(t, c, "/* mysqlda read=replica */ start transaction read only")
	wantAt(t, c, "", 1)
	exec(t, c, "commit")
	wantAt(t, c, "", 0)
}

// With autocommit off every SELECT opens a transaction, which must not keep the
// session at the replica of one statement.
func TestHintEndsWithItsStatementAlsoWithAutocommitOff(t *testing.T) {
	r := startReplicated(t, 1)
	c := r.session(t, 1)
	r.catchUp(t, 1)
	exec(t, c, "set autocommit = 0")
	const count = "/* mysqlda read=replica lag=0 */ select count(*) from t where @@server_id = 2"
	for name, query := range map[string]string{"text": count, "prepared": count + " and 1 = ?"} {
		var args []any
		if name == "prepared" {
			args = append(args, 1)
		}
		before := value(t, c, query, args...)
		if _, err := direct(t, r.group.Servers[0]).Exec("insert into t values ()"); err != nil {
			t.Fatal(err)
		}
		r.catchUp(t, 1)
		if got := value(t, c, query, args...); got == before {
			t.Errorf("%s: a statement sees what an earlier one has seen, %s rows", name, got)
		}
		exec(t, c, "insert into t values ()")
		exec(t, c, "commit")
		exec(t, c, "select library a1")
		value(t, c, query, args...)
		exec(t, c, "set mysqlda read replica")
		exec(t, c, "set mysqlda read active")
	}
	// But one that a hint opens itself does.
	exec(t, c, "/* mysqlda read=replica */ begin")
	execError(t, c, 1792, "insert into t values ()")
	exec(t, c, "rollback")
}

func TestWhatWasMadeAtAReplicaIsTold(t *testing.T) {
	r := startReplicated(t, 1)
	c := r.session(t, 1)
	other := r.open(t)
	exec(t, other, "select library b1")
	for _, s := range []*sql.Conn{c, other} {
		exec(t, s, "set mysqlda read replica")
	}
	exec(t, c, "select 1 into @x")
	exec(t, other, "begin")
	wantAt(t, other, "", 1)
	set := fsm.NewLibrarySet(2, []fsm.Library{library(1, "library_1", r.group.Addrs()...), library(2, "library_2", servers[1].Addr())})
	set.All()[0].Servers[1].Excluded = "for the test"
	r.backends.Update(set, r.directory.Settings())
	execError(t, c, 9525, "select @x")
	wantAt(t, c, "", 0)
	wantAt(t, other, "", 1) // the transaction goes on to its end
	exec(t, other, "commit")
	wantAt(t, other, "", 0)
}

func TestReplicaIsWaitedForUntilItHasTheSessionsWrites(t *testing.T) {
	r := startReplicated(t, 1, func(_ *directory, cfg *proxy.Config) { cfg.ParkAfter = 20 * time.Millisecond })
	c := r.session(t, 1)
	for name, prepare := range map[string]func(){
		"hint": func() {},
		"mode": func() { exec(t, c, "set mysqlda read replica 0") },
		"parked": func() {
			eventually(t, "the session parks", func() bool { return r.Sessions()[0].Server == "" })
		},
		"another library between": func() {
			exec(t, c, "select library a2")
			exec(t, c, "create or replace table elsewhere (a int)")
			wantServer(t, c, servers[1])
			exec(t, c, "select library a1")
		},
	} {
		t.Run(name, func(t *testing.T) {
			exec(t, c, "set mysqlda read active")
			before := value(t, c, "select count(*) from t")
			unblock := r.block(t, 1)
			exec(t, c, "insert into t values ()")
			prepare()
			type read struct {
				rows, server string
				err          error
			}
			done := make(chan read, 1)
			go func() {
				var got read
				got.err = c.QueryRowContext(t.Context(), "/* mysqlda read=replica lag=0 */ select count(*), @@server_id from t").Scan(&got.rows, &got.server)
				done <- got
			}()
			r.awaitWaiting(t, 1)
			unblock()
			got := <-done
			if got.err != nil || got.rows == before || got.server != "2" {
				t.Errorf("%+v, before the write %s rows", got, before)
			}
		})
	}
}

func TestActiveServerServesWhatTheReplicaLacks(t *testing.T) {
	r := startReplicated(t, 1)
	c := r.session(t, 1)
	unblock := r.block(t, 1)
	exec(t, c, "insert into t values (2)")
	for range 3 {
		if got := value(t, c, "/* mysqlda read=replica lag=0 */ select count(*) from t where @@server_id = 1"); got != "2" {
			t.Errorf("%s rows", got)
		}
	}
	if got := r.reads(t, "behind"); got != 3 {
		t.Errorf("counted %v times", got)
	}
	exec(t, c, "set mysqlda read replica 0")
	if got := value(t, c, "select count(*) from t where @@server_id = 1"); got != "2" {
		t.Errorf("%s rows", got)
	}
	execError(t, c, 1792, "insert into t values (3)")
	// One that has not written does not wait.
	other := r.open(t)
	exec(t, other, "select library b1")
	exec(t, other, "set mysqlda read replica 0")
	if got := value(t, other, "select count(*) from t where @@server_id = 2"); got != "1" {
		t.Errorf("%s rows", got)
	}
	unblock()
	eventually(t, "the session reads from the replica again", func() bool { return at(t, c, "") == 1 })
	if got := value(t, c, "select count(*) from t"); got != "2" {
		t.Errorf("%s rows", got)
	}
}

func TestReplicaThatIsFartherBehindIsNotRead(t *testing.T) {
	r := startReplicated(t, 1)
	c := r.session(t, 1)
	other := r.open(t)
	exec(t, other, "select library b1")
	exec(t, other, "set mysqlda read replica 1")
	wantAt(t, other, "", 1)
	unblock := r.block(t, 1)
	exec(t, c, "insert into t values (2)")
	eventually(t, "the session leaves the replica", func() bool { return at(t, other, "") == 0 })
	if got := r.reads(t, "none_eligible"); got == 0 {
		t.Error("not counted")
	}
	wantAt(t, other, "/* mysqlda read=replica lag=0 */", 0) // it has just tried
	third := r.open(t)
	exec(t, third, "select library b1")
	wantAt(t, third, "/* mysqlda read=replica lag=0 */", 1)
	wantAt(t, third, "/* mysqlda read=replica lag=1 */", 0)
	unblock()
	eventually(t, "the session is back at the replica", func() bool { return at(t, other, "") == 1 })
}

func TestReplicaThatDoesNotReplicateIsNotRead(t *testing.T) {
	r := startReplicated(t, 1)
	c := r.session(t, 1)
	exec(t, c, "set mysqlda read replica 0")
	wantAt(t, c, "", 1)
	admin := direct(t, r.group.Servers[1])
	for _, change := range [][2]string{
		{"stop slave sql_thread", "start slave sql_thread"},
		{"stop slave io_thread", "start slave io_thread"},
		{"set global read_only = off", "set global read_only = on"},
	} {
		if _, err := admin.Exec(change[0]); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the session leaves the replica: "+change[0], func() bool { return at(t, c, "") == 0 })
		if _, err := admin.Exec(change[1]); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the session is back: "+change[1], func() bool { return at(t, c, "") == 1 })
	}
	set := fsm.NewLibrarySet(2, []fsm.Library{library(1, "library_1", r.group.Addrs()...), library(2, "library_2", servers[1].Addr())})
	set.All()[0].Servers[1].Maintenance = true
	r.backends.Update(set, r.directory.Settings())
	wantAt(t, c, "", 0)
}

func TestReplicasShareTheReads(t *testing.T) {
	r := startReplicated(t, 2)
	r.session(t, 1)
	seen := make(map[int]bool)
	eventually(t, "both replicas serve", func() bool {
		c := r.open(t)
		exec(t, c, "select library b1")
		exec(t, c, "set mysqlda read replica")
		seen[at(t, c, "")] = true
		return seen[1] && seen[2]
	})
	if seen[0] {
		t.Error("the active server served, too")
	}
}

func TestReplicaThatDies(t *testing.T) {
	r := startReplicated(t, 2)
	c := r.session(t, 1)
	exec(t, c, "set mysqlda read replica")
	first := at(t, c, "")
	if err := r.group.Servers[first].Kill(); err != nil { // between two statements
		t.Fatal(err)
	}
	second := 3 - first
	eventually(t, "the other replica serves", func() bool {
		var id int
		err := c.QueryRowContext(t.Context(), "select @@server_id from t").Scan(&id)
		if err != nil {
			wantError(t, err, 9513) // it was noticed only when the statement had been sent
		}
		return id == second+1
	})

	failed := make(chan error, 1)
	go func() {
		_, err := c.ExecContext(t.Context(), "select sleep(60), a from t")
		failed <- err
	}()
	r.awaitStatement(t, second, "select sleep")
	if err := r.group.Servers[second].Kill(); err != nil { // in the middle of one
		t.Fatal(err)
	}
	wantError(t, <-failed, 9513)
	wantAt(t, c, "", 0)
}

func TestReplicaThatDiesWithATransaction(t *testing.T) {
	r := startReplicated(t, 1)
	c := r.session(t, 1)
	exec(t, c, "set mysqlda read replica")
	exec(t, c, "begin")
	wantAt(t, c, "", 1)
	if err := r.group.Servers[1].Kill(); err != nil {
		t.Fatal(err)
	}
	_, err := c.ExecContext(t.Context(), "select a from t")
	if lost := (*mysqldriver.MySQLError)(nil); !errors.As(err, &lost) || lost.Number != 9513 && lost.Number != 9514 {
		t.Errorf("got error %v, want one that tells of the transaction", err)
	}
	wantAt(t, c, "", 0)
}

func TestReplicaThatBecomesActive(t *testing.T) {
	r := startReplicated(t, 2)
	c := r.session(t, 1)
	exec(t, c, "set mysqlda read replica")
	replica := at(t, c, "")
	const thread = "select connection_id() + 0"
	before, cleaned := value(t, c, thread), r.cleaned(replica)
	l := library(1, "library_1", r.group.Addrs()...)
	l.Active, l.ActiveEpoch = r.group.Addrs()[replica], 2
	set := fsm.NewLibrarySet(2, []fsm.Library{l, library(2, "library_2", servers[1].Addr())})
	r.directory.mu.Lock()
	r.directory.libraries = set
	r.directory.mu.Unlock()
	r.backends.Update(set, r.directory.Settings())
	// The other replica follows a server that is not active.
	wantAt(t, c, "", replica)
	// The connection may be the same one, if it was cleaned in between.
	if got := value(t, c, thread); got == before && r.cleaned(replica) == cleaned {
		t.Error("the session goes on with its connection to what was a replica")
	}
	if got := r.reads(t, "none_eligible"); got == 0 {
		t.Error("not counted")
	}
}

// What was lost with a server no replica will ever have.
func TestPositionIsThatOfTheServerThatIsActiveNow(t *testing.T) {
	r := startReplicated(t, 2)
	c := r.session(t, 1)
	for replica := 1; replica <= 2; replica++ {
		r.catchUp(t, replica)
		if _, err := direct(t, r.group.Servers[replica]).Exec("stop slave"); err != nil {
			t.Fatal(err)
		}
	}
	exec(t, c, "insert into t values (2)")
	exec(t, c, "set mysqlda read replica 0") // asks for the position
	first, second := r.group.Servers[1], r.group.Servers[2]
	for _, change := range []string{"reset slave all", "set global read_only = off"} {
		if _, err := direct(t, first).Exec(change); err != nil {
			t.Fatal(err)
		}
	}
	if err := second.Follow(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	l := library(1, "library_1", first.Addr(), second.Addr())
	l.ActiveEpoch = 2
	set := fsm.NewLibrarySet(2, []fsm.Library{l, library(2, "library_2", servers[1].Addr())})
	r.directory.mu.Lock()
	r.directory.libraries = set
	r.directory.mu.Unlock()
	r.backends.Update(set, r.directory.Settings())
	r.awaitReplica(t, 0)
	wantAt(t, c, "", 2)
}

func TestKillEndsTheWaitForAReplica(t *testing.T) {
	r := startReplicated(t, 1)
	c := r.session(t, 1)
	id := value(t, c, "select connection_id()")
	defer r.block(t, 1)()
	exec(t, c, "insert into t values (2)")
	failed := make(chan error, 1)
	go func() {
		_, err := c.ExecContext(t.Context(), "/* mysqlda read=replica lag=0 */ select a from t")
		failed <- err
	}()
	r.awaitWaiting(t, 1)
	exec(t, r.open(t), "kill query "+id)
	wantError(t, <-failed, 1317)
	wantAt(t, c, "", 0)
}

// Without GTIDs nobody knows what a replica has to have.
func TestWithoutPositionsWhoHasWrittenStaysAtTheActiveServer(t *testing.T) {
	r := startReplicated(t, 1)
	// To be the source is to have its id.
	active := mysqld.ForTest(t, mysqld.Options{User: user, Password: password, Database: database, Args: []string{"--server-id=1"}})
	set := fsm.NewLibrarySet(2, []fsm.Library{
		library(1, "library_1", active.Addr(), r.group.Addrs()[1]), library(2, "library_2", servers[1].Addr()),
	})
	r.directory.mu.Lock()
	r.directory.libraries = set
	r.directory.mu.Unlock()
	r.backends.Update(set, r.directory.Settings())
	r.awaitReplica(t, time.Second)

	c := r.open(t)
	exec(t, c, "select library a1")
	wantAt(t, c, "/* mysqlda read=replica */", 1)
	exec(t, c, "create table t (a int)")
	wantAt(t, c, "/* mysqlda read=replica */", 0)
	exec(t, c, "set mysqlda read replica")
	wantAt(t, c, "", 0)
	execError(t, c, 1792, "insert into t values (1)")
	if got := r.reads(t, "no_position"); got != 3 {
		t.Errorf("counted %v times", got)
	}
}
