package check

import (
	"fmt"
	"slices"
	"time"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
	"github.com/mysqlda/mysqlda/test/jepsen/model"
)

// patience bounds the search for orders of all objects' operations together.
const patience = time.Minute

// linearizable looks for an order of each object's operations that explains all
// answers, those of the gatherings included.
func linearizable(e Evidence) []Finding {
	var found []Finding
	for _, v := range model.Check(append(slices.Clone(e.Operations), answers(e)...), patience) {
		text := fmt.Sprintf("no order of the operations on %s explains all answers", v.Object)
		if v.Undecided {
			text = fmt.Sprintf("whether an order of the %d operations on %s explains all answers was not found out: checking may take %s altogether", len(v.Operations), v.Object, patience)
		}
		found = append(found, finding(text, v.Window...))
	}
	return found
}

// answers are what nodes said in the gatherings, as operations after all others.
// What several say alike is there once.
func answers(e Evidence) []history.Operation {
	var end time.Duration
	for _, o := range e.Operations {
		end = max(end, o.Return)
	}
	var all []history.Operation
	said := make(map[string]bool)
	say := func(t testimony, o history.Operation) {
		o.Client, o.Call, o.Return = -1, end+1, end+2
		if t.restarted {
			o.Call, o.Return = end+3, end+4
		}
		if key := o.String(); !said[key] {
			said[key] = true
			o.Node = t.by
			all = append(all, o)
		}
	}
	for _, t := range e.testimonies() {
		for core, library := range t.Placements {
			say(t, history.Operation{Kind: history.Locate, Core: core, Library: library, Outcome: history.Done})
		}
		for name, core := range t.Bindings {
			o := history.Operation{Kind: history.Find, Class: name[0], Object: name[1], Core: core, Outcome: history.Done}
			if core == "" {
				o.Outcome, o.Number = history.Refused, model.NotBound
			}
			say(t, o)
		}
	}
	return all
}
