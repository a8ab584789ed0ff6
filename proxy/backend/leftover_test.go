package backend

import (
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/proxy/wire"
)

// leftover is something that a session does and that the next one must not see.
type leftover struct {
	name      string
	leave     string // statements, separated by semicolons
	look      string // statements whose answers must be the same before and after
	elsewhere string // the same, asked by another connection
}

var leftovers = []leftover{
	// What a session has said of itself.
	{"user variable", "SET @a = 5", "SELECT @a", ""},
	{"session variables", "SET sql_mode = '', time_zone = '+03:00', sql_select_limit = 1", "SELECT @@sql_mode, @@time_zone, @@sql_select_limit", ""},
	{"checks", "SET foreign_key_checks = 0, unique_checks = 0, check_constraint_checks = 0", "SELECT @@foreign_key_checks, @@unique_checks, @@check_constraint_checks", ""},
	{"timeouts", "SET wait_timeout = 7, net_read_timeout = 8, max_statement_time = 9", "SELECT @@wait_timeout, @@net_read_timeout, @@max_statement_time", ""},
	{"autocommit", "SET autocommit = 0", "SELECT @@autocommit", ""},
	{"how a transaction ends", "SET completion_type = 1", "SELECT @@completion_type", ""},
	{"isolation", "SET SESSION TRANSACTION READ ONLY, ISOLATION LEVEL SERIALIZABLE", "SELECT @@tx_read_only, @@tx_isolation", ""},
	{"the next transaction", "SET TRANSACTION READ ONLY", "INSERT INTO kept VALUES (NULL)", ""}, // 1048, not 1792
	{"character set", "SET NAMES latin1", "SELECT @@character_set_client, @@character_set_results, @@collation_connection", ""},
	{"file system's character set", "SET character_set_filesystem = latin1, collation_server = latin1_bin", "SELECT @@character_set_filesystem, @@collation_server", ""},
	{"database", "USE elsewhere", "SELECT DATABASE(), @@collation_database", ""},
	{"what is tracked", "SET session_track_schema = 0, session_track_state_change = 1, session_track_system_variables = '*', session_track_transaction_info = 'STATE'", "SELECT @@session_track_schema, @@session_track_state_change, @@session_track_system_variables, @@session_track_transaction_info", ""},
	// What stands for the session's one next statement, or pretends to be another.
	{"clock", "SET timestamp = 1000", "SELECT NOW() > '2020-01-01'", ""},
	{"insert id", "SET insert_id = 77", "SELECT @@insert_id", ""},
	{"last insert id, said", "SET last_insert_id = 77", "SELECT LAST_INSERT_ID(), @@identity", ""},
	{"thread", "SET pseudo_thread_id = 77", "SELECT @@pseudo_thread_id = 77", ""},
	{"random numbers", "SET rand_seed1 = 1, rand_seed2 = 1", "SELECT RAND() < 0.000001", ""},
	{"replication", "SET sql_log_bin = 0, server_id = 77, gtid_domain_id = 77, gtid_seq_no = 77, skip_replication = 1", "SELECT @@sql_log_bin, @@server_id, @@gtid_domain_id, @@gtid_seq_no, @@skip_replication", ""},
	{"replay", "SET pseudo_slave_mode = 1", "SELECT @@pseudo_slave_mode", ""},
	// What statements leave behind.
	{"last insert id", "INSERT INTO counted VALUES (NULL)", "SELECT LAST_INSERT_ID()", ""},
	{"sequence", "SELECT NEXTVAL(numbers)", "SELECT LASTVAL(numbers)", ""},
	{"found rows", "SELECT 1 UNION SELECT 2 UNION SELECT 3", "SELECT FOUND_ROWS() < 3", ""},
	{"row count", "INSERT INTO counted VALUES (NULL), (NULL), (NULL)", "SELECT ROW_COUNT() < 3", ""},
	{"warnings", "SELECT 1/0", "SHOW WARNINGS", ""},
	{"errors", "SELECT secret", "SHOW ERRORS; SELECT @@error_count", ""},
	{"optimizer trace", "SET optimizer_trace = 'enabled=on'; SELECT 'secret' FROM kept", "SELECT QUERY FROM information_schema.OPTIMIZER_TRACE; SELECT @@optimizer_trace", ""},
	{"temporary table", "CREATE TEMPORARY TABLE t (a INT)", "SELECT * FROM t", ""},
	{"temporary table before another", "CREATE TEMPORARY TABLE kept (secret INT)", "SELECT secret FROM kept", ""},
	{"handler", "HANDLER kept OPEN", "HANDLER kept READ FIRST", ""},
	{"prepared statement", "PREPARE s FROM 'SELECT 1'", "EXECUTE s", ""},
	// What is open.
	{"transaction", "BEGIN; INSERT INTO kept VALUES (1)", "SELECT COUNT(*) FROM kept", "DELETE FROM kept WHERE a = 1"},
	{"transaction without autocommit", "SET autocommit = 0; INSERT INTO kept VALUES (1)", "SELECT COUNT(*) FROM kept", ""},
	{"snapshot", "START TRANSACTION WITH CONSISTENT SNAPSHOT", "SELECT @@in_transaction", ""},
	{"transaction that chains", "SET completion_type = 1; BEGIN; INSERT INTO kept VALUES (1)", "SELECT @@in_transaction, COUNT(*) FROM kept", ""},
	{"row lock", "BEGIN; INSERT INTO kept VALUES (1); SELECT * FROM kept FOR UPDATE", "SELECT @@in_transaction", "DELETE FROM kept WHERE a = 1"},
	{"savepoint", "BEGIN; SAVEPOINT s", "ROLLBACK TO s", ""},
	{"named lock", "SELECT GET_LOCK('l', 0)", "SELECT IS_FREE_LOCK('l')", "SELECT IS_FREE_LOCK('l')"},
	{"table lock", "LOCK TABLES kept READ", "INSERT INTO kept VALUES (NULL)", "DELETE FROM kept"},
	{"global lock", "FLUSH TABLES WITH READ LOCK", "DELETE FROM kept", "DELETE FROM kept"},
	{"export", "FLUSH TABLES kept FOR EXPORT", "INSERT INTO kept VALUES (NULL)", "DELETE FROM kept"},
	{"backup lock", "BACKUP LOCK kept", "SELECT 1", "ALTER TABLE kept COMMENT 'x'"},
	{"backup", "BACKUP STAGE START; BACKUP STAGE BLOCK_DDL", "BACKUP STAGE FLUSH", "ALTER TABLE kept COMMENT 'x'"},
}

