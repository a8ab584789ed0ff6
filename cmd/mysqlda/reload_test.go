package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

func TestReload(t *testing.T) {
	const (
		library1 = `{"instance": "mysql_data_1", "forward": [{"ip": "10.1.0.1", "port": 3306}, {"ip": "10.1.0.2", "port": 3306}]}`
		library2 = `{"instance": "mysql_data_2", "forward": [{"ip": "10.1.0.3", "port": 3306}]}`
		library3 = `{"instance": "mysql_data_3", "forward": [{"ip": "10.1.0.4", "port": 3306}]}`
		isNew    = "+ library mysql_data_3: weight 100, servers 10.1.0.4:3306\n"
	)
	for _, c := range []struct {
		name, forwards, flags string
		code                  int
		stdout, stderr        string
		requests              int
	}{
		{name: "nothing to change", forwards: library1 + "," + library2, stdout: "nothing to change\n"},
		{name: "a difference", forwards: library1 + "," + library2 + "," + library3, stdout: isNew + "applied\n", requests: 1},
		{name: "only looked at", flags: "--dry-run", forwards: library1 + "," + library2 + "," + library3, code: exitDifferent, stdout: isNew + "dry run: nothing was changed at revision 40\n"},
		{
			name: "a library is missing", forwards: library1 + "," + library3, code: exitFailed, stdout: isNew,
			stderr: "(mysql_data_2 with 5 core objects)",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			node := &fakeNode{}
			path := write(t, serve(t, node), "["+c.forwards+"]")
			code, stdout, stderr := execute(append([]string{"reload", "-f", path}, strings.Fields(c.flags)...)...)
			if code != c.code || stdout != c.stdout || !strings.Contains(stderr, c.stderr) {
				t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
			}
			if len(node.configured) != c.requests || node.changes != nil {
				t.Errorf("requests: %+v, %+v", node.configured, node.changes)
			}
			for _, r := range node.configured {
				if r.ExpectRevision == nil || *r.ExpectRevision != testRevision {
					t.Errorf("expects revision %v", r.ExpectRevision)
				}
			}
		})
	}
}

func TestReloadBringsSettingsWhereTheFileNamesThem(t *testing.T) {
	node := &fakeNode{}
	path := write(t, serve(t, node), `[
		{"instance": "mysql_data_1", "forward": [{"ip": "10.1.0.1", "port": 3306}, {"ip": "10.1.0.2", "port": 3306}]},
		{"instance": "mysql_data_2", "forward": [{"ip": "10.1.0.3", "port": 3306}]}], "max_share": 0.500, "balance": "data"`)
	const line = "~ balance placements -> data\n"
	if code, stdout, stderr := execute("reload", "-f", path, "--dry-run"); code != exitDifferent || stdout != line+"dry run: nothing was changed at revision 40\n" {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	if node.asked != nil {
		t.Errorf("a dry run asked to %q", node.asked)
	}
	if code, stdout, stderr := execute("reload", "-f", path); code != exitDone || stdout != line+"applied\n" {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	want := []admin.Configuration{{ExpectRevision: new(uint64(testRevision)), Settings: admin.SettingsChange{Balance: "data"}}}
	if !reflect.DeepEqual(node.configured, want) || node.changes != nil || node.asked != nil {
		t.Errorf("configured %+v, %q, %+v", node.configured, node.asked, node.changes)
	}
}

func TestReloadNeedsForwards(t *testing.T) {
	path := filepath.Join(t.TempDir(), "n.conf")
	if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := execute("reload", "-f", path); code != exitFailed || !strings.Contains(stderr, "has no forwards") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}
