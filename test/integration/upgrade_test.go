package integration

import (
	"bytes"
	"context"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
)

const (
	// upgradeFrom, in the environment, is the revision whose program is upgraded.
	upgradeFrom = "UPGRADE_FROM"
	// upgradeRounds is how often all nodes are restarted.
	upgradeRounds = "UPGRADE_ROUNDS"
	// upgradeProgress is how many statements each session executes between two restarts.
	upgradeProgress = 20
)

// TestRollingUpgradeFailsNoStatement runs three nodes of the previous commit's program under
// load, and restarts them in place as this tree's. No session reconnects, and none fails.
func TestRollingUpgradeFailsNoStatement(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	before, after := filepath.Join(dir, "before"), filepath.Join(dir, "after")
	buildProgram(t, "", after, "after")
	buildPrevious(t, before)

	o := options(t, 3)
	o.Binary = filepath.Join(dir, "mysqlda")
	replaceProgram(t, o.Binary, before)
	c := cluster.ForTest(t, o)
	for _, s := range sharedServers(t) {
		directly(t, s, o.Database, "CREATE TABLE upgraded (session INT, n INT, PRIMARY KEY (session, n))")
	}
	load := startUpgradeLoad(t, c.Nodes)
	load.progress(t, upgradeProgress)
	replaceProgram(t, o.Binary, after)
	rounds := 1
	if text := os.Getenv(upgradeRounds); text != "" {
		var err error
		if rounds, err = strconv.Atoi(text); err != nil || rounds < 1 {
			t.Fatalf("%s is %q, which is no number of rounds", upgradeRounds, text)
		}
	}
	for range rounds {
		for _, n := range c.Nodes {
			t.Logf("node %s: %s", n.ID, cli(t, n, "restart"))
			if s, err := n.Status(within(t)); err != nil || s.Version != "after" {
				t.Errorf("node %s runs %q, %v", n.ID, s.Version, err)
			}
			load.progress(t, upgradeProgress)
		}
	}
	if err := c.WaitWhole(within(t)); err != nil {
		t.Error(err)
	}
	load.check(t)
}

// buildPrevious builds the program of the revision that is upgraded. Where that is not to be
// had, as in a shallow clone, or cannot restart in place, it is this tree's again under
// another name.
func buildPrevious(t *testing.T, program string) {
	t.Helper()
	revision := os.Getenv(upgradeFrom)
	if revision == "" {
		revision = "HEAD^"
	}
	// Most of this test's time is building, so what cannot be used is not built.
	out, err := osexec.CommandContext(within(t), "git", "-C", "../..", "cat-file", "-e", revision+":cmd/mysqlda/restart.go").CombinedOutput()
	if err == nil {
		source := t.TempDir()
		if err := extract(t.Context(), revision, source); err != nil {
			t.Fatal(err)
		}
		buildProgram(t, source, program, "before")
		t.Logf("upgrading from %s", revision)
		return
	}
	err = fmt.Errorf("it has no program that restarts in place: %w: %s", err, out)
	if os.Getenv(upgradeFrom) != "" {
		t.Fatalf("revision %s: %v", revision, err)
	}
	t.Logf("upgrading from this tree's own program under another name; revision %s: %v", revision, err)
	buildProgram(t, "", program, "before")
}

// extract writes the files of a revision into a directory.
func extract(ctx context.Context, revision, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var complaint bytes.Buffer
	archive := osexec.CommandContext(ctx, "git", "-C", "../..", "archive", "--format=tar", revision)
	unpack := osexec.CommandContext(ctx, "tar", "-x", "-C", dir)
	archive.Stderr = &complaint
	var err error
	if unpack.Stdin, err = archive.StdoutPipe(); err != nil {
		return err
	}
	if err := unpack.Start(); err != nil {
		return err
	}
	if err := archive.Run(); err != nil {
		return fmt.Errorf("git archive: %w: %s", err, strings.TrimSpace(complaint.String()))
	}
	return unpack.Wait()
}

// buildProgram builds the program of a source tree, "" for this one, as a release of that
// name.
func buildProgram(t *testing.T, source, program, release string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	if err := cluster.BuildRelease(ctx, source, program, release); err != nil {
		t.Fatal(err)
	}
}
