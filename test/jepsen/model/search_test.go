package model

import (
	"slices"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// long is a legal history of one core object of so many operations, some of which
// have an unknown outcome.
func long(n int) []history.Operation {
	var all []history.Operation
	for i := range n {
		o := history.Operation{Client: i % 8, Kind: history.Assign, Core: "c", Library: "a", Outcome: history.Done}
		switch {
		case i%10 == 3:
			o.Library, o.Outcome = "", history.Unknown
		case i%3 == 0 && i > 0:
			o.Kind = history.Locate
		}
		all = append(all, at(time.Duration(10*i+1), time.Duration(10*i+35), o))
	}
	return all
}

func TestAViolationIsShownByFewOperations(t *testing.T) {
	wrong := at(1500, 1600, history.Operation{Kind: history.Locate, Core: "c", Outcome: history.Done})
	for name, operations := range map[string][]history.Operation{
		"in the middle": append(long(300), wrong),
		"at the end":    append(long(140), wrong),
	} {
		found := Check(operations, 10*time.Second)
		if len(found) != 1 || found[0].Object != "core c" {
			t.Fatalf("%s: found %+v", name, found)
		}
		window := found[0].Window
		if len(window) != 2 || !slices.ContainsFunc(window, func(o history.Operation) bool { return o.Call == wrong.Call }) {
			t.Errorf("%s: the window is %v", name, window)
		}
		if len(found[0].Operations) != len(operations) {
			t.Errorf("%s: %d of %d operations", name, len(found[0].Operations), len(operations))
		}
	}
}

func TestShrinkingNeverTakesAwayWhatMayExplainAnAnswer(t *testing.T) {
	// Without the assignment b would be wrong by itself; with it a is.
	operations := []history.Operation{
		at(1, 2, history.Operation{Kind: history.Assign, Core: "c", Outcome: history.Done}),
		at(3, 4, history.Operation{Kind: history.Locate, Core: "c", Library: "b", Outcome: history.Done}),
		at(5, 6, history.Operation{Kind: history.Locate, Core: "c", Library: "a", Outcome: history.Done}),
	}
	found := Check(operations, time.Second)
	if len(found) != 1 || len(found[0].Window) != 2 || found[0].Window[0].Library != "b" || found[0].Window[1].Library != "a" {
		t.Errorf("found %+v", found)
	}
}

func TestNoTimeIsNoVerdict(t *testing.T) {
	found := Check(long(10), 0)
	if len(found) != 1 || !found[0].Undecided || len(found[0].Window) != 10 {
		t.Errorf("found %+v", found)
	}
}

func TestManyUnknownOutcomesAreSoonDecided(t *testing.T) {
	var operations []history.Operation
	for i := range time.Duration(200) {
		operations = append(operations,
			at(i, i+5, history.Operation{Kind: history.Assign, Core: "c", Outcome: history.Unknown}),
			at(i, i+5, history.Operation{Kind: history.Locate, Core: "c", Outcome: history.Done}))
	}
	operations = append(operations,
		at(300, 301, history.Operation{Kind: history.Locate, Core: "c", Library: "a", Outcome: history.Done}),
		at(302, 303, history.Operation{Kind: history.Locate, Core: "c", Outcome: history.Done}))
	found := Check(operations, 10*time.Second)
	if len(found) != 1 || found[0].Undecided || len(found[0].Window) != 2 {
		t.Errorf("found %+v", found)
	}
}

func TestOfEqualUnknownWritesTheEarliestStays(t *testing.T) {
	unknown := history.Operation{Kind: history.Assign, Core: "c", Outcome: history.Unknown}
	operations := []history.Operation{at(5, 9, unknown), at(3, 9, unknown), at(3, 9, unknown), at(4, 9, unknown)}
	left := distinct(Histories(operations)["core c"])
	if len(left) != 1 || left[0].Call != 3 {
		t.Errorf("left %+v", left)
	}
}
