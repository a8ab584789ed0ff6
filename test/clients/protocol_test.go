package clients

import (
	"os"
	"strings"
	"testing"
)

// TestProtocolDocumentHasEveryDifference compares the table of docs/protocol.md
// with differences, line by line.
func TestProtocolDocumentHasEveryDifference(t *testing.T) {
	t.Parallel()
	_, section, _ := strings.Cut(protocolDocument(t), "## What clients find otherwise\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var documented []string
	for _, line := range strings.Split(section, "\n") {
		if strings.HasPrefix(line, "| `") {
			documented = append(documented, line)
		}
	}
	var want []string
	for _, d := range differences {
		want = append(want, "| `"+d.feature+"` | "+d.why+" |")
	}
	if got, want := strings.Join(documented, "\n"), strings.Join(want, "\n"); got != want {
		t.Errorf("docs/protocol.md says\n%s\nthe tests allow\n%s", got, want)
	}
}

func protocolDocument(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
