package console

import (
	"strings"
	"testing"
)

func (s *scene) audit(t *testing.T) {
	n := s.cluster.Nodes[2]
	for _, weight := range []string{"150", "100"} {
		if out, err := n.CLI(within(t), "library", "weight", archive, weight); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	var trail []struct{ Who, From, What string }
	if err := s.cluster.Nodes[0].CLIJSON(within(t), &trail, "audit"); err != nil {
		t.Fatal(err)
	}
	if len(trail) < 2 {
		t.Fatalf("the trail is %v", trail)
	}
	v := s.open(t, consoleOf(s.cluster.Nodes[0]), 1280)
	v.show("audit")
	rows := until(v, "the trail is shown", rowsScript("Changes"), func(rows []map[string]string) bool { return len(rows) == len(trail) })
	for i, e := range trail {
		row := rows[len(rows)-1-i]
		if row["Who"] != e.Who || row["From"] != e.From || row["What"] != e.What || row["When"] == "" {
			t.Errorf("%+v is shown as %v", e, row)
		}
	}
	until(v, "there is a field", `document.getElementById("find")?.focus() === undefined`, func(there bool) bool { return there })
	if err := v.Type(within(t), "100 -> 150"); err != nil {
		t.Fatal(err)
	}
	found := until(v, "one change mentions both weights in that order", rowsScript("Changes"), func(rows []map[string]string) bool { return len(rows) == 1 })
	if !strings.Contains(found[0]["What"], archive) {
		t.Errorf("it is %v", found[0])
	}
	v.sound()
}
