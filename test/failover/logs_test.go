package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestSwitchesBeforeTheTimeIsOver(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lines []line
		want  int
	}{
		"the first one":  {[]line{{What: saysBegin, At: at(0)}}, 0},
		"in time":        {[]line{{What: saysOver, At: at(0)}, {What: saysBegin, At: at(10_000)}}, 0},
		"too soon":       {[]line{{What: saysOver, At: at(0)}, {What: saysBegin, At: at(9_800)}}, 1},
		"asked for":      {[]line{{What: saysOver, At: at(0)}, {What: saysBegin, At: at(1_000), Cause: "operator"}}, 0},
		"after the last": {[]line{{What: saysOver, At: at(0)}, {What: saysOver, At: at(8_000)}, {What: saysBegin, At: at(11_000)}}, 1},
	} {
		if got := hurried(c.lines, 10*time.Second); len(got) != c.want {
			t.Errorf("%s: %d, want %d", name, len(got), c.want)
		}
	}
}

func TestLinesOfALog(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "n1.log")
	text := `{"level":"info","ts":"2026-01-02T12:00:00.5Z","logger":"cluster.failover","msg":"active server: a switch begins","cause":"failed"}
WARNING: something that is no line
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	lines, err := linesOf("n1", file)
	if err != nil || len(lines) != 1 {
		t.Fatalf("%+v, %v", lines, err)
	}
	l := lines[0]
	if l.node != "n1" || l.Level != "info" || !l.At.Equal(at(500)) || l.From != "cluster.failover" || l.What != saysBegin || l.Cause != "failed" {
		t.Errorf("%+v", l)
	}
}
