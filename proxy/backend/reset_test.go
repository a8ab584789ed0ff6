package backend

import (
	"fmt"
	"net"
	"testing"

	"github.com/mysqlda/mysqlda/proxy/wire"
)

// oneConnection makes a manager of one library on the first server.
func oneConnection(t *testing.T) *Manager {
	needServers(t)
	return manage(t, Config{}, libraries([]string{first.Addr()}))
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

// The server gives interactive clients another timeout when they log in.
func TestResetPutsBackTheTimeoutOfInteractiveClients(t *testing.T) {
	needServers(t)
	root := admin(t, first.Addr())
	query(t, root, "SET GLOBAL interactive_timeout = 4321")
	t.Cleanup(func() { query(t, root, "SET GLOBAL interactive_timeout = DEFAULT") })
	l, err := dial(t.Context(), first.Addr(), testAccount, Profile{Collation: 45, Capabilities: wire.ClientInteractive})
	if err != nil {
		t.Fatal(err)
	}
	defer l.quit()
	for _, settled := range []bool{false, true} {
		query(t, l, "SET wait_timeout = 5")
		if err := l.reset(t.Context(), patience, settled); err != nil {
			t.Fatal(err)
		}
		if got := query(t, l, "SELECT @@wait_timeout"); got != "4321" {
			t.Errorf("wait_timeout %s after the reset", got)
		}
	}
}

// A connection that was cleaned must still speak as its profile says.
func TestResetWithEveryCapability(t *testing.T) {
	needServers(t)
	l, err := dial(t.Context(), first.Addr(), testAccount, Profile{
		Collation: 45, Database: "test",
		Capabilities: wire.ClientSessionTrack | wire.ClientDeprecateEOF | wire.ClientMultiStatements | wire.ClientMultiResults |
			wire.ClientFoundRows | wire.ClientIgnoreSpace | wire.ClientInteractive |
			wire.MariadbProgress | wire.MariadbBulkOperations | wire.MariadbCacheMetadata,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer l.quit()
	query(t, l, "SET session_track_system_variables = '*', character_set_results = latin1")
	if err := l.reset(t.Context(), patience, true); err != nil {
		t.Fatal(err)
	}
	if !l.alive() {
		t.Error("bytes are left behind the reset")
	}
	row, err := l.ask("SELECT @@character_set_results, @@session_track_system_variables = '*'", 2)
	if err != nil || string(row[0]) != "utf8mb4" || string(row[1]) != "0" {
		t.Errorf("%q, %v", row, err)
	}
}

// What an XA transaction leaves may crash a server that is asked to reset the
// connection. So nothing may follow the ROLLBACK before it was answered.
func TestResetWaitsForTheRollbackUnlessSettled(t *testing.T) {
	for _, settled := range []bool{false, true} {
		first := make(chan []byte, 1)
		address := scripted(t, func(c net.Conn) error {
			b := make([]byte, 4096)
			n, err := c.Read(b)
			first <- b[:n]
			return err
		})
		raw, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		l, err := newLink(raw, address, plain, &wire.Peer{Conn: raw})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.reset(t.Context(), patience, settled); err == nil {
			t.Error("the server hung up and the reset succeeded")
		}
		l.cut()
		if alone := string(<-first) == string(packet(0, append([]byte{wire.ComQuery}, "ROLLBACK"...)...)); alone == settled {
			t.Errorf("settled: %t, the rollback comes alone: %t", settled, alone)
		}
	}
}

func BenchmarkReset(b *testing.B) {
	if first == nil {
		b.Skip("no server")
	}
	l, err := dial(b.Context(), first.Addr(), testAccount, plain)
	if err != nil {
		b.Fatal(err)
	}
	defer l.quit()
	for _, settled := range []bool{false, true} {
		b.Run(fmt.Sprintf("settled=%t", settled), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := l.reset(b.Context(), patience, settled); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAlive(b *testing.B) {
	if first == nil {
		b.Skip("no server")
	}
	l, err := dial(b.Context(), first.Addr(), testAccount, plain)
	if err != nil {
		b.Fatal(err)
	}
	defer l.quit()
	b.ReportAllocs()
	for b.Loop() {
		if !l.alive() {
			b.Fatal("dead")
		}
	}
}
