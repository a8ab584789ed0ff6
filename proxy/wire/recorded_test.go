package wire

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

var update = flag.Bool("update", false, "record the exchanges in testdata anew, with the server that is installed")

// extended are capabilities that only a client without ClientLongPassword can ask
// MariaDB for.
const extended = MariadbProgress | MariadbBulkOperations | MariadbExtendedMetadata | MariadbCacheMetadata

// capabilitySets are what clients of MariaDB agree on.
func capabilitySets() map[string]Capability {
	base := OfferedCapabilities
	maria := base &^ ClientLongPassword
	sets := map[string]Capability{
		"plain":    base,
		"tracked":  base | ClientSessionTrack,
		"cached":   maria | MariadbCacheMetadata,
		"extended": maria | MariadbExtendedMetadata,
		"bulk":     maria | MariadbBulkOperations,
		"all":      maria | extended | ClientSessionTrack,
	}
	for _, name := range slices.Collect(maps.Keys(sets)) {
		sets[name+"-eof"] = sets[name] &^ ClientDeprecateEOF
	}
	return sets
}

// recordedStep is a command whose answer is recorded. statement counts the
// statements that were prepared before, from 1, and is put where the body has its
// id; 0 means that the body has none.
type recordedStep struct {
	name      string
	command   byte
	body      string
	statement int
	bulk      bool // of no use without MariadbBulkOperations
}

const idPlace = "\x00\x00\x00\x00"

func recordedSteps() []recordedStep {
	query := func(name, text string) recordedStep {
		return recordedStep{name: name, command: ComQuery, body: text}
	}
	prepare := func(name, text string) recordedStep {
		return recordedStep{name: name, command: ComStmtPrepare, body: text}
	}
	execute := func(name string, statement int, cursor bool, params ...string) recordedStep {
		return recordedStep{name: name, command: ComStmtExecute, body: string(execution(0, cursor, params...)), statement: statement}
	}
	return []recordedStep{
		query("create", "CREATE OR REPLACE TABLE recorded (a INT AUTO_INCREMENT PRIMARY KEY, b VARCHAR(20), c JSON)"),
		query("insert", "INSERT INTO recorded (b) VALUES ('x'), ('y'), ('z')"),
		query("update", "UPDATE recorded SET b = 'w' WHERE a > 1"),
		query("select", "SELECT * FROM recorded"),
		query("select nothing", "SELECT * FROM recorded WHERE FALSE"),
		query("warning", "SELECT 1/0, CAST('x' AS INT)"),
		query("error", "SELECT * FROM nowhere"),
		query("several", "INSERT INTO recorded (b) VALUES ('v'); SELECT a FROM recorded; DO 1; SELECT 2"),
		query("several, error", "SELECT 1; SELECT * FROM nowhere"),
		query("procedure", "CREATE OR REPLACE PROCEDURE recorded_p(OUT x INT) BEGIN SELECT 1 AS one; SET x = 5; END"),
		query("call", "CALL recorded_p(@x)"),
		query("track", "SET session_track_system_variables = '*', session_track_state_change = ON, session_track_transaction_info = 'CHARACTERISTICS'"),
		query("use", "USE test"),
		query("set", "SET NAMES latin1"),
		query("set two", "SET sql_mode = 'ANSI', @a = 1"),
		query("begin", "BEGIN"),
		query("in transaction", "SELECT a FROM recorded LIMIT 1"),
		query("commit", "COMMIT"),
		{name: "init db", command: ComInitDB, body: "test"},
		{name: "ping", command: ComPing},
		{name: "field list", command: ComFieldList, body: "recorded\x00%"},
		prepare("prepare select", "SELECT a, b FROM recorded WHERE a > ?"),                           // 1
		prepare("prepare insert", "INSERT INTO recorded (b) VALUES (?)"),                             // 2
		prepare("prepare call", "CALL recorded_p(?)"),                                                // 3
		prepare("prepare nothing", "DO 1"),                                                           // 4
		prepare("prepare error", "SELEC"),                                                            //
		execute("execute", 1, false, "1"),                                                            //
		execute("execute again", 1, false, "2"),                                                      //
		execute("execute insert", 2, false, "p"),                                                     //
		execute("execute call", 3, false, "1"),                                                       //
		execute("execute cursor", 1, true, "0"),                                                      //
		{name: "fetch", command: ComStmtFetch, body: idPlace + "\x02\x00\x00\x00", statement: 1},     //
		{name: "fetch all", command: ComStmtFetch, body: idPlace + "\xff\x00\x00\x00", statement: 1}, //
		{name: "reset statement", command: ComStmtReset, body: idPlace, statement: 1},                //
		execute("cursor for an insert", 2, true, "q"),                                                //
		query("alter", "ALTER TABLE recorded ADD d INT FIRST"),                                       //
		prepare("prepare star", "SELECT * FROM recorded LIMIT ?"),                                    // 5
		query("alter again", "ALTER TABLE recorded DROP d"),                                          //
		{name: "bulk insert", command: ComStmtBulkExecute, body: idPlace + "\x80\x00\xfd\x00\x00\x01r\x01\x00\x01s", statement: 2, bulk: true}, //
		{name: "bulk error", command: ComStmtBulkExecute, body: idPlace + "\x80\x00\xfd\x00\x00\x01r", statement: 1, bulk: true},               //
		{name: "reset connection", command: ComResetConnection},
	}
}

