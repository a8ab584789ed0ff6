package console

import (
	"fmt"
	"testing"
)

// ask fills in a form of the search page and sends it.
func (v *view) ask(fields map[string]string) {
	v.t.Helper()
	for id, value := range fields {
		until(v, "there is a field "+id, fmt.Sprintf(`document.getElementById(%q) !== null`, id), func(there bool) bool { return there })
		eval[bool](v, fmt.Sprintf(`(() => {
			const field = document.getElementById(%q);
			field.value = %q;
			field.focus();
			return true;
		})()`, id, value))
	}
	if err := v.Press(within(v.t), "Enter"); err != nil {
		v.t.Fatal(err)
	}
}

// answer is what the page says to a form.
const answer = `[...document.querySelectorAll(".answer")].map((a) => a.textContent).join(" | ")`

func (v *view) answers(want string) {
	v.t.Helper()
	until(v, fmt.Sprintf("the answer is %q", want), answer, func(shown string) bool { return shown == want })
}

func (s *scene) search(t *testing.T) {
	n := s.cluster.Nodes[2]
	home, err := n.Locate(within(t), "customer-7")
	if err != nil {
		t.Fatal(err)
	}
	v := s.open(t, consoleOf(n), 360)
	v.show("search")
	v.ask(map[string]string{"core-core": "customer-7"})
	v.answers("Core object customer-7 lives in library" + home)
	v.ask(map[string]string{"core-core": "nobody"})
	v.answers("Core object nobody has no home yet. It gets one when a client selects its library.")
	v.ask(map[string]string{"core-core": "two words"})
	v.says("contains white space or bytes that cannot be printed")
	v.picture("search-answer-360")

	v.show("overview")
	v.show("search")
	v.ask(map[string]string{"correlated-class": "card_no", "correlated-object": "330001"})
	v.says("Correlated object card_no 330001 is core object customer-7.")
	v.ask(map[string]string{"correlated-class": "card_no", "correlated-object": "330002"})
	v.says("Correlated object card_no 330002 is not bound to a core object.")
	if status := s.status(t, n); status.Placements != coreObjects {
		t.Errorf("there are %d core objects after the search, there were %d", status.Placements, coreObjects)
	}
}

func (s *scene) hostileNames(t *testing.T) {
	n := s.cluster.Nodes[0]
	v := s.open(t, consoleOf(n), 360)
	v.show("search")
	v.ask(map[string]string{"core-core": hostileCore})
	v.says("Core object " + hostileCore + " lives in library")
	v.ask(map[string]string{"correlated-class": hostileClass, "correlated-object": hostileObject})
	v.says(fmt.Sprintf("Correlated object %s %s is core object %s.", hostileClass, hostileObject, hostileCore))
	v.sound()
	v.show("activity")
	v.says(hostileCore) // has a session
	v.sound()

	const library = `<img/src=x/onerror=window.hurt=2>`
	address := s.status(t, n).Libraries[1].Servers[0].Address
	if out, err := n.CLI(within(t), "library", "add", library, "--server", address); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, route := range []string{"libraries", "overview", "activity", "settings"} {
		v.show(route)
		if route == "libraries" {
			v.says(library)
		}
		until(v, route+" has been read", `document.querySelectorAll("main table tbody tr").length`, func(rows int) bool { return rows > 0 })
		v.sound()
	}
	v.picture("hostile-360")
}

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
