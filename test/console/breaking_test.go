package console

import (
	"strings"
	"testing"
)

// breaking kills one node after the other, and looks at it through the last one.
func (s *scene) breaking(t *testing.T) {
	leader, err := s.cluster.Leader(within(t))
	if err != nil {
		t.Fatal(err)
	}
	followers, err := s.cluster.Followers(within(t))
	if err != nil {
		t.Fatal(err)
	}
	asked, other := followers[0], followers[1]
	v := s.open(t, consoleOf(asked), 1280)
	v.says("Nothing is wrong")

	if err := other.Kill(); err != nil {
		t.Fatal(err)
	}
	v.says(other.ID + " Node is down, or cannot be reached, as this node sees it.")
	v.says("2 of 3 voters alive: if one more is lost, nothing new can be decided.")
	v.fact("Voters alive", "2 of 3")
	until(v, "the node is down in the list", rowsScript("Nodes"), func(rows []map[string]string) bool {
		for _, row := range rows {
			if strings.HasPrefix(row["Node"], other.ID) {
				return row["Alive"] == "down" && row["Clients"] == "unknown"
			}
		}
		return false
	})
	v.picture("one-down-1280")
	v.show("activity")
	v.says("Node " + other.ID + " is not counted: it is down as the asked node sees it")
	v.says("sum of 2 nodes")

	v.show("overview")
	if err := leader.Kill(); err != nil {
		t.Fatal(err)
	}
	v.says("No majority: 1 of 3 voters alive as this node sees it, 2 needed.")
	v.says("these libraries cannot be used through this node: " + accounts)
	v.fact("Leader", "none")
	v.picture("no-majority-1280")
	v.show("search") // known ones are found without a leader
	v.ask(map[string]string{"core-core": "customer-7"})
	v.says("lives in library")
	v.ask(map[string]string{"core-core": "nobody"})
	v.says("a majority of the voters must be alive and connected")

	v.show("overview")
	v.fact("Leader", "none")
	if err := asked.Kill(); err != nil {
		t.Fatal(err)
	}
	v.says("Node " + asked.ID + " gives no answer: it cannot be reached. What is shown is old, from ")
	if !eval[bool](v, `document.body.classList.contains("stale")`) {
		t.Error("what is old does not look so")
	}
	v.fact("Leader", "none") // what was known stays in sight
	v.picture("stale-1280")
}