// exchange is a recorded answer.
type exchange struct {
	name    string
	command byte
	says    string // what the tracker says of it
	answer  []byte
}

// record plays the steps on a connection to a real server.
func record(t *testing.T, c *rawConn) []exchange {
	var (
		out        []exchange
		statements []uint32
	)
	for _, step := range recordedSteps() {
		if step.bulk && !c.caps.Has(MariadbBulkOperations) {
			continue
		}
		body := []byte(step.body)
		if step.statement > 0 {
			binary.LittleEndian.PutUint32(body, statements[step.statement-1])
		}
		c.send(t, step.command, body)
		c.heard = []byte{}
		if ev, _ := c.answer(t); ev != EventDone {
			t.Fatalf("%s: event %d", step.name, ev)
		}
		answer := c.heard
		if id, _, _, ok := c.tracker.Prepared(); ok {
			statements = append(statements, id)
		}
		c.nothingIsLeft(t)
		tr, _, _ := feedAnswer(t, step.command, c.caps, answer, len(answer))
		out = append(out, exchange{step.name, step.command, says(tr), answer})
	}
	return out
}

// says puts everything into words that a tracker says at the end of an answer.
func says(tr *Tracker) string {
	id, columns, params, ok := tr.Prepared()
	var b strings.Builder
	fmt.Fprintf(&b, "status=%#x error=%d warnings=%d affected=%d insert=%d next=%d", tr.Status(), tr.ErrCode(),
		tr.Warnings(), tr.AffectedRows(), tr.LastInsertID(), tr.NextSequence())
	if ok {
		fmt.Fprintf(&b, " statement=%d columns=%d params=%d definitions=%#x", id, columns, params, tr.Definitions())
	}
	changes := tr.SessionChanges()
	for change := range changes.All() {
		fmt.Fprintf(&b, " change=%d:%q:%q", change.Kind, change.Name, change.Value)
	}
	if changes.Truncated {
		b.WriteString(" truncated")
	}
	return b.String()
}

// feedAnswer feeds an answer in fragments of that many bytes.
func feedAnswer(t interface{ Fatalf(string, ...any) }, command byte, caps Capability, answer []byte, fragment int) (tr *Tracker, taken int, ev Event) {
	tr = new(Tracker)
	tr.Begin(command, caps)
	taken, ev = feedAll(t, tr, answer, func() int { return fragment })
	return tr, taken, ev
}

// TestTrackerAgreesWithRecordedExchanges replays what a MariaDB has answered to
// clients that had agreed on various capabilities.
func TestTrackerAgreesWithRecordedExchanges(t *testing.T) {
	t.Parallel()
	if *update {
		recordAll(t)
	}
	for set, caps := range capabilitySets() {
		t.Run(set, func(t *testing.T) {
			exchanges := readExchanges(t, recordingOf(set))
			if want := len(recordedSteps()); len(exchanges) < want-2 {
				t.Fatalf("%d of %d exchanges", len(exchanges), want)
			}
			for _, x := range exchanges {
				for _, fragment := range []int{1, 2, 3, 5, 23, len(x.answer)} {
					tr, taken, ev := feedAnswer(t, x.command, caps, append(x.answer[:len(x.answer):len(x.answer)], trailing...), fragment)
					if ev != EventDone || taken != len(x.answer) {
						t.Fatalf("%s in fragments of %d bytes: event %d after %d of %d bytes", x.name, fragment, ev, taken, len(x.answer))
					}
					if got := says(tr); got != x.says {
						t.Fatalf("%s in fragments of %d bytes:\n%s, recorded was\n%s", x.name, fragment, got, x.says)
					}
				}
			}
		})
	}
}

func recordingOf(set string) string { return filepath.Join("testdata", "mariadb", set+".txt") }

func recordAll(t *testing.T) {
	s := mysqld.ForTest(t, mysqld.Options{})
	if err := os.MkdirAll(filepath.Dir(recordingOf("")), 0o755); err != nil {
		t.Fatal(err)
	}
	for set, caps := range capabilitySets() {
		var b bytes.Buffer
		for _, x := range record(t, dialRaw(t, s, caps)) {
			fmt.Fprintf(&b, "%s\n%02x %s\n%x\n", x.name, x.command, x.says, x.answer)
		}
		if err := os.WriteFile(recordingOf(set), b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func readExchanges(t *testing.T, file string) []exchange {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []exchange
	lines := bufio.NewScanner(bytes.NewReader(b))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		x := exchange{name: lines.Text()}
		lines.Scan()
		if _, err := fmt.Sscanf(lines.Text(), "%02x", &x.command); err != nil {
			t.Fatalf("%s, %s: %v", file, x.name, err)
		}
		x.says = lines.Text()[3:]
		lines.Scan()
		if x.answer, err = hex.DecodeString(lines.Text()); err != nil {
			t.Fatalf("%s, %s: %v", file, x.name, err)
		}
		out = append(out, x)
	}
	return out
}
