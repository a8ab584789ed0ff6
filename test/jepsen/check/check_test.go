package check

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
	"github.com/mysqlda/mysqlda/test/jepsen/model"
)

// good is evidence that breaks no promise.
func good() Evidence {
	state := func(node string, index uint64) NodeState {
		return NodeState{
			Node: node, Index: index, Hash: fmt.Sprintf("h%d", index),
			Placements: map[string]string{"c": "a", "d": "b", "e": "", "f": "b"},
			Bindings:   map[[2]string]string{{"card", "1"}: "c", {"card", "2"}: "", {"card", "3"}: "d"},
			Counts:     map[string]uint64{"a": 1, "b": 2},
			Bound:      2,
		}
	}
	process := func(node string) Process {
		vitals := Vitals{Goroutines: 100, Descriptors: 40, Resident: 50 << 20}
		return Process{Node: node, Before: vitals, After: vitals}
	}
	return Evidence{
		Operations: []history.Operation{
			{Kind: history.Assign, Core: "c", Library: "a", Outcome: history.Done, Call: 1, Return: 2},
			{Kind: history.Bind, Class: "card", Object: "1", Core: "c", Outcome: history.Done, Call: 3, Return: 4},
			{Kind: history.Insert, Core: "c", Row: 1, Outcome: history.Done, Call: 5, Return: 6},
			{Kind: history.Insert, Core: "c", Row: 2, Outcome: history.Unknown, Call: 7, Return: 8},
			{Kind: history.Insert, Core: "c", Row: 3, Outcome: history.Refused, Call: 7, Return: 8},
			{Kind: history.Close, Library: "a", Outcome: history.Done, Call: 9, Return: 10},
			{Kind: history.Close, Library: "x", Outcome: history.Done, Call: 9, Return: 10},
			{Kind: history.Assign, Core: "f", Outcome: history.Unknown, Call: 11, Return: 12},
			{Kind: history.Read, Core: "c", Rows: []int64{1, 2}, Outcome: history.Done, Call: 11, Return: 12},
			{Kind: history.Insert, Core: "c", Row: 4, Outcome: history.Done, Call: 12, Return: 14},
			{Kind: history.Read, Core: "c", Rows: []int64{1, 2}, Outcome: history.Done, Call: 13, Return: 15},
			{Kind: history.Assign, Core: "d", Outcome: history.Done, Call: 20, Return: 21},
			{Kind: history.Assign, Core: "e", Outcome: history.Refused, Call: 20, Return: 21},
			{Kind: history.Find, Class: "card", Object: "2", Outcome: history.Refused, Number: model.NotBound, Call: 20, Return: 21},
			{Kind: history.Bind, Class: "card", Object: "3", Core: "d", Outcome: history.Unknown, Call: 22, Return: 23},
			{Kind: history.Bind, Class: "card", Object: "3", Core: "c", Outcome: history.Refused, Number: model.BoundElsewhere, Call: 24, Return: 25},
		},
		Final:     []NodeState{state("n1", 7), state("n2", 7)},
		Restarted: []NodeState{state("n1", 9), state("n2", 9)},
		Rows:      map[string][]Row{"a": {{"c", 1}, {"c", 2}, {"c", 4}}, "b": nil},
		Processes: []Process{process("n1"), process("n2")},
		Recovery:  []Recovery{{Node: "n1", Took: time.Second}, {Node: "n2", Took: time.Second}},
		Wanted:    []history.Kind{history.Assign, history.Bind},
		Injuring:  true,
		Faults:    []history.Fault{{Nemesis: "kill-leader", Kind: "kill", Target: "n1", From: 3, To: 4}},
	}
}

// add appends operations that came after all others.
func add(operations ...history.Operation) func(*Evidence) {
	return func(e *Evidence) { e.Operations = append(e.Operations, operations...) }
}

