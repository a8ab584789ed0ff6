package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestExportOfANodeAndOfABackup(t *testing.T) {
	state := aState(t)
	address := serve(t, &fakeNode{snapshot: state})
	var backup bytes.Buffer
	if _, err := state.WriteTo(&backup); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "b")
	if err := os.WriteFile(file, backup.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, from := range map[string][]string{"a node": {"--http", address}, "a backup": {"--backup", file}} {
		dir := t.TempDir()
		code, stdout, stderr := execute(append([]string{"export", "--dir", dir}, from...)...)
		if code != exitDone || !strings.Contains(stdout, "exported 2 placements and 1 bindings of entry 4, digest ") {
			t.Errorf("%s: exit code %d\n%s\n%s", name, code, stdout, stderr)
		}
		for file, want := range map[string]string{"mysqlda.save": " a one\n", "mysqlda.card.save": " 1 a\n"} {
			if got, err := os.ReadFile(filepath.Join(dir, file)); err != nil || !strings.Contains(string(got), want) {
				t.Errorf("%s: %s holds %q, %v", name, file, got, err)
			}
		}
		code, stdout, stderr = execute(append([]string{"export", "--jsonl", "-"}, from...)...)
		lines := strings.Split(stdout, "\n")
		if code != exitDone || len(lines) != 6 || lines[1] != `{"core":"a","library":"one"}` ||
			lines[3] != `{"class":"card","object":"1","core":"a"}` || lines[4] != `{"end":{"placements":2,"bindings":1}}` {
			t.Errorf("%s: exit code %d\n%s\n%s", name, code, stdout, stderr)
		}
		for _, line := range lines[:5] {
			if !json.Valid([]byte(line)) {
				t.Errorf("%s: %q is no JSON", name, line)
			}
		}
	}
}

func TestAnExportOfADamagedBackupLeavesNothing(t *testing.T) {
	var backup bytes.Buffer
	if _, err := aState(t).WriteTo(&backup); err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "b")
	if err := os.WriteFile(cut, backup.Bytes()[:backup.Len()-1], 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, to := range [][]string{{"--dir", dir}, {"--jsonl", filepath.Join(dir, "lines")}} {
		if code, _, stderr := execute(append([]string{"export", "--backup", cut}, to...)...); code != exitFailed || stderr == "" {
			t.Errorf("%v: exit code %d, %s", to, code, stderr)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
