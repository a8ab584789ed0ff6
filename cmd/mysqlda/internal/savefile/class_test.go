package savefile

import "testing"

func TestTheClassOfASaveFileIsInItsName(t *testing.T) {
	for path, want := range map[string]string{
		"mysqlda.save":                   "",
		"/home/calvin/etc/mysqlda.save":  "",
		"/tmp.d/mysqlda.card_no.save":    "card_no",
		"mysqlda.a.b.save":               "a.b",
		"mysqlda.card_no.save.bak":       "",
		"directory.jsonl":                "",
		"other.电话.save":                  "电话",
		"/home/x.y/save":                 "",
		"/home/calvin.d/placements.save": "",
	} {
		if got := ClassOf(path); got != want {
			t.Errorf("%s: class %q, want %q", path, got, want)
		}
	}
}
