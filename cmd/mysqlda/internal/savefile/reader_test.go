package savefile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
)

func TestLinesThatTheOriginalReadsAreRead(t *testing.T) {
	for _, line := range []string{
		"2017-08-24 22:17:11 alice eu\n",
		"2017-08-24 22:17:11 alice eu\r\n",
		"2017-08-24 22:17:11\talice   eu \n",
		"  2017-08-24 22:17:11 alice eu\n",
		"\n\n2017-08-24 22:17:11 alice eu\n\n",
		"2017-08-24 22:17:11 alice eu",
	} {
		got, problems := read(t, []byte(line), false)
		if len(got) != 1 || got[0] != (entry{"alice", "eu"}) || len(problems) > 0 {
			t.Errorf("%q gave %v\n%s", line, got, describe(problems))
		}
	}
}

func TestWhatIsWrongWithALine(t *testing.T) {
	long := strings.Repeat("x", fsm.MaxCoreLen+1)
	for _, c := range []struct {
		line string
		kind Kind
		text string
	}{
		{"alice eu\n", Torn, "no time stamp"},
		{"2017-08-24 22:17:11\n", Torn, "needs a name and a library"},
		{"2017-08-24 22:17:11 alice\n", Torn, "needs a name and a library"},
		{"2017-08-24 22:17:11 alice bob eu\n", Torn, "needs a name and a library"},
		{"2017-08-24 22:17:11alice eu\n", Torn, "needs a name and a library"},
		{"2017-08-24 22:17:11 alice mysql_d\n", Torn, "lost the end of its library's name"},
		{"2017-08-24 22:17:11 alice asia\n", Unknown, `"asia"`},
		{"2017-08-24 22:17:11 " + long + " eu\n", Malformed, "65 bytes"},
		{"2017-08-24 22:17:11 a\x00b eu\n", Malformed, "cannot be printed"},
		{"2017-08-24 22:17:11 a\xff eu\n", Malformed, "cannot be printed"},
		{"2017-08-24 22:17:11 alice " + strings.Repeat("y", MaxLine) + "\n", Torn, "more than 65536 bytes"},
		{strings.Repeat("\x00", 20) + "2017-08-24 22:17:11\n", Torn, "begins with"},
	} {
		file := "2017-08-24 22:17:11 first eu\n" + c.line + "2017-08-24 22:17:11 last eu\n"
		got, problems := read(t, []byte(file), false)
		if len(got) != 2 || got[0].name != "first" || got[1].name != "last" {
			t.Errorf("%.80q gave %v", c.line, got)
		}
		if len(problems) == 0 || problems[0].Kind != c.kind || problems[0].Line != 2 || !strings.Contains(problems[0].Text, c.text) {
			t.Errorf("%.80q: problems\n%s", c.line, describe(problems))
		}
	}
}

func TestUnknownLibrariesAreNamedOnce(t *testing.T) {
	file := "2017-08-24 22:17:11 a asia\n2017-08-24 22:17:11 b asia\n2017-08-24 22:17:11 c africa\n2017-08-24 22:17:11 d e\n"
	s, err := Look(strings.NewReader(file), NewLibraries(testLibraries), false)
	if got := fmt.Sprint(s.Unknown()); err != nil || got != "[africa asia]" || s.Lines != 4 {
		t.Errorf("%s, %+v, %v", got, s, err)
	}
}

func TestReadErrorsComeBack(t *testing.T) {
	broken := errors.New("the disk is broken")
	in := io.MultiReader(strings.NewReader("2017-08-24 22:17:11 a eu\n"), iotest.ErrReader(broken))
	if _, err := Look(in, NewLibraries(testLibraries), false); !errors.Is(err, broken) {
		t.Error(err)
	}
}

