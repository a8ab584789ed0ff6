package storage

import (
	"errors"
	"fmt"
	"os"
	"testing"
)

func TestADamagedSnapshotIsPassedOverWhereTheLogMakesUpForIt(t *testing.T) {
	t.Parallel()
	dir := usedDirectory(t)
	whole, err := ReadState(dir)
	if err != nil || whole.Last.Term != 2 || len(whole.Servers.Servers) != 1 || len(whole.Damaged) != 0 {
		t.Fatalf("%+v, %v", whole, err)
	}
	list, damaged, err := StoredSnapshots(dir)
	if err != nil || len(list) != retainedSnapshots || len(damaged) != 0 {
		t.Fatalf("%d snapshots, damaged %v, %v", len(list), damaged, err)
	}
	for i := range list {
		if err := os.Truncate(list[i].Path(), 100); err != nil {
			t.Fatal(err)
		}
		s, err := ReadState(dir)
		if i > 0 { // the log begins after the older one
			if !errors.Is(err, ErrDataLost) {
				t.Errorf("with %d damaged: %v", i+1, err)
			}
			continue
		}
		if err != nil || len(s.Damaged) != 1 {
			t.Fatalf("with %d damaged: passed over %v, %v", i+1, s.Damaged, err)
		}
		if s.Last != whole.Last || fmt.Sprint(s.Machine.Fingerprint()) != fmt.Sprint(whole.Machine.Fingerprint()) {
			t.Errorf("with %d damaged: another state, up to %+v instead of %+v", i+1, s.Last, whole.Last)
		}
	}
}

func TestReadingWhatAStoppedNodeLeftChangesNothing(t *testing.T) {
	t.Parallel()
	dir := usedDirectory(t)
	contents := func() string {
		var all string
		for _, name := range filesOf(t, dir) {
			raw, err := os.ReadFile(dir + "/" + name)
			if err != nil {
				t.Fatal(err)
			}
			all += fmt.Sprintf("%s %x\n", name, sum(raw))
		}
		return all
	}
	before := contents()
	s, err := ReadState(dir)
	if err != nil {
		t.Fatal(err)
	}
	log, err := DescribeLog(dir)
	if err != nil || log.Last != s.Last.Index || log.LastTerm != 2 || log.Term != 2 || log.First <= 1 {
		t.Errorf("%+v, %v; the state is that of entry %d", log, err, s.Last.Index)
	}
	if after := contents(); after != before {
		t.Errorf("it was\n%snow it is\n%s", before, after)
	}
}
