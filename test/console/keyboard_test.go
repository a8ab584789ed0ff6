package console

import "testing"

func (s *scene) keyboard(t *testing.T) {
	v := s.open(t, consoleOf(s.cluster.Nodes[0]), 1280)
	v.says("Nothing is wrong")
	press := func(key string) {
		t.Helper()
		if err := v.Press(within(t), key); err != nil {
			t.Fatal(err)
		}
	}
	focused := func() string {
		return eval[string](v, `document.activeElement.id || document.activeElement.textContent`)
	}
	press("Tab")
	if at := focused(); at != "skip" {
		t.Errorf("the first stop of the keyboard is %q", at)
	}
	press("Enter")
	if at := focused(); at != "page" {
		t.Errorf("the way past the navigation leads to %q", at)
	}
	v.show("overview")
	eval[bool](v, `document.getElementById("skip").focus() === undefined`)
	press("Tab")
	press("Tab")
	if at := focused(); at != "Libraries" {
		t.Errorf("the second page in the navigation is %q", at)
	}
	press("Enter")
	until(v, "that page is shown, and has the focus", `[document.querySelector("h1").textContent, document.activeElement.id]`, func(got []string) bool {
		return got[0] == "Libraries" && got[1] == "page"
	})
	// What people do stays theirs while the page is read again.
	v.show("search")
	v.ask(map[string]string{"core-core": "customer-1"})
	v.says("lives in library")
	before := eval[float64](v, `document.getElementById("core-core").focus() === undefined ? performance.now() : 0`)
	read := func() int { return len(v.Requests()) }
	requests := read()
	until(v, "the page was read again", `performance.now()`, func(now float64) bool { return now > before && read() > requests+6 })
	if at := focused(); at != "core-core" {
		t.Errorf("the focus went to %q", at)
	}
	if value := eval[string](v, `document.getElementById("core-core").value`); value != "customer-1" {
		t.Errorf("the field has %q", value)
	}
}
