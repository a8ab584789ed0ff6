package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fake is a program in the place of test/jepsen. $out is where a run's files go, and
// $seed its seed.
func fake(t *testing.T, script string) jepsen {
	t.Helper()
	path := filepath.Join(t.TempDir(), "jepsen")
	head := `#!/bin/sh
while [ $# -gt 0 ]; do
	case $1 in
	--out) out=$2 ;;
	--seed) seed=$2 ;;
	esac
	shift 2
done
verdict() { mkdir "$out/run" && echo '{"checks":[{"name":"silent"},{"name":"loud","findings":3,"first":"boo"}]}' >"$out/run/verdict.json"; }
`
	if err := os.WriteFile(path, []byte(head+script), 0o755); err != nil {
		t.Fatal(err)
	}
	return jepsen{program: path}
}

func TestRunsGoOnUntilAMutantIsCaught(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		want   string
		seed   uint64
	}{
		"caught":           {`verdict; exit $((seed == 6))`, "caught", 6},
		"at the first run": {`verdict; exit 1`, "caught", 5},
		"survived":         {`verdict; exit 0`, "survived", 7},
		"broken harness":   {`exit 2`, "error", 5},
		"no verdict":       {`exit 1`, "error", 5},
		"broken once":      {`[ -e "$out/../broken" ] || { touch "$out/../broken"; exit 2; }; verdict; exit 1`, "caught", 5},
	} {
		t.Run(name, func(t *testing.T) {
			h := hunter{jepsen: fake(t, c.script), seed: 5}
			result := hunted{setting: Setting{Duration: time.Second}, expected: []string{"loud"}}
			h.runs(t.Context(), &result, "mysqlda", t.TempDir(), 3)
			if result.word() != c.want || result.seed != c.seed {
				t.Errorf("%s at seed %d (%v), want %s at %d", result.word(), result.seed, result.err, c.want, c.seed)
			}
			if c.want == "caught" && result.names() != "loud (3)" {
				t.Errorf("caught by %s", result.names())
			}
		})
	}
}

func TestAnInterruptedRunIsNoVerdict(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	h := hunter{jepsen: fake(t, `exec sleep 60`)}
	result := hunted{setting: Setting{Duration: time.Second}}
	began := time.Now()
	h.runs(ctx, &result, "mysqlda", t.TempDir(), 1)
	if result.err == nil || time.Since(began) > 10*time.Second {
		t.Errorf("%v after %s", result.err, time.Since(began))
	}
}

func TestOutcomes(t *testing.T) {
	loud := []judged{{Name: "loud", Findings: 1, First: "boo"}}
	for _, c := range []struct {
		hunted
		word string
		want error
		says string
	}{
		{hunted{name: "m", expected: []string{"loud"}, caught: true, by: loud}, "caught", nil, "loud (1)"},
		{hunted{name: "m", expected: []string{"other"}, caught: true, by: loud}, "caught otherwise", nil, "loud (1)"},
		{hunted{name: "m", expected: []string{"loud"}}, "survived", errNotCaught, `m survived`},
		{hunted{name: "u"}, "silent", nil, "silent"},
		{hunted{name: "u", caught: true, by: loud}, "false alarm", errNotCaught, "boo"},
		{hunted{name: "u", err: io.EOF}, "error", io.EOF, "EOF"},
	} {
		if got := c.hunted.word(); got != c.word {
			t.Errorf("%s, want %s", got, c.word)
		}
		if err := outcome([]hunted{{}, c.hunted}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.word, err, c.want)
		}
		var text bytes.Buffer
		if err := report(&text, []hunted{c.hunted}); err != nil || !strings.Contains(text.String(), c.says) {
			t.Errorf("%s: %v, %s", c.word, err, text.String())
		}
	}
}

func TestOptions(t *testing.T) {
	o, err := parse([]string{"--mutant", "put-binding, put-placement", "--control=false"}, io.Discard)
	if err != nil || len(o.mutants) != 2 || o.mutants[1].Name != "put-placement" || o.control {
		t.Errorf("%+v, %v", o, err)
	}
	if o, err := parse(nil, io.Discard); err != nil || len(o.mutants) != len(mutants()) || !o.control {
		t.Errorf("%d mutants, %v", len(o.mutants), err)
	}
	for _, args := range [][]string{{"--mutant", "nobody"}, {"something"}} {
		if _, err := parse(args, io.Discard); err == nil {
			t.Errorf("%v was taken", args)
		}
	}
	if n := len(settings([]Mutant{{Setting: Setting{Nodes: 3}}, {Setting: Setting{Nodes: 5}}, {Setting: Setting{Nodes: 3}}})); n != 2 {
		t.Errorf("%d settings", n)
	}
}
