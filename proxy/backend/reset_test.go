package backend

import (
	"testing"

	"github.com/mysqlda/mysqlda/proxy/wire"
)

// oneConnection makes a manager of one library on the first server.
func oneConnection(t *testing.T) *Manager {
	needServers(t)
	return manage(t, Config{}, libraries([]string{first.Addr()}))
}

func TestNothingOfASessionReachesTheNext(t *testing.T) {
	m := oneConnection(t)
	root := admin(t, first.Addr())
	for _, sql := range []string{
		"CREATE TABLE kept (a INT PRIMARY KEY) ENGINE=InnoDB",
		"CREATE DATABASE elsewhere",
	} {
		query(t, root, sql)
	}
	t.Cleanup(func() {
		query(t, root, "DROP TABLE kept")
		query(t, root, "DROP DATABASE elsewhere")
	})

	for _, test := range []struct {
		name  string
		leave []string
		look  string // must answer the same before and after
	}{
		{"user variable", []string{"SET @a = 5"}, "SELECT @a"},
		{"session variable", []string{"SET sql_mode = ''", "SET time_zone = '+03:00'"}, "SELECT @@sql_mode, @@time_zone"},
		{"autocommit", []string{"SET autocommit = 0"}, "SELECT @@autocommit"},
		{"isolation", []string{"SET SESSION TRANSACTION READ ONLY"}, "SELECT @@tx_read_only"},
		{"clock", []string{"SET timestamp = 1000"}, "SELECT NOW() > '2020-01-01'"},
		{"last insert id", []string{"SELECT LAST_INSERT_ID(77)"}, "SELECT LAST_INSERT_ID()"},
		{"warnings", []string{"SELECT 1/0"}, "SHOW WARNINGS"},
		{"temporary table", []string{"CREATE TEMPORARY TABLE t (a INT)"}, "SELECT * FROM t"},
		{"transaction", []string{"BEGIN", "INSERT INTO kept VALUES (1)"}, "SELECT COUNT(*) FROM kept"},
		{"named lock", []string{"SELECT GET_LOCK('l', 0)"}, "SELECT IS_FREE_LOCK('l')"},
		{"table lock", []string{"LOCK TABLES kept READ"}, "INSERT INTO kept VALUES (NULL)"}, // 1048, not 1099
		{"global lock", []string{"FLUSH TABLES WITH READ LOCK"}, "DELETE FROM kept"},
		{"handler", []string{"HANDLER kept OPEN"}, "HANDLER kept READ FIRST"},
		{"prepared statement", []string{"PREPARE s FROM 'SELECT 1'"}, "EXECUTE s"},
		{"database", []string{"USE elsewhere"}, "SELECT DATABASE()"},
		{"character set", []string{"SET NAMES latin1"}, "SELECT @@character_set_client, @@character_set_results, @@collation_connection"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := acquire(t, m, plain)
			thread, before := c.ThreadID(), query(t, c.link, test.look)
			for _, sql := range test.leave {
				query(t, c.link, sql)
			}
			c.Release()
			awaitIdle(t, m, 1)

			c = acquire(t, m, plain)
			defer func() { c.Release(); awaitIdle(t, m, 1) }()
			if c.ThreadID() != thread {
				t.Fatal("the connection was not reused")
			}
			if after := query(t, c.link, test.look); after != before {
				t.Errorf("%s: %q before, %q in the next session", test.look, before, after)
			}
		})
	}
}

