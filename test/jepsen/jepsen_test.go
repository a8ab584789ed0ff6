package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/mysqld"
	"github.com/mysqlda/mysqlda/test/harness/need"
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
