package importer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/savefile"
	"github.com/mysqlda/mysqlda/fsm"
)

// fakeCluster applies imports to a state machine of its own.
type fakeCluster struct {
	mu      sync.Mutex
	machine *fsm.Machine
	index   uint64
	sent    int
	// before is called for each chunk; its error is the answer.
	before func(number int) error
}

func newFakeCluster(t *testing.T) *fakeCluster {
	c := &fakeCluster{machine: fsm.New(), before: func(int) error { return nil }}
	b := fsm.Bootstrap{Settings: fsm.Settings{
		ClusterID: "0123456789abcdef0123456789abcdef", User: "u", Password: "p", Database: "d",
		UnusedForwardSessionTimeout: time.Minute, MaxShareMille: 500,
	}}
	for _, name := range []string{"one", "two"} {
		b.Libraries = append(b.Libraries, fsm.AddLibrary{Name: name, Weight: 1, Servers: []fsm.Server{{Address: "h:1"}}})
	}
	command, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	c.index++
	if r, err := c.machine.Apply(c.index, command); err != nil || r.Err != nil {
		t.Fatal(err, r.Err)
	}
	return c
}

func (c *fakeCluster) send(_ context.Context, records *fsm.Import) (admin.ImportResult, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent++
	if err := c.before(c.sent); err != nil {
		return admin.ImportResult{}, err
	}
	checked, err := fsm.ImportFromProto(records.Proto())
	if err != nil {
		return admin.ImportResult{}, err
	}
	command, err := checked.Encode()
	if err != nil {
		return admin.ImportResult{}, err
	}
	c.index++
	r, err := c.machine.Apply(c.index, command)
	if err != nil {
		return admin.ImportResult{}, err
	}
	result := admin.ImportResult{Added: r.Import.Added, Present: r.Import.Present}
	for _, conflict := range r.Import.Conflicts {
		result.Conflicts = append(result.Conflicts, admin.ImportConflict{Record: conflict.Record, Error: conflict.Err.Error()})
	}
	return result, nil
}

func libraries() savefile.Libraries {
	return savefile.NewLibraries(map[string]fsm.LibraryID{"one": 1, "two": 2})
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mysqlda.save")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func line(name string, target any) string {
	return fmt.Sprintf("2017-08-24 22:17:11 %s %v\n", name, target)
}

func numbered(lines int) string {
	var b strings.Builder
	for i := range lines {
		b.WriteString(line(fmt.Sprintf("object-%d", i), "one"))
	}
	return b.String()
}

func newImporter(t *testing.T, send Send) (*Importer, *[]Problem) {
	t.Helper()
	var problems []Problem
	return New(Config{
		Libraries: libraries(), Send: send, Grace: time.Minute,
		Problem: func(p Problem) { problems = append(problems, p) },
	}), &problems
}

func TestEveryLineIsAccountedFor(t *testing.T) {
	c := newFakeCluster(t)
	i, problems := newImporter(t, c.send)
	const lines = 30_000
	text := numbered(lines) + line("object-7", "two") + line("object-8", "one") + "2017-08-24 22:17:11 x o\n" + line("bad\x7f", "one")
	path := write(t, text)
	if through, err := i.Run(t.Context(), File{Path: path}, nil, 1); err != nil || through != lines+4 {
		t.Fatalf("through line %d, %v", through, err)
	}
	want := Totals{Lines: lines + 4, Bytes: uint64(len(text)), Placements: lines, Present: 1, Conflicts: 1, Torn: 1, Malformed: 1}
	if got := i.Progress(); got != want || got.Problems() != 3 {
		t.Errorf("%+v, want %+v", got, want)
	}
	told := map[uint64]string{}
	for _, p := range *problems {
		told[p.Line] = p.Kind
	}
	if len(told) != 3 || told[lines+1] != "conflict" || told[lines+3] != "torn" || told[lines+4] != "malformed" {
		t.Errorf("problems %v", *problems)
	}

	bindings := write(t, line("card-1", "object-1")+line("card-2", "nobody")+line("card-1", "object-2"))
	if _, err := i.Run(t.Context(), File{Path: bindings, Class: "card"}, nil, 1); err != nil {
		t.Fatal(err)
	}
	if got := i.Progress(); got.Bindings != 1 || got.Conflicts != 3 {
		t.Errorf("%+v", got)
	}
	if core, ok := c.machine.FindBinding("card", "card-1"); !ok || core != "object-1" {
		t.Errorf("card-1 is bound to %q, %v", core, ok)
	}
}