// What a session leaves that no command puts back costs its connection.
func TestConnectionThatCannotBeCleanedIsClosed(t *testing.T) {
	needServers(t)
	root := admin(t, first.Addr())
	for _, sql := range []string{
		"CREATE TABLE kept (a INT PRIMARY KEY) ENGINE=InnoDB",
		"CREATE ROLE clerk",
		"GRANT clerk TO CURRENT_USER()",
	} {
		query(t, root, sql)
	}
	t.Cleanup(func() {
		query(t, root, "XA ROLLBACK 'prepared'")
		query(t, root, "DROP TABLE kept")
		query(t, root, "DROP ROLE clerk")
	})
	none := plain
	none.Database = ""

	for _, test := range []struct {
		name    string
		profile Profile
		leave   []string
	}{
		{"role", plain, []string{"SET ROLE clerk"}},
		{"profiles", plain, []string{"SET profiling = 1", "SELECT 'secret'", "SET profiling = 0"}},
		{"open XA transaction", plain, []string{"XA START 'open'", "INSERT INTO kept VALUES (1)"}},
		{"prepared XA transaction", plain, []string{"XA START 'prepared'", "INSERT INTO kept VALUES (2)", "XA END 'prepared'", "XA PREPARE 'prepared'"}},
		{"a database where there was none", none, []string{"USE test"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := oneConnection(t)
			c := acquire(t, m, test.profile)
			for _, sql := range test.leave {
				if answer := query(t, c.link, sql); len(answer) > 3 && answer[:3] == "ERR" {
					t.Fatalf("%s: %s", sql, answer)
				}
			}
			thread := c.ThreadID()
			c.Release()
			awaitIdle(t, m, 0)
			if c = acquire(t, m, test.profile); c.ThreadID() == thread {
				t.Error("the connection was reused")
			}
			c.Discard()
		})
	}
	if answer := query(t, root, "XA RECOVER"); answer == "" {
		t.Error("the prepared XA transaction was lost")
	}
}

func TestResetPutsBackWhatTheProfileAgreed(t *testing.T) {
	m := oneConnection(t)
	const names = "SELECT @@character_set_client, @@character_set_results, @@collation_connection"
	const several = "SET @a = 1; SET @b = 2"
	for _, test := range []struct {
		name    string
		profile Profile
		leave   func(t *testing.T, l *link)
		look    string
		want    string
	}{
		{"collation", Profile{Collation: 83}, func(t *testing.T, l *link) { query(t, l, "SET NAMES latin1") }, names, "utf8mb3,utf8mb3,utf8mb3_bin"},
		{"no database", Profile{Collation: 45}, func(*testing.T, *link) {}, "SELECT DATABASE()", "NULL"},
		{
			"ignore space",
			Profile{Collation: 45, Capabilities: wire.ClientIgnoreSpace},
			func(t *testing.T, l *link) { query(t, l, "SET sql_mode = ''") },
			"SELECT @@sql_mode LIKE '%IGNORE_SPACE%', COUNT (*)", "1,1",
		},
		{"multi statements off", Profile{Collation: 45}, func(t *testing.T, l *link) {
			if err := l.exchange(command{wire.ComSetOption, "\x00\x00"}); err != nil {
				t.Fatal(err)
			}
		}, several, "ERR 1064"},
		{"multi statements on", Profile{Collation: 45, Capabilities: wire.ClientMultiStatements}, func(t *testing.T, l *link) {
			if err := l.exchange(command{wire.ComSetOption, "\x01\x00"}); err != nil {
				t.Fatal(err)
			}
		}, several, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := acquire(t, m, test.profile)
			thread := c.ThreadID()
			test.leave(t, c.link)
			c.Release()
			eventually(t, "reset", func() bool { return statsOf(m).Resetting == 0 })
			c = acquire(t, m, test.profile)
			defer c.Discard()
			if c.ThreadID() != thread {
				t.Fatal("the connection was not reused")
			}
			if got := query(t, c.link, test.look); got != test.want {
				t.Errorf("%s: %q, want %q", test.look, got, test.want)
			}
		})
	}
}

// A number that the server does not know gives its default, as for any client,
// and the reset gives the same again.
func TestCollationUnknownToTheServer(t *testing.T) {
	m := oneConnection(t)
	const names = "SELECT @@character_set_client, @@character_set_results, @@collation_connection"
	profile := Profile{Collation: 255}
	c := acquire(t, m, profile)
	before, thread := query(t, c.link, names), c.ThreadID()
	query(t, c.link, "SET NAMES utf8mb4")
	c.Release()
	awaitIdle(t, m, 1)
	c = acquire(t, m, profile)
	defer c.Discard()
	if after := query(t, c.link, names); c.ThreadID() != thread || after != before {
		t.Errorf("thread %d with %q, was thread %d with %q", c.ThreadID(), after, thread, before)
	}
}
