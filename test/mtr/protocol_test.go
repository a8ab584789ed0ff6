package mtr

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestProtocolDocumentHasEveryDifference compares the table of docs/protocol.md
// with differences.
func TestProtocolDocumentHasEveryDifference(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "do not pass through a node\n")
	byReason := map[string][]string{}
	for _, test := range slices.Sorted(maps.Keys(differences)) {
		why := differences[test]
		byReason[why] = append(byReason[why], test)
	}
	var want, documented []string
	for _, why := range slices.Sorted(maps.Keys(byReason)) {
		want = append(want, "| "+why+" | "+strings.Join(byReason[why], ", ")+" |")
	}
	for _, line := range strings.Split(section, "\n") {
		if strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| why |") {
			documented = append(documented, line)
		}
	}
	if got, want := strings.Join(documented, "\n"), strings.Join(want, "\n"); got != want {
		t.Errorf("docs/protocol.md says\n%s\nthe tests allow\n%s", got, want)
	}
}
