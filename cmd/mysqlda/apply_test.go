package main

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

const (
	forward1 = `{"instance": "mysql_data_1", "forward": [{"ip": "10.1.0.1", "port": 3306}, {"ip": "10.1.0.2", "port": 3306}]}`
	forward2 = `{"instance": "mysql_data_2", "forward": [{"ip": "10.1.0.3", "port": 3306}]}`
)

// emptied is a status in which no core object lives in the second library.
func emptied(s *admin.Status) { s.Libraries[1].Placements = 0 }

func TestApplyRemovesEmptyLibrariesOnlyAndReloadNone(t *testing.T) {
	for _, c := range []struct {
		command string
		shape   func(*admin.Status)
		code    int
		says    string
		changes []admin.LibraryChange
	}{
		{"apply", emptied, exitDone, "- library mysql_data_2: no core object lives there\napplied\n", []admin.LibraryChange{{Op: admin.RemoveLibrary, Library: "mysql_data_2"}}},
		{"apply", nil, exitFailed, "(mysql_data_2 with 5 core objects); put them back into the file, and use `mysqlda library close NAME`", nil},
		{"reload", emptied, exitFailed, "(mysql_data_2, which is empty)", nil},
	} {
		node := &fakeNode{shape: c.shape}
		code, stdout, stderr := execute(c.command, "-f", write(t, serve(t, node), "["+forward1+"]"))
		if code != c.code || !strings.Contains(stdout+stderr, c.says) {
			t.Errorf("%s: exit code %d, %q, %q", c.command, code, stdout, stderr)
		}
		var changes []admin.LibraryChange
		for _, r := range node.configured {
			changes = append(changes, r.Changes...)
		}
		if !reflect.DeepEqual(changes, c.changes) {
			t.Errorf("%s: changed %+v", c.command, changes)
		}
	}
}

func TestApplyExpectsTheRevisionThatIsNamed(t *testing.T) {
	node := &fakeNode{shape: emptied}
	path := write(t, serve(t, node), "["+forward1+"]")
	code, stdout, stderr := execute("apply", "-f", path, "--expect-revision", "39")
	if code != exitFailed || stdout != "" || !strings.Contains(stderr, "at revision 40, not 39") || node.configured != nil {
		t.Errorf("exit code %d, %q, %q, %+v", code, stdout, stderr, node.configured)
	}
	if code, _, stderr := execute("apply", "-f", path, "--expect-revision", "40"); code != exitDone || len(node.configured) != 1 {
		t.Errorf("exit code %d, %q, %+v", code, stderr, node.configured)
	}
}

func TestOtherChangesExpectTheRevisionThatIsNamed(t *testing.T) {
	node := &fakeNode{}
	address := serve(t, node)
	for _, args := range [][]string{
		{"library", "weight", "mysql_data_1", "5"},
		{"library", "remove", "mysql_data_1"},
		{"library", "add", "x", "--server", "10.0.0.1:1"},
		{"library", "pin", "mysql_data_1"},
		{"settings", "set", "max_share=0.3"},
	} {
		args = append(args, "--http", address)
		if code, _, stderr := execute(args...); code != exitDone || node.configured != nil {
			t.Fatalf("%v: exit code %d, %q, %+v", args, code, stderr, node.configured)
		}
		if code, _, stderr := execute(append(args, "--expect-revision", "0")...); code != exitDone || len(node.configured) != 1 || *node.configured[0].ExpectRevision != 0 {
			t.Fatalf("%v: exit code %d, %q, %+v", args, code, stderr, node.configured)
		}
		node.configured = nil
	}
}

func TestApplyWaitsForNodesAndNamesThoseThatAreBehind(t *testing.T) {
	behind := &fakeNode{shape: func(s *admin.Status) { s.Node = "n2"; s.AppliedIndex = 40 }}
	second := serve(t, behind)
	node := &fakeNode{}
	first := serve(t, node)
	node.shape = func(s *admin.Status) {
		emptied(s)
		s.Nodes = []admin.NodeStatus{{ID: "n1", HTTP: first}, {ID: "n2", HTTP: second}, {ID: "n3", HTTP: "127.0.0.1:1"}}
	}
	path := write(t, first, "["+forward1+"]")
	code, stdout, stderr := execute("apply", "-f", path, "--wait", "--timeout", "2s")
	if code != exitFailed || !strings.HasSuffix(stdout, "applied\n") ||
		!strings.Contains(stderr, "it is done, but after 2s these of 3 nodes do not know of it: n2 (has applied 40 of 41 log entries), n3 (no node answers at http address 127.0.0.1:1") {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	node.shape = func(s *admin.Status) { emptied(s); s.Nodes = []admin.NodeStatus{{ID: "n1", HTTP: first}} }
	if code, stdout, stderr := execute("apply", "-f", path, "--wait"); code != exitDone || !strings.HasSuffix(stdout, "all nodes know of it: 1\n") {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	if code, _, stderr := execute("apply", "-f", path, "--timeout", "1s"); code != exitUsage || !strings.Contains(stderr, "--timeout goes with --wait") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}

func TestAuditIsShown(t *testing.T) {
	at := time.Date(2026, 11, 29, 20, 8, 53, 0, time.UTC)
	node := &fakeNode{audit: []admin.AuditEntry{
		{Index: 7, At: at, Who: "alice@laptop", From: "10.0.0.7", What: "library one: weight 1 -> 2"},
		{Index: 40, At: at, Who: "mysqlda", From: "n1", What: "node n1 removed"},
	}}
	address := serve(t, node)
	code, stdout, stderr := execute("audit", "--http", address)
	if code != exitDone || !strings.Contains(stdout, "alice@laptop  10.0.0.7  library one: weight 1 -> 2\n40     ") {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	if code, stdout, _ := execute("audit", "-n", "1", "-o", "yaml", "--http", address); code != exitDone || strings.Contains(stdout, "alice") || !strings.Contains(stdout, "who: mysqlda") {
		t.Errorf("exit code %d, %q", code, stdout)
	}
	if code, _, stderr := execute("audit", "-n", "0", "--http", address); code != exitUsage {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}
