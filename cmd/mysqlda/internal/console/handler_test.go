package console

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
)

func get(t *testing.T, url, etag string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if etag != "" {
		r.Header.Set("If-None-Match", etag)
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w
}

func TestEveryFileIsServedWithHeadersAndATag(t *testing.T) {
	files, err := fs.ReadDir(pages, "page")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		got := get(t, Path+f.Name(), "")
		if got.Code != 200 || got.Body.Len() == 0 {
			t.Errorf("%s: %d with %d bytes", f.Name(), got.Code, got.Body.Len())
		}
		if kind := got.Header().Get("Content-Type"); kind != contentTypes[path.Ext(f.Name())] {
			t.Errorf("%s: content type %q", f.Name(), kind)
		}
		policy := got.Header().Get("Content-Security-Policy")
		for _, must := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"} {
			if !strings.Contains(policy, must) {
				t.Errorf("%s: the policy %q lacks %s", f.Name(), policy, must)
			}
		}
		if strings.Contains(policy, "unsafe") || got.Header().Get("X-Content-Type-Options") != "nosniff" || got.Header().Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: headers %v", f.Name(), got.Header())
		}
		if again := get(t, Path+f.Name(), got.Header().Get("ETag")); again.Code != http.StatusNotModified || again.Body.Len() > 0 {
			t.Errorf("%s asked again with its tag: %d with %d bytes", f.Name(), again.Code, again.Body.Len())
		}
	}
}

func TestTheDocumentIsWhereTheConsoleBegins(t *testing.T) {
	if front, document := get(t, Path, ""), get(t, Path+document, ""); front.Code != 200 || front.Body.String() != document.Body.String() {
		t.Errorf("%d %q", front.Code, front.Body)
	}
}

func TestWhatIsNoFileOfTheConsole(t *testing.T) {
	for _, name := range []string{"nothing.js", "page/main.js", "../handler.go", "..%2fhandler.go", ".", "/", "main", "%00.js"} {
		if got := get(t, Path+name, ""); got.Code != http.StatusNotFound || !strings.Contains(got.Body.String(), "no such page") || got.Header().Get("Content-Security-Policy") == "" {
			t.Errorf("%s: %d %q", name, got.Code, got.Body)
		}
	}
}

// Names of customers come from strangers. The policy stops markup from becoming
// script in browsers that know trusted types; this keeps it from being tried, and the
// files from needing anything of elsewhere.
func TestThePagesMakeNoMarkupOfTextAndAskNobodyElse(t *testing.T) {
	forbidden := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|\beval\(|new Function|setTimeout\(['"]|localStorage|document\.cookie|https?://|@import url|\bstyle="|\bon[a-z]+="`)
	svg := "http://www.w3.org/2000/svg" // a name, which nobody fetches
	err := fs.WalkDir(pages, "page", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(pages, name)
		if err != nil {
			return err
		}
		for number, line := range strings.Split(string(content), "\n") {
			if found := forbidden.FindString(strings.ReplaceAll(line, svg, "")); found != "" {
				t.Errorf("%s:%d: %s", name, number+1, found)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
