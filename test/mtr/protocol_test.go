package mtr

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestProtocolDocumentHasEveryDifference compares the table of docs/protocol.md
// with differ.txt.
func TestProtocolDocumentHasEveryDifference(t *testing.T) {
	t.Parallel()
	l, err := readLists()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## The server's own test suite\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var documented []string
	for line := range strings.Lines(section) {
		if strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| why |") {
			documented = append(documented, strings.TrimSpace(line))
		}
	}
	byReason := map[string][]string{}
	for _, test := range slices.Sorted(maps.Keys(l.differ)) {
		byReason[l.differ[test]] = append(byReason[l.differ[test]], test)
	}
	var want []string
	for _, why := range slices.Sorted(maps.Keys(byReason)) {
		want = append(want, "| "+why+" | "+strings.Join(byReason[why], ", ")+" |")
	}
	if !slices.Equal(documented, want) {
		t.Errorf("docs/protocol.md says\n%s\n%s says\n%s", strings.Join(documented, "\n"), differFile, strings.Join(want, "\n"))
	}
}

// TestQuickListIsOfPassingTests: what is quick but differs would show nothing.
func TestQuickListIsOfPassingTests(t *testing.T) {
	t.Parallel()
	l, err := readLists()
	if err != nil {
		t.Fatal(err)
	}
	quick, err := lines(quickFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range quick {
		if !slices.Contains(l.passing, test) {
			t.Errorf("%s is in %s and not in %s", test, quickFile, passingFile)
		}
	}
}