// answers asks several statements.
func answers(t *testing.T, l *link, statements string) string {
	t.Helper()
	var all []string
	for statement := range strings.SplitSeq(statements, "; ") {
		if statement != "" {
			all = append(all, query(t, l, statement))
		}
	}
	return strings.Join(all, " | ")
}

func TestNothingIsLeftOnAReturnedConnection(t *testing.T) {
	m := oneConnection(t)
	root := admin(t, first.Addr())
	answers(t, root, "SET lock_wait_timeout = 0, innodb_lock_wait_timeout = 0; "+
		"CREATE TABLE kept (a INT PRIMARY KEY) ENGINE=InnoDB; "+
		"CREATE TABLE counted (a INT AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB; "+
		"CREATE SEQUENCE numbers; CREATE DATABASE elsewhere COLLATE latin1_bin")
	t.Cleanup(func() {
		answers(t, root, "DROP TABLE kept; DROP TABLE counted; DROP SEQUENCE numbers; DROP DATABASE elsewhere")
	})
	for _, test := range leftovers {
		t.Run(test.name, func(t *testing.T) {
			look := func(c *Conn) string {
				return answers(t, c.link, test.look) + " elsewhere " + answers(t, root, test.elsewhere)
			}
			leave := func(c *Conn) {
				if left := answers(t, c.link, test.leave); strings.Contains(left, "ERR") && test.name != "errors" {
					t.Fatalf("%s: %s", test.leave, left)
				}
			}
			c := acquire(t, m, plain)
			defer func() { c.Discard() }()
			before := look(c)
			leave(c)
			if look(c) == before {
				t.Fatalf("looking does not show it: %s", before)
			}
			for _, settled := range []bool{false, true} {
				c.Discard()
				c = acquire(t, m, plain)
				thread := c.ThreadID()
				leave(c)
				if settled && query(t, c.link, "SELECT @@in_transaction") == "0" {
					c.ReleaseSettled()
				} else {
					c.Release()
				}
				awaitIdle(t, m, 1)
				if c = acquire(t, m, plain); c.ThreadID() != thread {
					t.Fatal("the connection was not reused")
				}
				if after := look(c); after != before {
					t.Errorf("%s: %q before, %q in the next session", test.look, before, after)
				}
			}
		})
	}
}

// Prepared statements that clients know by number, and their cursors.
func TestNoPreparedStatementIsLeftOnAReturnedConnection(t *testing.T) {
	m := oneConnection(t)
	root := admin(t, first.Addr())
	const count = "SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'"
	before := query(t, root, count)
	c := acquire(t, m, plain)
	if _, err := c.NetConn().Write(packet(0, append([]byte{wire.ComStmtPrepare}, "SELECT 1 UNION SELECT 2"...)...)); err != nil {
		t.Fatal(err)
	}
	prepared := readPackets(t, c, 2) // with the only column
	execute := append([]byte{wire.ComStmtExecute}, prepared[0][1:5]...)
	execute = append(execute, 1, 1, 0, 0, 0) // with a cursor
	if _, err := c.NetConn().Write(packet(0, execute...)); err != nil {
		t.Fatal(err)
	}
	readPackets(t, c, 3) // the number of columns, the column, the end
	if open := query(t, root, count); open == before {
		t.Fatalf("%s before and after preparing", open)
	}
	c.ReleaseSettled()
	awaitIdle(t, m, 1)
	if after := query(t, root, count); after != before {
		t.Errorf("%s prepared statements, %s before", after, before)
	}
}

func readPackets(t *testing.T, c *Conn, n int) (payloads [][]byte) {
	t.Helper()
	for range n {
		payload, err := readPacket(c.NetConn())
		if err != nil {
			t.Fatal(err)
		}
		if payload[0] == errPacket {
			t.Fatalf("refused: %q", payload)
		}
		payloads = append(payloads, payload)
	}
	return payloads
}
