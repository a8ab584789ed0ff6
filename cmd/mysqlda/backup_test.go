package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/backupfile"
	"github.com/mysqlda/mysqlda/fsm"
)

// aState knows the core objects a, which has the card 1, and b.
func aState(t *testing.T) *fsm.Snapshot {
	t.Helper()
	m := fsm.New()
	for i, encode := range []func() ([]byte, error){
		fsm.Bootstrap{
			Settings: fsm.Settings{
				ClusterID: strings.Repeat("01", 16), User: "app", Password: "the-secret", Database: "appdb",
				Failover: fsm.FailoverSettings{User: "f", Password: "the-secret-2"},
			},
			Libraries: []fsm.AddLibrary{{
				Name: "one", Weight: 100, Servers: []fsm.Server{{Address: "h:1"}, {Address: "h:2"}},
				Failover: fsm.Failover{Policy: fsm.FailoverOrdered, Failback: true},
			}},
		}.Encode,
		fsm.SetNode{NodeInfo: fsm.NodeInfo{ID: "n1", Cluster: "h:13307"}}.Encode,
		fsm.Batch{RingVersion: 1, Items: []fsm.Item{fsm.AssignItem("a", 1), fsm.AssignItem("b", 1), fsm.BindItem("card", "1", "a")}}.Encode,
		fsm.BeginSwitch{Library: 1, Epoch: 1, To: "h:2", Cause: fsm.CauseOperator, Reason: "asked for", Drain: true}.Encode,
	} {
		command, err := encode()
		if err != nil {
			t.Fatal(err)
		}
		if r, err := m.Apply(uint64(i+1), command); err != nil || r.Err != nil {
			t.Fatal(err, r.Err)
		}
	}
	return m.Snapshot()
}

// squeeze makes the columns of a table one space apart.
func squeeze(table string) string {
	return regexp.MustCompile(" +").ReplaceAllString(table, " ")
}