// However the chunks are spread over the lanes, the first of two lines counts.
func TestOfTwoLinesThatContradictEachOtherTheFirstCounts(t *testing.T) {
	c := newFakeCluster(t)
	var text strings.Builder
	const objects = 20_000
	for n := range 2 * objects {
		text.WriteString(line(fmt.Sprintf("object-%d", n/2), []string{"one", "two"}[(n+n/2)%2]))
	}
	i, _ := newImporter(t, c.send)
	if _, err := i.Run(t.Context(), File{Path: write(t, text.String())}, nil, 1); err != nil {
		t.Fatal(err)
	}
	for n := range objects {
		core := fmt.Sprintf("object-%d", n)
		if p, ok := c.machine.Locate(core); !ok || p.Library != fsm.LibraryID(1+n%2) {
			t.Fatalf("%s is at %+v, %v", core, p, ok)
		}
	}
	if got := i.Progress(); got.Placements != objects || got.Conflicts != objects {
		t.Errorf("%+v", got)
	}
}

// Whatever fails and whenever it does, what is said to be in is in.
func TestWhatAnImportThatFailsSaysIsIn(t *testing.T) {
	failed := errors.New("the cluster is gone")
	const lines = 40_000
	path := write(t, numbered(lines))
	for at := 1; at < 12; at++ {
		c := newFakeCluster(t)
		c.before = func(number int) error {
			if number == at { // what comes later would get in
				return failed
			}
			return nil
		}
		i, _ := newImporter(t, c.send)
		through, err := i.Run(t.Context(), File{Path: path}, nil, 1)
		if !errors.Is(err, failed) || through >= lines {
			t.Fatalf("failing at chunk %d: through line %d, %v", at, through, err)
		}
		for n := range through {
			if _, ok := c.machine.Locate(fmt.Sprintf("object-%d", n)); !ok {
				t.Fatalf("failing at chunk %d: line %d of %d is not in", at, n+1, through)
			}
		}
		c.before = func(int) error { return nil }
		if _, err := i.Run(t.Context(), File{Path: path}, nil, through+1); err != nil {
			t.Fatal(err)
		}
		if counts := c.machine.Counts(); counts.Placements != lines {
			t.Errorf("failing at chunk %d and going on: %d placements", at, counts.Placements)
		}
	}
}

func TestAnInterruptWaitsForWhatIsUnderWay(t *testing.T) {
	c := newFakeCluster(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c.before = func(int) error { cancel(); return nil }
	i, _ := newImporter(t, c.send)
	through, err := i.Run(ctx, File{Path: write(t, numbered(40_000))}, nil, 1)
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if counts := c.machine.Counts(); i.Progress().Placements != counts.Placements || counts.Placements == 0 || counts.Placements < through {
		t.Errorf("%d placements are in, %+v, through line %d", counts.Placements, i.Progress(), through)
	}
}

func TestALineInDoubtIsNotSent(t *testing.T) {
	c := newFakeCluster(t)
	path := write(t, line("a", "one")+"2017-08-24 22:17:11 b"+line("c", "one")+"two\n"+line("d", "two"))
	survey, err := Look(File{Path: path}, libraries())
	if err != nil {
		t.Fatal(err)
	}
	i, problems := newImporter(t, c.send)
	if _, err := i.Run(t.Context(), File{Path: path}, survey.Doubt, 1); err != nil {
		t.Fatal(err)
	}
	if got := i.Progress(); got.Placements != 2 || got.Torn != 2 {
		t.Errorf("%+v, %v", got, *problems)
	}
}

// Lines without records leave nothing under way that could tell how far it came.
func TestALineThatWasNotLookedAtIsNotSaidToBeIn(t *testing.T) {
	i, _ := newImporter(t, newFakeCluster(t).send)
	path := write(t, strings.Repeat(line("bad\x7f", "one"), checkEvery-1)+line("good", "one"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if through, err := i.Run(ctx, File{Path: path}, nil, 1); err == nil || through >= checkEvery {
		t.Errorf("through line %d, %v", through, err)
	}
}
