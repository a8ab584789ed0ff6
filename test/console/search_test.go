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
