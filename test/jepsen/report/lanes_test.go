package report

import (
	"testing"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

func TestFaultsAreInTheLanesOfTheirTargets(t *testing.T) {
	lanes := lanesOf([]string{"n1", "n2"}, []string{"lib1"}, []history.Fault{
		{Kind: "kill", Target: "n1,n2", From: 5, To: 9},
		{Kind: "stop", Target: "lib1", From: 1}, // not healed
		{Kind: "stop", Target: "lib1", From: 50, To: 60},
		{Kind: "cut", Target: "n1|n2", From: 1, To: 2},
		{Kind: "pause", Target: "n2", From: 8, To: 12},
		{Kind: "pause", Target: "n2", From: 9, To: 12},
	}, 100)
	var got []string
	for _, l := range lanes {
		s := l.name + ":"
		for _, row := range l.rows {
			for _, f := range row {
				s += " " + f.Kind
			}
			s += ";"
		}
		got = append(got, s)
	}
	want := []string{"n1: kill;", "n2: kill pause; pause;", "lib1: stop; stop;", "links: cut;"}
	for i := range want {
		if len(got) != len(want) || got[i] != want[i] {
			t.Fatalf("lanes %q, want %q", got, want)
		}
	}
}
