package console

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/browser"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// view is a page of the browser with the console in it.
type view struct {
	*browser.Page
	t      *testing.T
	origin string
}

// open opens the console at an origin, as many pixels wide.
func (s *scene) open(t *testing.T, origin string, width int) *view {
	t.Helper()
	page, err := s.browser.Open(within(t), width, 900)
	if err != nil {
		t.Fatal(err)
	}
	v := &view{Page: page, t: t, origin: origin}
	v.show("")
	return v
}

// pages are the hash routes with their headings.
var pages = []struct{ route, title string }{
	{"overview", "Overview"},
	{"libraries", "Libraries"},
	{"activity", "Activity"},
	{"search", "Search"},
	{"audit", "Audit"},
	{"settings", "Settings"},
}

// show goes to a page, as somebody does who types its address.
func (v *view) show(route string) {
	v.t.Helper()
	address := v.origin + "/console/"
	if route != "" {
		address += "#" + route
	}
	if err := v.Go(within(v.t), address); err != nil {
		v.t.Fatal(err)
	}
}

// eval runs a script that must succeed.
func eval[T any](v *view, script string) T {
	v.t.Helper()
	var value T
	if err := v.Eval(within(v.t), script, &value); err != nil {
		v.t.Fatal(err)
	}
	return value
}

// until waits until the value of a script is right.
func until[T any](v *view, what, script string, right func(T) bool) T {
	v.t.Helper()
	var value T
	err := wait.For(within(v.t), what, func(ctx context.Context) error {
		var now T
		if err := v.Eval(ctx, script, &now); err != nil {
			return err
		}
		if value = now; !right(now) {
			return errors.New("it is another one")
		}
		return nil
	})
	if err != nil {
		v.t.Fatalf("%v\nit was %.2000v\nthe page shows:\n%s", err, value, v.text())
	}
	return value
}

// text is what the whole document shows.
func (v *view) text() string {
	var text string
	if err := v.Eval(within(v.t), `document.body.innerText`, &text); err != nil {
		return err.Error()
	}
	return text
}

// says waits until the document shows a text.
func (v *view) says(text string) {
	v.t.Helper()
	until(v, fmt.Sprintf("the page says %q", text), shownText, func(shown string) bool { return strings.Contains(shown, text) })
}

// shownText is what the document shows, parts that stand beside each other in one line.
const shownText = `document.body.checkVisibility() ? [...document.querySelectorAll("header.top, #stale, main")].map((e) => e.textContent).join("\n") : ""`

// rowsScript is a table's rows by the names of its columns.
func rowsScript(table string) string {
	return fmt.Sprintf(`[...document.querySelectorAll('table[aria-label=%q] tbody tr')].map((row) =>
		Object.fromEntries([...row.cells].map((cell) => [cell.dataset.name, cell.textContent.trim()])))`, table)
}

// factScript is the value of a named fact, null where there is none of that name.
func factScript(name string) string {
	return fmt.Sprintf(`[...document.querySelectorAll("dl > div")].find((d) => d.querySelector("dt").textContent === %q)?.querySelector("dd").firstChild.textContent ?? ""`, name)
}

// fact waits until a named fact has a value.
func (v *view) fact(name, value string) {
	v.t.Helper()
	until(v, fmt.Sprintf("%s is %s", name, value), factScript(name), func(shown string) bool { return shown == value })
}

// sound checks what holds for every page, whatever it shows.
func (v *view) sound() {
	v.t.Helper()
	for _, problem := range v.Problems() {
		// That a node was too slow to be asked for once is no fault of the page.
		if !strings.Contains(problem, "Failed to load resource") || !strings.Contains(problem, "/api/v1/") {
			v.t.Errorf("the browser reports: %s", problem)
		}
	}
	for _, request := range v.Requests() {
		if !strings.HasPrefix(request, v.origin+"/") {
			v.t.Errorf("something is asked of another origin: %s", request)
		}
	}
	wide := eval[[]string](v, `document.documentElement.scrollWidth <= innerWidth ? [] :
		[...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 0.5).map((e) => e.outerHTML.slice(0, 120))`)
	if len(wide) > 0 {
		v.t.Errorf("the page is wider than the screen: %.400q", wide)
	}
	unnamed := eval[[]string](v, `[...document.querySelectorAll("main input, main select")].filter((e) => !e.labels.length).map((e) => e.id)
		.concat([...document.querySelectorAll("main table:not([aria-label]), main svg:not([role=img]):not([aria-hidden])")].map((e) => e.outerHTML.slice(0, 120)))
		.concat([...document.querySelectorAll("[id]")].map((e) => e.id).filter((id, i, all) => all.indexOf(id) !== i).map((id) => "twice: " + id))`)
	if len(unnamed) > 0 {
		v.t.Errorf("what has no name for screen readers: %q", unnamed)
	}
	if hurt := eval[bool](v, `"hurt" in window || document.querySelector("main img, main b, main svg[onload]") !== null`); hurt {
		v.t.Error("a name became markup")
	}
}

// picture keeps one where CONSOLE_PICTURES says.
func (v *view) picture(name string) {
	v.t.Helper()
	dir := os.Getenv("CONSOLE_PICTURES")
	if dir == "" {
		return
	}
	png, err := v.Picture(within(v.t), true)
	if err = errors.Join(err, os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600)); err != nil {
		v.t.Error(err)
	}
}

// near is how far two shares may be apart that are the same.
func near(a, b float64) bool { return a-b < 0.06 && b-a < 0.06 }
