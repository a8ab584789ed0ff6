package proxy_test

import (
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy"
	"github.com/mysqlda/mysqlda/proxy/digests"
)

// counted starts a node that counts statements by at most limit digests.
func counted(t *testing.T, limit int) *node {
	t.Helper()
	return start(t, func(_ *directory, cfg *proxy.Config) { cfg.StatementDigests = limit })
}

// digestsOf returns what a node has counted, by library and digest, once it has
// counted n statements in all.
func digestsOf(t *testing.T, n *node, statements uint64) map[string]digests.Row {
	t.Helper()
	var all map[string]digests.Row
	eventually(t, fmt.Sprintf("%d statements are counted", statements), func() bool {
		all = make(map[string]digests.Row)
		total := uint64(0)
		for _, r := range n.Digests().Rows() {
			all[fmt.Sprintf("%d %s", r.Library, r.Digest)] = r
			total += r.Count
		}
		return total == statements
	})
	return all
}

func TestStatementsAreCountedByDigestInEachLibrary(t *testing.T) {
	t.Parallel()
	n := counted(t, 100)
	c := n.open(t)
	exec(t, c, "select library a1")
	exec(t, c, "create or replace table digested (id int primary key, name varchar(100))")
	exec(t, c, "insert into digested values (1, 'Smith'), (2, 'Jones')")
	exec(t, c, "insert into digested values (3, 'O''Neil')")
	execError(t, c, 1062, "insert into digested values (3, 'Smith')")
	prepared, err := c.PrepareContext(t.Context(), "select name from digested where id = ? and 7 = 7")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		var name string
		if err := prepared.QueryRowContext(t.Context(), 1).Scan(&name); err != nil || name != "Smith" {
			t.Fatalf("%q, %v", name, err)
		}
	}
	if err := prepared.Close(); err != nil {
		t.Fatal(err)
	}
	exec(t, c, "select library a2")
	exec(t, c, "do 5")

	all := digestsOf(t, n, 8)
	insert, read := all["1 insert into digested values(?, ...)"], all["1 select name from digested where id = ? and ? = ?"]
	if insert.Count != 3 || insert.Errors != 1 || insert.Affected != 3 || insert.ToServer < 100 || insert.ToClient == 0 ||
		insert.Min <= 0 || insert.Max < insert.Min || insert.Total < 2*insert.Min+insert.Max || insert.First.After(insert.Last) {
		t.Errorf("inserted: %+v", insert)
	}
	if read.Count != 3 || read.Errors != 0 {
		t.Errorf("read: %+v", read)
	}
	if all["1 create or replace table digested(id int primary key, name varchar(?))"].Count != 1 || all["2 do ?"].Count != 1 || len(all) != 4 {
		t.Errorf("got %+v", all)
	}
}

