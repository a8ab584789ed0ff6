package proxy

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

var verb = regexp.MustCompile(`%(\[\d\])?[a-z]`)

// TestErrorsAreDocumented holds docs/errors.md to the code: every error of ours
// stands there with its number, SQLSTATE and text, and nothing else does.
func TestErrorsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := make(map[string]bool)
	for _, line := range strings.Split(string(page), "\n") {
		cells := strings.Split(line, " | ")
		if len(cells) >= 3 && strings.HasPrefix(line, "| ") && cells[0] != "| number" {
			documented[strings.Join(cells[:3], " | ")] = true
		}
	}
	seen := make(map[uint16]bool)
	for _, kind := range ownErrors {
		if seen[kind.code] {
			t.Errorf("number %d is used twice", kind.code)
		}
		seen[kind.code] = true
		if len(kind.state) != 5 {
			t.Errorf("SQLSTATE %q of %d has not five characters", kind.state, kind.code)
		}
		row := fmt.Sprintf("| %d | %s | %s", kind.code, kind.state, verb.ReplaceAllString(kind.format, "…"))
		if !documented[row] {
			t.Errorf("docs/errors.md lacks the row\n%s", row)
		}
		delete(documented, row)
	}
	for row := range documented {
		t.Errorf("docs/errors.md has a row that the code does not know:\n%s", row)
	}
}
