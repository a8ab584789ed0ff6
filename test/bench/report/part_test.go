package report

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, file, name, text string) {
	t.Helper()
	if err := WritePart(file, name, text); err != nil {
		t.Fatal(err)
	}
}

func TestPartsOfOneDocumentDoNotOverwriteEachOther(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "document.md")
	const title = "# Title\n\nBy hand.\n"
	if err := os.WriteFile(file, []byte(title), 0o640); err != nil {
		t.Fatal(err)
	}
	write(t, file, "make one", "one, first")
	write(t, file, "make two", "two, first\n")
	write(t, file, "make one", "\none, second: longer\nthan before\n")
	const want = title + `
<!-- begin of what ` + "`make one`" + ` writes -->

one, second: longer
than before

<!-- end of what ` + "`make one`" + ` writes -->

<!-- begin of what ` + "`make two`" + ` writes -->

two, first

<!-- end of what ` + "`make two`" + ` writes -->
`
	if got := read(t, file); got != want {
		t.Errorf("the document is\n%s\nwant\n%s", got, want)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o640 {
		t.Errorf("the document's permissions have become %v", info.Mode())
	}
	entries, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(entries) != 1 {
		t.Errorf("beside the document there are %v, %v", entries, err)
	}
}

func TestPartMakesTheDocumentThatIsMissing(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "document.md")
	write(t, file, "make one", "one")
	write(t, file, "make one", "two")
	if got := read(t, file); strings.Contains(got, "one\n\n") || !strings.Contains(got, "\ntwo\n") || !strings.HasPrefix(got, "<!--") {
		t.Errorf("the document is\n%s", got)
	}
}

func TestWritingThePartAgainChangesNothing(t *testing.T) {
	t.Parallel()
	once, err := replacePart("# Title\n", "make one", "text")
	if err != nil {
		t.Fatal(err)
	}
	twice, err := replacePart(once, "make one", "text")
	if err != nil || twice != once {
		t.Errorf("%q has become %q, %v", once, twice, err)
	}
}

func TestDocumentWithBrokenMarkersStaysAsItIs(t *testing.T) {
	t.Parallel()
	begin, end := markers("make one")
	for name, document := range map[string]string{
		"no end":       "a\n" + begin + "b\n",
		"no beginning": "a\n" + end + "b\n",
		"wrong order":  end + "a\n" + begin,
		"twice":        begin + "a\n" + end + begin + "b\n" + end,
		"two ends":     begin + "a\n" + end + end,
	} {
		file := filepath.Join(t.TempDir(), "document.md")
		if err := os.WriteFile(file, []byte(document), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := WritePart(file, "make one", "new"); !errors.Is(err, ErrMarkers) {
			t.Errorf("%s: the error is %v", name, err)
		}
		if got := read(t, file); got != document {
			t.Errorf("%s: %q has become %q", name, document, got)
		}
	}
}