// The texts of our own statements name core objects, which are customers.
func TestNoDigestNamesACustomer(t *testing.T) {
	t.Parallel()
	n := counted(t, 100)
	c := n.open(t, "multiStatements=true")
	const secret = "secret4711"
	for _, text := range []string{
		"select library %s", "select library '%s'", "/* mysqlda core=%s */ do 1", "set correl_object card_no %s %[1]s",
		"select library_by_correl_object card_no %s", "show mysqlda placement '%s'",
		"set @a = '%s'", `do "%s"`, "do 1 -- %s", "do /* %s */ 1", "do 1 # %s", "do x'4711', 4711, 47.11e1, _utf8mb4'%s'",
		"do '%s'; do '%[1]s'",
	} {
		exec(t, c, fmt.Sprintf(text, secret))
	}
	// Without its quotes a value looks like a name; and most of these are ours but for
	// a slip. None of them can be executed.
	failing := []string{
		"select librari %s", "selct library %s", "do %s", "select * from %s", "select * from %[1]s.t", "call %s()",
		"set %s = 1", "do %s(1)", "explain select library %s", "drop table %s", "kill %s", "do 1; select library %s",
		"mysqlda user passwd x password %s", "mysqlda user add x password '%s'",
	}
	for _, text := range failing {
		if _, err := c.ExecContext(t.Context(), fmt.Sprintf(text, secret)); err == nil {
			t.Errorf("%s is executed", text)
		}
	}
	show(t, c, "select ?, ?", secret, 4711)
	exec(t, c, "do 'the last'")
	var all map[string]digests.Row
	eventually(t, "the last statement is counted", func() bool {
		all = make(map[string]digests.Row)
		for _, r := range n.Digests().Rows() {
			all[r.Digest] = r
		}
		return all["select ?, ..."].Count == 1 && all["(texts that no server has executed yet)"].Count >= 8
	})
	for digest := range all {
		if strings.Contains(digest, "secret") || strings.Contains(digest, "4711") {
			t.Errorf("a value is in %q", digest)
		}
	}
	if all["do ?, ..., _utf8mb4 ?"].Count+all["do x ?, ..., _utf8mb4 ?"].Count == 0 {
		t.Errorf("the literals were not counted: %v", all)
	}
	n.put(fsm.User{Name: user, Passwords: passwords(password), Role: fsm.RoleAdmin})
	for _, row := range show(t, c, "show mysqlda statements") {
		if text := strings.Join(row, " "); strings.Contains(text, "secret") {
			t.Errorf("shown: %s", text)
		}
	}
}

func TestAStatementThatFailsLaterKeepsItsDigest(t *testing.T) {
	t.Parallel()
	n := counted(t, 100)
	c := n.open(t)
	exec(t, c, "select library a1")
	exec(t, c, "create or replace table fleeting (id int)")
	exec(t, c, "select id from fleeting")
	exec(t, c, "drop table fleeting")
	execError(t, c, 1146, "select id from fleeting")
	if r := digestsOf(t, n, 4)["1 select id from fleeting"]; r.Count != 2 || r.Errors != 1 {
		t.Errorf("got %+v", r)
	}
}

func TestShowMysqldaStatementsHasTheNamesAndTheTimes(t *testing.T) {
	t.Parallel()
	n := counted(t, 100)
	c := n.open(t)
	exec(t, c, "select library a1")
	exec(t, c, "do 1")
	exec(t, c, "do sleep(0.4)")
	digestsOf(t, n, 2)
	n.put(fsm.User{Name: user, Passwords: passwords(password), Role: fsm.RoleAdmin})
	rows := show(t, c, "show mysqlda statements")
	if len(rows) != 2 {
		t.Fatalf("got %q", rows)
	}
	var total [2]float64
	for i, row := range rows {
		if text := strings.Join(row[:4], "|"); text != "library_1|do sleep(?)|1|0" && text != "library_1|do ?|1|0" {
			t.Errorf("got %q", row)
		}
		var err error
		if total[i], err = strconv.ParseFloat(row[4], 64); err != nil {
			t.Error(err)
		}
	}
	if total[0] < total[1] || total[0] < 400 {
		t.Errorf("in %v ms and %v ms", total[0], total[1])
	}
	n.Digests().Reset()
	if rows := show(t, c, "show mysqlda statements"); len(rows) != 0 {
		t.Errorf("after a reset: %q", rows)
	}
}

func TestNothingIsCountedByDigestUnlessAsked(t *testing.T) {
	t.Parallel()
	n := start(t)
	c := n.open(t)
	exec(t, c, "select library a1")
	exec(t, c, "do 1")
	if n.Digests() != nil {
		t.Error("there is a table")
	}
	execError(t, c, 9518, "show mysqlda statements")
}

// show returns the rows of a statement's result.
func show(t *testing.T, c *sql.Conn, text string, args ...any) (all [][]string) {
	t.Helper()
	rows, err := c.QueryContext(t.Context(), text, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		row, into := make([]string, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
