package check

import (
	"testing"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// good is evidence that breaks no promise.
func good() Evidence {
	state := func(node string) NodeState {
		return NodeState{
			Node: node, Index: 7, Hash: "h",
			Placements: map[string]string{"c": "a", "d": "b", "e": ""},
			Bindings:   map[[2]string]string{{"card", "1"}: "c", {"card", "2"}: ""},
			Counts:     map[string]uint64{"a": 1, "b": 1},
		}
	}
	return Evidence{
		Operations: []history.Operation{
			{Kind: history.Assign, Core: "c", Library: "a", Outcome: history.Done, Call: 1, Return: 2},
			{Kind: history.Assign, Core: "d", Outcome: history.Done, Call: 20, Return: 21},
			{Kind: history.Bind, Class: "card", Object: "1", Core: "c", Outcome: history.Done, Call: 3, Return: 4},
			{Kind: history.Insert, Core: "c", Row: 1, Outcome: history.Done, Call: 5, Return: 6},
			{Kind: history.Insert, Core: "c", Row: 2, Outcome: history.Unknown, Call: 7, Return: 8},
			{Kind: history.Insert, Core: "c", Row: 3, Outcome: history.Refused, Call: 7, Return: 8},
		},
		Final:  []NodeState{state("n1"), state("n2")},
		Closed: []Closed{{Library: "a", At: 10}},
		Rows:   map[string][]Row{"a": {{"c", 1}, {"c", 2}}, "b": nil},
	}
}

func TestEachBrokenPromiseIsFoundByItsCheck(t *testing.T) {
	for _, c := range All {
		if found := c.Judge(good()); found != nil {
			t.Errorf("%s: good evidence: %+v", c.Name, found)
		}
	}
	for name, spoil := range map[string]func(*Evidence){
		"linearizable": func(e *Evidence) {
			e.Operations = append(e.Operations, history.Operation{Kind: history.Locate, Core: "c", Outcome: history.Done, Call: 30, Return: 31})
		},
		"one library for each core object": func(e *Evidence) { e.Final[1].Placements["c"] = "b" },
		"acknowledged assignments stay":    func(e *Evidence) { delete(e.Final[1].Placements, "d") },
		"acknowledged bindings stay":       func(e *Evidence) { e.Final[1].Bindings[[2]string{"card", "1"}] = "d" },
		"no binding without a placement":   func(e *Evidence) { e.Final[0].Bindings[[2]string{"card", "2"}] = "e" },
		"closed libraries get nothing":     func(e *Evidence) { e.Closed[0] = Closed{Library: "b", At: 19} },
		"counts equal placements":          func(e *Evidence) { e.Final[1].Counts["b"] = 2 },
		"nodes agree":                      func(e *Evidence) { e.Final[1].Hash = "g" },
		"acknowledged rows are there once": func(e *Evidence) { e.Rows["a"] = append(e.Rows["a"], Row{"c", 2}) },
	} {
		e := good()
		spoil(&e)
		for _, c := range All {
			if c.Name == name && len(c.Judge(e)) == 0 {
				t.Errorf("%s: nothing was found", name)
			}
		}
	}
}

func TestRowsAreMissedMisplacedAndRefused(t *testing.T) {
	for name, spoil := range map[string]func(*Evidence){
		"lost":                 func(e *Evidence) { e.Rows["a"] = e.Rows["a"][1:] },
		"in two libraries":     func(e *Evidence) { e.Rows["b"] = []Row{{"c", 1}} },
		"in a wrong library":   func(e *Evidence) { e.Rows["b"], e.Rows["a"] = e.Rows["a"], nil },
		"refused and executed": func(e *Evidence) { e.Rows["a"] = append(e.Rows["a"], Row{"c", 3}) },
	} {
		e := good()
		spoil(&e)
		if len(rowsOnce(e)) == 0 {
			t.Errorf("%s: nothing was found", name)
		}
	}
}