func TestEachBrokenPromiseIsFoundByItsCheck(t *testing.T) {
	for _, v := range Judge(good()) {
		if !v.Passed() {
			t.Errorf("%s: good evidence: %+v", v.Check, v.Findings)
		}
	}
	card := func(object string) [2]string { return [2]string{"card", object} }
	for _, test := range []struct {
		check, text string // the finding's text has this
		spoil       func(*Evidence)
	}{
		{"everything is whole again", "n2 has ended", func(e *Evidence) { e.Unsettled = "after healing: n2 has ended" }},

		{"evidence is whole", "no operation was done", func(e *Evidence) { e.Operations = nil }},
		{"evidence is whole", "tables were not read", func(e *Evidence) { e.Rows = nil }},
		{"evidence is whole", "asked after healing", func(e *Evidence) { e.Final = nil }},
		{"evidence is whole", "no node was asked after all were killed", func(e *Evidence) { e.Restarted = nil }},
		{"evidence is whole", "n2 was not asked after all were killed", func(e *Evidence) { e.Restarted = e.Restarted[:1] }},
		{"evidence is whole", "for core object e", func(e *Evidence) { delete(e.Final[0].Placements, "e") }},
		{"evidence is whole", "for card 2", func(e *Evidence) { delete(e.Restarted[0].Bindings, card("2")) }},
		{"evidence is whole", "counts", func(e *Evidence) { e.Final[1].Counts = nil }},
		{"evidence is whole", "node n1 holds", func(e *Evidence) { e.Processes[0].After = Vitals{} }},
		{"evidence is whole", "nodes to answer", func(e *Evidence) { e.Recovery = nil }},
		{"evidence is whole", "held at first", func(e *Evidence) { e.Processes[0].Before, e.Processes[1].Before = Vitals{}, Vitals{} }},
		{"evidence is whole", "of the kind isolate", func(e *Evidence) { e.Wanted = append(e.Wanted, history.Isolate) }},
		{"evidence is whole", "nothing was broken", func(e *Evidence) { e.Faults = nil }},
		{"evidence is whole", "kill of n1 was not healed", func(e *Evidence) { e.Faults[0].To = 0 }},

		{"linearizable", "core c", add(history.Operation{Kind: history.Locate, Core: "c", Outcome: history.Done, Call: 30, Return: 31})},
		{"linearizable", "core e", func(e *Evidence) { e.Final[0].Placements["e"] = "a" }},
		{"linearizable", "core d", func(e *Evidence) { e.Restarted[0].Placements["d"] = "" }},
		{"linearizable", "core f", func(e *Evidence) { e.Restarted[0].Placements["f"] = "" }},
		{"linearizable", "card 1", func(e *Evidence) { e.Restarted[1].Bindings[card("1")] = "" }},
		{"linearizable", "card 2", func(e *Evidence) { e.Final[1].Bindings[card("2")] = "c" }},

		{"one library for each core object", "n2 after healing", func(e *Evidence) { e.Final[1].Placements["c"] = "b" }},
		{"one library for each core object", "n2 after all were killed", func(e *Evidence) { e.Restarted[1].Placements["f"] = "a" }},
		{"one library for each core object", "c is in a", add(history.Operation{Kind: history.Insert, Core: "c", Row: 9, Library: "b", Outcome: history.Done})},

		{"acknowledged assignments stay", "n2 after healing", func(e *Evidence) { e.Final[1].Placements["d"] = "" }},
		{"acknowledged assignments stay", "n1 after all were killed", func(e *Evidence) { e.Restarted[0].Placements["d"] = "" }},
		{"acknowledged assignments stay", "f was in b after healing", func(e *Evidence) { e.Restarted[0].Placements["f"] = "" }},
		{"acknowledged assignments stay", "core object e", add(history.Operation{Kind: history.Locate, Core: "e", Library: "b", Outcome: history.Done, Call: 30, Return: 31})},

		{"acknowledged bindings stay", `n2 after healing says "d"`, func(e *Evidence) { e.Final[1].Bindings[card("1")] = "d" }},
		{"acknowledged bindings stay", "n1 after all were killed", func(e *Evidence) { e.Restarted[0].Bindings[card("1")] = "" }},
		{"acknowledged bindings stay", "bound to d after healing", func(e *Evidence) { e.Restarted[0].Bindings[card("3")] = "" }},
		{"acknowledged bindings stay", "because it was bound to another", func(e *Evidence) { e.Final[0].Bindings[card("3")] = "" }},
		{"acknowledged bindings stay", `says "c"`, func(e *Evidence) { e.Final[0].Bindings[card("3")] = "c" }},
		{"acknowledged bindings stay", "card 2 was bound to c", add(history.Operation{Kind: history.Find, Class: "card", Object: "2", Core: "c", Outcome: history.Done})},

		{"no binding without a placement", "n1 after healing", func(e *Evidence) { e.Final[0].Bindings[card("2")] = "e" }},
		{"no binding without a placement", "n2 after all were killed", func(e *Evidence) { e.Restarted[1].Placements["d"] = "" }},

		{"closed libraries get nothing", "core object d was given to b", add(history.Operation{Kind: history.Close, Library: "b", Outcome: history.Done, Call: 14, Return: 15})},
		{"closed libraries get nothing", "core object g was given to a", add(history.Operation{Kind: history.Assign, Core: "g", Library: "a", Outcome: history.Done, Call: 14, Return: 15})},
		{"closed libraries get nothing", "core object e was given to a", func(e *Evidence) {
			e.Operations = append(e.Operations, history.Operation{Kind: history.Assign, Core: "e", Outcome: history.Unknown, Call: 40, Return: 41})
			e.Final[1].Placements["e"] = "a"
		}},

		{"closed libraries get nothing", "core object e was given to a", func(e *Evidence) {
			// It was refused before the library was closed, so that it was not there.
			e.Operations = append(e.Operations,
				history.Operation{Kind: history.Assign, Core: "e", Outcome: history.Refused, Call: 1, Return: 2},
				history.Operation{Kind: history.Assign, Core: "e", Outcome: history.Unknown, Call: 40, Return: 41})
			e.Final[1].Placements["e"] = "a"
		}},

		{"counts equal placements", "n2 after healing counts 3", func(e *Evidence) { e.Final[1].Counts["b"] = 3 }},
		{"counts equal placements", "n1 after all were killed counts 1", func(e *Evidence) { e.Restarted[0].Counts["b"] = 1 }},
		{"counts equal placements", "n2 after healing counts 1 bindings, and knows 2", func(e *Evidence) { e.Final[1].Bound = 1 }},
		{"counts equal placements", "counts 0 core objects in b", func(e *Evidence) { delete(e.Final[0].Counts, "b") }},
		{"counts equal placements", "counts 1 core objects in z", func(e *Evidence) { e.Final[0].Counts["z"] = 1 }},

		{"nodes agree", "the state h7", func(e *Evidence) { e.Final[1].Hash = "g" }},
		{"nodes agree", "the state h9", func(e *Evidence) { e.Restarted[1].Hash = "g" }},
		{"nodes agree", "at entry 7 node n2 after healing has the state g", func(e *Evidence) {
			e.Final[0].Index, e.Final[1].Hash = 6, "g"
			e.Restarted[0].Index, e.Restarted[0].Hash = 7, "h7"
		}},
		{"nodes agree", "nothing was asked", func(e *Evidence) { e.Restarted[1].Index = 10 }},
		{"nodes agree", "only 6", func(e *Evidence) { e.Restarted[1].Index = 6 }},
		{"nodes agree", "core object f", func(e *Evidence) { e.Final[1].Placements["f"] = "" }},
		{"nodes agree", "[card 2]", func(e *Evidence) { e.Final[1].Bindings[card("2")] = "d" }},
		{"nodes agree", "the count of b", func(e *Evidence) { e.Final[1].Counts["b"] = 7 }},

		{"acknowledged rows are there once", "nowhere", func(e *Evidence) { e.Rows["a"] = e.Rows["a"][1:] }},
		{"acknowledged rows are there once", "2 times, in [a a]", func(e *Evidence) { e.Rows["a"] = append(e.Rows["a"], Row{"c", 2}) }},
		{"acknowledged rows are there once", "2 times, in [a b]", func(e *Evidence) { e.Rows["b"] = []Row{{"c", 1}} }},
		{"acknowledged rows are there once", `in b, and its core object lives in "a"`, func(e *Evidence) { e.Rows["b"], e.Rows["a"] = e.Rows["a"][1:2], nil }},
		{"acknowledged rows are there once", "was refused and is in [a]", func(e *Evidence) { e.Rows["a"] = append(e.Rows["a"], Row{"c", 3}) }},
		{"acknowledged rows are there once", "nobody inserted it", func(e *Evidence) { e.Rows["a"] = append(e.Rows["a"], Row{"c", 9}) }},

		{"reads see acknowledged rows", "lacks 1 rows", add(history.Operation{Kind: history.Read, Core: "c", Rows: []int64{1, 2}, Outcome: history.Done, Call: 15, Return: 16})},
		{"reads see acknowledged rows", "row 2 among them", add(history.Operation{Kind: history.Read, Core: "c", Rows: []int64{1, 4}, Outcome: history.Done, Call: 15, Return: 16})},
		{"reads see acknowledged rows", "which was refused", add(history.Operation{Kind: history.Read, Core: "c", Rows: []int64{1, 2, 3, 4}, Outcome: history.Done, Call: 15, Return: 16})},
		{"reads see acknowledged rows", "which nobody inserted", add(history.Operation{Kind: history.Read, Core: "c", Rows: []int64{1, 2, 4, 9}, Outcome: history.Done, Call: 15, Return: 16})},
		{"reads see acknowledged rows", "more than once", add(history.Operation{Kind: history.Read, Core: "c", Rows: []int64{1, 2, 2, 4}, Outcome: history.Done, Call: 15, Return: 16})},
		{"reads see acknowledged rows", "before anybody inserted", add(history.Operation{Kind: history.Read, Core: "c", Rows: []int64{4}, Outcome: history.Done, Call: 3, Return: 4})},

		{"nodes answer again", "n1 took 31s", func(e *Evidence) { e.Recovery[0].Took = 31 * time.Second }},
		{"nodes answer again", "refused to talk", func(e *Evidence) { e.Recovery[1].Err = "refused to talk" }},

		{"processes stay healthy", "DATA RACE", func(e *Evidence) { e.Processes[1].Faults = []string{"WARNING: DATA RACE"} }},
		{"processes stay healthy", "151 goroutines", func(e *Evidence) { e.Processes[1].After.Goroutines = 151 }},
		{"processes stay healthy", "76 descriptors", func(e *Evidence) { e.Processes[1].After.Descriptors = 76 }},
		{"processes stay healthy", "600 MiB", func(e *Evidence) { e.Processes[1].After.Resident = 600 << 20 }},
	} {
		e := good()
		test.spoil(&e)
		for _, v := range Judge(e) {
			if v.Check != test.check {
				continue
			}
			var texts []string
			for _, f := range v.Findings {
				texts = append(texts, f.Text)
			}
			if !strings.Contains(strings.Join(texts, "\n"), test.text) {
				t.Errorf("%s: want %q, found %q", test.check, test.text, texts)
			}
		}
	}
}

