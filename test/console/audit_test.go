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
	v := s.open(t, consoleOf(n), 1280)
	v.show("audit")
	var trail []struct{ Who, From, What string }
	rows := until(v, "the trail is shown, with both changes", rowsScript("Changes"), func(rows []map[string]string) bool {
		trail = nil
		if err := n.CLIJSON(within(t), &trail, "audit"); err != nil {
			t.Fatal(err)
		}
		return len(rows) == len(trail) && strings.Contains(rows[1]["What"], "100 -> 150")
	})
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
