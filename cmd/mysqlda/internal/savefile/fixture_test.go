package savefile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/mysqlda/mysqlda/fsm"
)

// testLibraries has a name that begins another one.
var testLibraries = map[string]fsm.LibraryID{"mysql_data_1": 1, "mysql_data_2": 2, "mysql_data_10": 10, "eu": 3}

// entry is what the original program remembers by one line.
type entry struct{ name, target string }

const testStamp = "2017-08-24 22:17:11"

// pieces are the writes of one line.
func (e entry) pieces() []string { return []string{testStamp, " ", e.name, " ", e.target, "\n"} }

func (e entry) line() string { return testStamp + " " + e.name + " " + e.target + "\n" }

// read reads a file as an import does: a survey first.
func read(t testing.TB, file []byte, class bool) (records []entry, problems []Problem) {
	t.Helper()
	libraries := NewLibraries(testLibraries)
	survey, err := Look(bytes.NewReader(file), libraries, class)
	if err != nil {
		t.Fatal(err)
	}
	names := map[fsm.LibraryID]string{}
	for name, id := range testLibraries {
		names[id] = name
	}
	r := NewReader(bytes.NewReader(file), libraries, class, survey.Doubt)
	for {
		got, bad, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		problems = append(problems, bad...)
		for _, g := range got {
			target := string(g.Core)
			if !class {
				target = names[g.Library]
			}
			records = append(records, entry{string(g.Name), target})
		}
	}
	if r.Line() != survey.Lines || r.Bytes() != survey.Bytes || r.Bytes() != uint64(len(file)) {
		t.Fatalf("read %d lines and %d bytes, surveyed %d and %d, of %d", r.Line(), r.Bytes(), survey.Lines, survey.Bytes, len(file))
	}
	return records, problems
}

func contains(entries []entry, e entry) bool {
	for _, other := range entries {
		if other == e {
			return true
		}
	}
	return false
}

func checkTrue(t *testing.T, file string, got, truth []entry) {
	t.Helper()
	for _, g := range got {
		if !contains(truth, g) {
			t.Fatalf("%q gave %v, which nobody wrote", file, g)
		}
	}
}

func describe(problems []Problem) string {
	var s string
	for _, p := range problems {
		s += fmt.Sprintf("%d: %s: %s\n", p.Line, p.Kind, p.Text)
	}
	return s
}