func TestWhatMayBeIsNoFinding(t *testing.T) {
	for name, spoil := range map[string]func(*Evidence){
		"an assignment of unknown outcome that was never done": func(e *Evidence) {
			for _, n := range append(e.Final, e.Restarted...) {
				n.Placements["f"], n.Counts["b"] = "", 1
			}
		},
		"a core object that had been asked for before the library was closed": func(e *Evidence) {
			for _, n := range append(e.Final, e.Restarted...) {
				n.Placements["f"], n.Counts["b"] = "a", 1
				n.Counts["a"] = 2
			}
			e.Operations[7].Call = 9
		},
		"a row that was refused and then inserted": add(history.Operation{Kind: history.Insert, Core: "c", Row: 4, Outcome: history.Refused, Call: 1, Return: 2}),
		"a node that joined later and has no vitals of before": func(e *Evidence) {
			e.Processes[1].Before = Vitals{}
		},
		"a node that joined after healing": func(e *Evidence) { e.Recovery = e.Recovery[:1] },
		"a leader that became a follower": func(e *Evidence) {
			e.Processes[0].Before.Goroutines, e.Processes[1].After.Goroutines = 180, 180
		},
		"a run without rows": func(e *Evidence) {
			var left []history.Operation
			for _, o := range e.Operations {
				if o.Kind != history.Insert && o.Kind != history.Read {
					left = append(left, o)
				}
			}
			e.Operations, e.Rows = left, nil
		},
	} {
		e := good()
		spoil(&e)
		for _, v := range Judge(e) {
			if !v.Passed() {
				t.Errorf("%s: %s: %+v", name, v.Check, v.Findings)
			}
		}
	}
}

func TestFindingsAreCountedAndTheFirstKept(t *testing.T) {
	e := good()
	for i := range 100 {
		e.Rows["a"] = append(e.Rows["a"], Row{"c", int64(1000 + i)})
	}
	for _, v := range Judge(e) {
		if v.Check == "acknowledged rows are there once" && (v.Count != 100 || len(v.Findings) != kept) {
			t.Errorf("%d findings, %d kept", v.Count, len(v.Findings))
		}
	}
}

func TestAFindingShowsWhenItsLastOperationReturned(t *testing.T) {
	e := good()
	add(history.Operation{Kind: history.Locate, Core: "c", Library: "b", Outcome: history.Done, Call: 30, Return: 31})(&e)
	if found := oneLibrary(e); len(found) != 1 || found[0].At != 31 || len(found[0].Around) != 2 {
		t.Errorf("found %+v", found)
	}
}

func TestEachPromiseIsJudgedOnce(t *testing.T) {
	names := make(map[string]bool)
	for _, c := range All {
		if names[c.Name] {
			t.Errorf("%s is there twice", c.Name)
		}
		names[c.Name] = true
	}
}
