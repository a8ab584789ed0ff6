package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/mysqld"
	"github.com/mysqlda/mysqlda/test/harness/need"
	"github.com/mysqlda/mysqlda/test/jepsen/check"
	"github.com/mysqlda/mysqlda/test/jepsen/nemesis"
	"github.com/mysqlda/mysqlda/test/jepsen/workload"
)

// TestPromisesAreKept goes through one short run of everything. `make jepsen` goes
// through longer ones.
func TestPromisesAreKept(t *testing.T) {
	o, err := parse([]string{"--duration", "45s", "--out", t.TempDir()})
	if errors.Is(err, mysqld.ErrNotInstalled) {
		need.Missing(t, err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	if !o.hosts {
		need.Missing(t, strings.Join(o.limits, "; "))
	}
	v, err := goThrough(t.Context(), o, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(v)
	if !v.Passed {
		t.Errorf("%s", o.command(1))
	}
}

func TestBadFlagsAreRefused(t *testing.T) {
	for args, want := range map[string]string{
		"--nodes 4":              "must be 3 or 5",
		"--seeds 0":              "--seeds must be",
		"--duration 1ms":         "--duration must be",
		"--nemesis earthquake":   `no nemesis "earthquake"`,
		"--workload sleep":       `no workload "sleep"`,
		"--nodes 3 and more":     `"and" is no flag`,
		"--nemesis kill-leader,": `no nemesis ""`,
	} {
		_, err := parse(append(strings.Fields(args), "--mysqlda", "mysqlda", "--out", t.TempDir()))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", args, err)
		}
	}
}

func TestTheDocumentNamesAllThatThereIs(t *testing.T) {
	text, err := os.ReadFile("../../docs/jepsen.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range nemesis.All {
		if !strings.Contains(string(text), fmt.Sprintf("| `%s` | %s |", n.Name, n.About)) {
			t.Errorf("docs/jepsen.md does not say what nemesis %s does: %s", n.Name, n.About)
		}
	}
	for _, w := range workload.All {
		if !strings.Contains(string(text), fmt.Sprintf("| `%s` | %s |", w.Name, w.About)) {
			t.Errorf("docs/jepsen.md does not say what workload %s does: %s", w.Name, w.About)
		}
	}
	for _, c := range check.All {
		if !strings.Contains(string(text), c.Name) {
			t.Errorf("docs/jepsen.md does not say what is checked by %q", c.Name)
		}
	}
	// And it promises no check that there is not.
	_, table, _ := strings.Cut(string(text), "| check | what it looks for |\n|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	for row := range strings.Lines(table) {
		for name := range strings.SplitSeq(strings.Split(row, " | ")[0][len("| "):], ", ") {
			if !slices.ContainsFunc(check.All, func(c check.Check) bool { return c.Name == name }) {
				t.Errorf("docs/jepsen.md tells of a check %q", name)
			}
		}
	}
}
