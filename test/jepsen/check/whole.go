package check

import (
	"fmt"
	"slices"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// wholeAgain is broken by a node that has ended by itself, for one: when it notices
// that its state differs from that of the others, it stops.
func wholeAgain(e Evidence) []Finding {
	if e.Unsettled == "" {
		return nil
	}
	return []Finding{{Text: e.Unsettled}}
}

// evidenceWhole makes a run that looked at nothing fail: the other checks pass what
// was never asked for.
func evidenceWhole(e Evidence) []Finding {
	if e.Unsettled != "" {
		return nil
	}
	var found []Finding
	missing := func(format string, args ...any) {
		found = append(found, Finding{Text: fmt.Sprintf(format, args...)})
	}
	if !slices.ContainsFunc(e.Operations, func(o history.Operation) bool { return o.Outcome == history.Done }) {
		missing("no operation was done")
	}
	for _, kind := range e.Wanted {
		if !slices.ContainsFunc(e.Operations, func(o history.Operation) bool { return o.Kind == kind && o.Outcome == history.Done }) {
			missing("no operation of the kind %s was done", kind)
		}
	}
	if e.Injuring && len(e.Faults) == 0 {
		missing("nothing was broken")
	}
	for _, f := range e.Faults {
		if f.To == 0 {
			missing("%s of %s was not healed (nemesis %s)", f.Kind, f.Target, f.Nemesis)
		}
	}
	if e.Rows == nil && slices.ContainsFunc(e.Operations, func(o history.Operation) bool { return o.Kind == history.Insert }) {
		missing("rows were inserted, and the libraries' tables were not read")
	}
	if len(e.Final) == 0 {
		missing("no node was asked after healing")
	}
	if len(e.Restarted) == 0 {
		missing("no node was asked after all were killed")
	}
	if len(e.Recovery) == 0 {
		missing("nobody waited for nodes to answer")
	}
	if !slices.ContainsFunc(e.Processes, func(p Process) bool { return p.Before != Vitals{} }) {
		missing("nobody looked at what processes held at first")
	}
	cores, objects := Named(e.Operations)
	for _, t := range e.testimonies() {
		for _, core := range cores {
			if _, ok := t.Placements[core]; !ok {
				missing("%s was not asked for core object %s", t.by, core)
				break
			}
		}
		for _, object := range objects {
			if _, ok := t.Bindings[object]; !ok {
				missing("%s was not asked for %s %s", t.by, object[0], object[1])
				break
			}
		}
		if t.Counts == nil {
			missing("%s was not asked for its counts", t.by)
		}
	}
	for _, n := range e.Final {
		if !slices.ContainsFunc(e.Restarted, func(r NodeState) bool { return r.Node == n.Node }) {
			missing("node %s was not asked after all were killed", n.Node)
		}
		if !slices.ContainsFunc(e.Processes, func(p Process) bool { return p.Node == n.Node && p.After != Vitals{} }) {
			missing("nobody looked at what the process of node %s holds in the end", n.Node)
		}
	}
	return found
}
