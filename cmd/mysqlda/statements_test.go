package main

import (
	"strings"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

// Statements answers with two digests, of which one is not what a terminal is for.
func (f *fakeNode) Statements(q admin.StatementsQuery) (admin.StatementList, error) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local)
	return admin.StatementList{
		Node: "n1", Since: at, Digests: 7, Limit: 1000, Evicted: 3,
		Statements: []admin.StatementStatus{
			{
				Library: "library_1", Digest: "select c from t where id = ?", Count: 1200, Errors: 2,
				TotalSeconds: 3723.5, MeanSeconds: 3.1029, MinSeconds: 0.000025, P95Seconds: 4.5678, MaxSeconds: 61,
				AffectedRows: 5, BytesToServer: 60000, BytesToClient: 240000, FirstSeen: at, LastSeen: at,
			},
			{Digest: "do `\x1b[2J\n`", Count: 1, TotalSeconds: 0.000123456, MeanSeconds: 0.000123456, P95Seconds: 0.000123456, MaxSeconds: 0.000123456},
		},
	}, f.note("statements %q by %s n=%d", q.Library, q.By, q.Limit)
}

func (f *fakeNode) ResetStatements() error { return f.note("reset statements") }

func TestStatementsTable(t *testing.T) {
	node := &fakeNode{}
	code, stdout, stderr := execute("statements", "--library", "library_1", "--by", "max", "-n", "5", "--http", serve(t, node))
	if code != exitDone {
		t.Fatalf("exit code %d, %q", code, stderr)
	}
	golden(t, "statements.txt", stdout)
	if got := strings.Join(node.asked, ";"); got != `statements "library_1" by max n=5` {
		t.Errorf("asked for %s", got)
	}
}

func TestStatementsAreShownBeforeTheyAreReset(t *testing.T) {
	node := &fakeNode{}
	code, stdout, stderr := execute("statements", "--reset", "-o", "json", "--http", serve(t, node))
	if code != exitDone || !strings.Contains(stdout, `"total_seconds": 3723.5`) {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	if got := strings.Join(node.asked, ";"); got != `statements "" by time n=20;reset statements` {
		t.Errorf("asked for %s", got)
	}
}

func TestStatementsRefusesWhatMakesNoSense(t *testing.T) {
	for args, want := range map[string]string{
		"statements --by name": `--by: must be one of time, count, errors, max, not "name"`,
		"statements -n 0":      "-n: must be from 1 to 100000, not 0",
		"statements -o xml":    "-o: must be one of table, json, yaml",
		"statements all":       "there is an argument too many",
	} {
		code, stdout, stderr := execute(strings.Fields(args)...)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("mysqlda %s: exit code %d, %q, %q", args, code, stdout, stderr)
		}
	}
}