func TestAFileOfFragmentsIsRefused(t *testing.T) {
	file := strings.Repeat(testStamp+testStamp+testStamp+"\n", maxDoubt)
	if _, err := Look(strings.NewReader(file), NewLibraries(testLibraries), false); !errors.Is(err, errTooTorn) {
		t.Error(err)
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	dir := t.TempDir()
	w := NewWriter(dir, false, time.Date(2026, 11, 20, 17, 0, 0, 0, time.UTC))
	placements := []entry{{"alice", "eu"}, {"客户-1", "mysql_data_10"}}
	bindings := map[string][]entry{"card_no": {{"1", "alice"}}, "a.b": {{"2", "客户-1"}, {"3", "alice"}}}
	for _, e := range placements {
		if err := w.Placement(e.name, e.target); err != nil {
			t.Fatal(err)
		}
	}
	for class, list := range bindings {
		for _, e := range list {
			if err := w.Binding(class, e.name, e.target); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Binding("a/b", "1", "alice"); err == nil || !strings.Contains(err.Error(), "--jsonl") {
		t.Errorf("a class that is no file name: %v", err)
	}
	if found, err := filepath.Glob(filepath.Join(dir, "mysqlda*")); err != nil || len(found) > 0 {
		t.Errorf("before the end there are %v, %v", found, err)
	}
	paths, err := w.Commit()
	if err != nil || len(paths) != 3 {
		t.Fatal(paths, err)
	}
	check := func(name string, class bool, want []entry) {
		file, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got, problems := read(t, file, class); fmt.Sprint(got) != fmt.Sprint(want) || len(problems) > 0 {
			t.Errorf("%s: %v\n%s", name, got, describe(problems))
		}
	}
	check("mysqlda.save", false, placements)
	check("mysqlda.card_no.save", true, bindings["card_no"])
	check("mysqlda.a.b.save", true, bindings["a.b"])
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 3 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestWhatIsDiscardedLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	w := NewWriter(dir, false, time.Now())
	if err := errors.Join(w.Placement("alice", "eu"), w.Discard()); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// Whatever is accepted is a pair of good names, and reads the same again as a
// line of its own.
func FuzzReader(f *testing.F) {
	f.Add([]byte("2017-08-24 22:17:11 alice eu\n2017-08-24 22:17:11 bob mysql_data_12017-08-24 22:17:11 carol eu"), false)
	f.Add([]byte("2017-08-24 22:17:2017-08-24 22:17:11  a b\n\n eu\n"), true)
	f.Fuzz(func(t *testing.T, file []byte, class bool) {
		got, problems := read(t, file, class)
		for _, e := range got {
			if fsm.CheckName("", e.name, fsm.MaxCoreLen) != nil || fsm.CheckName("", e.target, fsm.MaxCoreLen) != nil {
				t.Fatalf("%q has a bad name", e)
			}
			if _, known := testLibraries[e.target]; !known && !class {
				t.Fatalf("%q lives nowhere", e)
			}
			if again, bad := read(t, []byte(e.line()), class); len(again) != 1 || again[0] != e || len(bad) > 0 {
				t.Fatalf("%q reads as %q again\n%s", e, again, describe(bad))
			}
		}
		lines := uint64(bytes.Count(file, []byte("\n")) + 1)
		for _, p := range problems {
			if p.Line == 0 || p.Line > lines || p.Text == "" {
				t.Fatalf("problem %+v in %d lines", p, lines)
			}
		}
	})
}

func BenchmarkReader(b *testing.B) {
	var file bytes.Buffer
	for i := range 100_000 {
		file.WriteString(entry{fmt.Sprint(13_000_000_000 + i*7919), "mysql_data_1"}.line())
	}
	libraries := NewLibraries(testLibraries)
	b.SetBytes(int64(file.Len()))
	b.ReportAllocs()
	for b.Loop() {
		r := NewReader(bytes.NewReader(file.Bytes()), libraries, false, nil)
		for {
			if _, _, err := r.Next(); err != nil {
				break
			}
		}
	}
}
