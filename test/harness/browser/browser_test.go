package browser

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/wait"
)

func TestAPageIsDrivenAndObserved(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		if _, err := w.Write([]byte(`<title>a page</title><link rel=icon href="data:,"><input id=i autofocus onkeydown="this.dataset.key = event.key">
			<script>console.error("one", 2); setTimeout(() => { throw new Error("three") }); fetch("/four")</script>`)); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	p, err := ForTest(t).Open(ctx, 360, 640)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Go(ctx, server.URL); err != nil {
		t.Fatal(err)
	}
	err = wait.For(ctx, "the page is what it is to be", func(ctx context.Context) error {
		return p.Eval(ctx, `document.title === "a page" && innerWidth === 360 && document.getElementById("i").focus() === undefined || (() => { throw new Error("not yet") })()`, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Type(ctx, "typed"); err != nil {
		t.Fatal(err)
	}
	if err := p.Press(ctx, "Enter"); err != nil {
		t.Fatal(err)
	}
	var got []string
	if err := p.Eval(ctx, `[document.getElementById("i").value, document.getElementById("i").dataset.key]`, &got); err != nil || !slices.Equal(got, []string{"typed", "Enter"}) {
		t.Errorf("got %q, %v", got, err)
	}
	for _, problem := range []string{`console error "one" 2`, "Error: three", "404"} {
		err := wait.For(ctx, "the page's problem "+problem+" is noted", func(context.Context) error {
			if !slices.ContainsFunc(p.Problems(), func(s string) bool { return strings.Contains(s, problem) }) {
				return context.Canceled
			}
			return nil
		})
		if err != nil {
			t.Errorf("%v: %q", err, p.Problems())
		}
	}
	if !slices.Contains(p.Requests(), server.URL+"/four") {
		t.Errorf("requests are %q", p.Requests())
	}
	if png, err := p.Picture(ctx, true); err != nil || !bytes.HasPrefix(png, []byte("\x89PNG")) {
		t.Errorf("the picture is %.8q, %v", png, err)
	}
	if err := p.Eval(ctx, `throw new Error("five")`, nil); err == nil || !strings.Contains(err.Error(), "five") {
		t.Errorf("a script that fails: %v", err)
	}
}
