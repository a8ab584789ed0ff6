package docs

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

const root = "../.."

var (
	fence   = regexp.MustCompile("(?ms)^\\s*```.*?^\\s*```$")
	code    = regexp.MustCompile("`[^`\n]*`")
	link    = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

func TestLinksBetweenDocumentsLeadSomewhere(t *testing.T) {
	documents := allDocuments(t)
	if len(documents) < 10 {
		t.Fatalf("only %q were found", documents)
	}
	followed := 0
	for _, document := range documents {
		text := prose(t, document)
		for _, target := range link.FindAllStringSubmatch(code.ReplaceAllString(text, ""), -1) {
			followed++
			if err := follow(t, document, target[1]); err != nil {
				t.Errorf("%s: (%s): %v", document, target[1], err)
			}
		}
	}
	if followed < 30 {
		t.Errorf("only %d links were found", followed)
	}
}

func TestADeadLinkIsSeen(t *testing.T) {
	for target, fine := range map[string]bool{
		"docs/operations.md":                            true,
		"docs/operations.md#a-node-whose-state-differs": true,
		"LICENSE":                true,
		"#a-first":               false,
		"docs/operations.md#tsl": false,
		"docs/nowhere.md":        false,
	} {
		if err := follow(t, filepath.Join(root, "README.md"), target); (err == nil) != fine {
			t.Errorf("(%s): %v", target, err)
		}
	}
}

// others is where the libraries of client programs are installed.
const others = root + "/test/clients/programs"

// allDocuments lists the documents that are read where they are. A preamble becomes a
// part of another one.
func allDocuments(t *testing.T) (list []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (path == others || strings.HasPrefix(entry.Name(), ".") && path != root):
			return fs.SkipDir
		case filepath.Ext(path) == ".md" && entry.Name() != "preamble.md":
			list = append(list, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// prose is a document without its examples.
func prose(t *testing.T, document string) string {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	return fence.ReplaceAllString(string(text), "")
}

// follow looks for what a link of a document leads to. Other sites are not asked.
func follow(t *testing.T, document, target string) error {
	t.Helper()
	if strings.Contains(target, "://") {
		return nil
	}
	path, anchor, hasAnchor := strings.Cut(target, "#")
	if path != "" {
		document = filepath.Join(filepath.Dir(document), path)
	}
	if _, err := os.Stat(document); err != nil {
		return err
	}
	if hasAnchor && !slices.Contains(anchors(prose(t, document)), anchor) {
		return fmt.Errorf("%s has no heading of that name", document)
	}
	return nil
}

// anchors are the names of a document's headings in links, as GitHub makes them.
func anchors(text string) (list []string) {
	for _, h := range heading.FindAllStringSubmatch(text, -1) {
		list = append(list, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			default:
				return -1
			}
		}, h[1]))
	}
	return list
}
