package report

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestAPageIsWritten(t *testing.T) {
	dir := t.ArtifactDir()
	if err := Write(dir, example(t, 12_000)); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes", info.Size())
}

func TestASummaryIsWritten(t *testing.T) {
	dir := t.ArtifactDir()
	runs := []Summary{
		{Seed: 1, Nodes: 3, Nemeses: []string{"kill", "pause"}, Workloads: []string{"all"}, Done: 9000, Refused: 20, Unknown: 31, Faults: 44, Took: time.Minute, Passed: true, Link: "seed-1/index.html"},
		{Seed: 2, Nodes: 5, Nemeses: []string{"partition"}, Workloads: []string{"data"}, Done: 9000, Failed: []string{"linearizable", "nodes agree"}, Link: "seed-2/index.html"},
		{Seed: 3, Nodes: 5, HarnessError: "no leader within 30s", Link: "seed-3/index.html"},
	}
	if err := WriteSummary(dir, runs); err != nil {
		t.Fatal(err)
	}
}