func TestBackupInspectRestoreAndInspectByCommand(t *testing.T) {
	http := serve(t, &fakeNode{snapshot: aState(t)})
	dir := t.TempDir()
	file := filepath.Join(dir, "b")
	code, out, errs := execute("backup", file, "--http", http)
	if code != 0 || !strings.Contains(out, "backup of entry 4 written to "+file+": placements 2, bindings 1, digest ") || errs != "" {
		t.Fatalf("backup: %d %q %q", code, out, errs)
	}
	if code, _, errs := execute("backup", file, "--http", http); code != 1 || !strings.Contains(errs, "the file exists already: "+file+"; --force replaces it") {
		t.Errorf("backup again: %d %q", code, errs)
	}
	if code, _, errs := execute("backup", file, "--force", "--http", http); code != 0 {
		t.Errorf("backup by force: %d %q", code, errs)
	}

	for _, c := range []struct {
		args, want string
	}{
		{"", "entry 4\n"},
		{"", "account user app, database appdb, password not shown\n"},
		{"", "failover wait 15 s, lease 6 s, cooldown 10 s, require_fencing false, user f, replication_user none\n"},
		{"", "1 one open 100 off 2 ordered with failback h:1 h:1, h:2\n"},
		{"", "\nlibrary one: the active server changes from h:1 to h:2: draining (operator: asked for)\n"},
		{"--core b", "core object b lives in library one (epoch 1)\n"},
		{"--core c", "core object c has no home\n"},
		{"--correl card 1", "core object a lives in library one (epoch 1)\n"},
		{"--correl card 2", "the object is bound to no core object\n"},
	} {
		code, out, errs := execute(append([]string{"inspect", file}, strings.Fields(c.args)...)...)
		if code != 0 || !strings.Contains(squeeze(out), c.want) || strings.Contains(out+errs, "the-secret") {
			t.Errorf("inspect %s: %d %s%s", c.args, code, out, errs)
		}
	}
	code, out, _ = execute("inspect", file, "-o", "json")
	var contents backupfile.Contents
	if err := json.Unmarshal([]byte(out), &contents); code != 0 || err != nil || contents.Placements != 2 || strings.Contains(out, "the-secret") {
		t.Errorf("inspect as JSON: %d %v %s", code, err, out)
	}

	conf := filepath.Join(dir, "n1.conf")
	if err := os.WriteFile(conf, []byte(`{"node": {"id": "n9", "data_dir": "data"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs = execute("restore", file, "-f", conf)
	if code != 0 || !strings.Contains(out, "node n9 is the first of the new cluster") || !strings.Contains(out, "placements 2, bindings 1, digest "+contents.Digest) {
		t.Fatalf("restore: %d %q %q", code, out, errs)
	}
	if code, _, errs := execute("restore", file, "-f", conf); code != 1 || !strings.Contains(errs, "the data directory is not empty") {
		t.Errorf("restore again: %d %q", code, errs)
	}
	data := filepath.Join(dir, "data")
	other := filepath.Join(dir, "n8.conf")
	if err := os.WriteFile(other, []byte(`{"node": {"id": "n8", "data_dir": "data8"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	var founded foundedCluster
	code, out, errs = execute("restore", file, "-f", other, "-o", "json")
	if err := json.Unmarshal([]byte(out), &founded); err != nil || code != 0 || errs != "" || founded.Node != "n8" || founded.Placements != 2 || founded.Digest != contents.Digest {
		t.Errorf("restore as JSON: %d %v %s %s", code, err, out, errs)
	}
	code, out, errs = execute("inspect", data, "--core", "a")
	if code != 0 || !strings.Contains(squeeze(out), "last entry term 1 index 4\n") || !strings.Contains(squeeze(out), contents.Digest+" yes\n") || !strings.Contains(out, "lives in library one") {
		t.Errorf("inspect of the directory: %d %s%s", code, out, errs)
	}
	if code, _, errs := execute("recover", "-f", conf, "--yes"); code != 1 || !strings.Contains(errs, "only voter of its cluster already") {
		t.Errorf("recover: %d %q", code, errs)
	}

	// Damage is an error, and is located.
	snapshots, err := filepath.Glob(filepath.Join(data, "snapshots", "*", "state.bin"))
	if err != nil || len(snapshots) != 1 {
		t.Fatal(snapshots, err)
	}
	for _, path := range []string{file, snapshots[0]} {
		if err := os.Truncate(path, 200); err != nil {
			t.Fatal(err)
		}
	}
	if code, out, errs := execute("inspect", file); code != 1 || out != "" || !strings.Contains(errs, file+": read snapshot: block ") || !strings.Contains(errs, "truncated") {
		t.Errorf("inspect of a damaged backup: %d %q %q", code, out, errs)
	}
	if code, out, errs := execute("inspect", data); code != 1 || !strings.Contains(squeeze(out), " n9 - - - no\n") || !strings.Contains(errs, "damaged or incomplete") {
		t.Errorf("inspect of a damaged directory: %d %q %q", code, out, errs)
	}
}

func TestABackupToStdoutIsNothingButTheBackup(t *testing.T) {
	node := &fakeNode{snapshot: aState(t)}
	var want bytes.Buffer
	if _, err := node.snapshot.WriteTo(&want); err != nil {
		t.Fatal(err)
	}
	code, out, errs := execute("backup", "-", "--http", serve(t, node))
	if code != 0 || out != want.String() || !strings.Contains(errs, "backup of entry 4 written to the standard output: placements 2") {
		t.Errorf("%d, %d bytes of %d, %q", code, len(out), want.Len(), errs)
	}
}

func TestABackupThatIsRefusedMakesNoFile(t *testing.T) {
	dir := t.TempDir()
	http := serve(t, &fakeNode{err: fmt.Errorf("%w: nobody leads", fsm.ErrNoLeader)})
	code, _, errs := execute("backup", filepath.Join(dir, "b"), "--http", http)
	if code != 1 || !strings.Contains(errs, "a majority of the voters must be alive") {
		t.Errorf("%d %q", code, errs)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v %v", entries, err)
	}
	code, _, errs = execute("inspect", filepath.Join(dir, "b"))
	if code != 1 || !strings.Contains(errs, "no such file") {
		t.Errorf("inspect of nothing: %d %q", code, errs)
	}
}
