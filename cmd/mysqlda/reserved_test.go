package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestReservedNamesGetNoTokenAndNoCertificate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if code, _, stderr := execute("ca", "init", "--dir", dir); code != exitDone {
		t.Fatal(stderr)
	}
	for _, args := range [][]string{
		{"token", "operator", "mysqlda"},
		{"ca", "issue", "--dir", dir, "--out", dir, "--operator", "mysqlda"},
		{"ca", "issue", "--dir", dir, "--out", dir, "--operator", "node:n1"},
	} {
		if code, stdout, stderr := execute(args...); code != exitUsage || !strings.Contains(stderr, "reserved") {
			t.Errorf("%q: %d %s%s", args, code, stdout, stderr)
		}
	}
	if code, _, stderr := execute("ca", "issue", "--dir", dir, "--out", filepath.Join(dir, "nodes"), "--node", "mysqlda"); code != exitDone {
		t.Errorf("a node may have the name: %s", stderr)
	}
}
