package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestLogsAreReadByTheirTimes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "n1.log")
	text := `no time yet
{"level":"info","ts":"2026-11-29T10:00:01.5Z","msg":"early"}
{"level":"info","ts":"2026-11-29T12:00:09.25+02:00","msg":"` + strings.Repeat("x", 2000) + `"}
panic: with no time
{"level":"error","ts":"2026-11-29T10:00:10Z","msg":"grave"}
{"level":"info","ts":"2026-11-29T10:00:40Z","msg":"late, and without an end`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	began := time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC)
	lines, err := read(Log{"n1", path}, began, []axis{{9 * time.Second, 11 * time.Second}, {40 * time.Second, 41 * time.Second}})
	if err != nil || len(lines) != 4 {
		t.Fatalf("%v, lines %+v", err, lines)
	}
	if l := lines[0]; l.At != 9250*time.Millisecond || len(l.Text) != lineBytes || l.Grave {
		t.Errorf("first %+v", l)
	}
	if l := lines[1]; l.At != lines[0].At || !l.Grave {
		t.Errorf("second %+v", l)
	}
	if !lines[2].Grave || lines[3].Grave {
		t.Errorf("lines %+v", lines)
	}
}

func TestGraveLinesAndThoseNearTheEndAreChosen(t *testing.T) {
	var lines []entry
	for i := range time.Duration(100) {
		lines = append(lines, entry{At: i * time.Second, Grave: i == 11})
	}
	chosen, skipped := choose(lines, axis{10 * time.Second, 50 * time.Second}, 4)
	if skipped != 39 || len(chosen) != 4 || !chosen[0].Grave || chosen[1].At != 49*time.Second || chosen[3].At != 51*time.Second {
		t.Errorf("skipped %d, chosen %+v", skipped, chosen)
	}
	if chosen, skipped = choose(lines, axis{3 * time.Second, 4 * time.Second}, 4); skipped != 0 || len(chosen) != 4 {
		t.Errorf("skipped %d, chosen %+v", skipped, chosen)
	}
}
