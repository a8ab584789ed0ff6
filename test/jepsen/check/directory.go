package check

import (
	"fmt"
	"time"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
	"github.com/mysqlda/mysqlda/test/jepsen/model"
)

// seen is a library that somebody has seen a core object in.
type seen struct {
	library string
	by      string
	about   []history.Operation
}

// oneLibrary gathers all answers that name a library. A core object that was seen in
// more than one is one finding.
func oneLibrary(e Evidence) []Finding {
	first := make(map[string]seen)
	told := make(map[string]bool)
	var found []Finding
	look := func(core string, s seen) {
		known, ok := first[core]
		if !ok {
			first[core] = s
		} else if known.library != s.library && !told[core] {
			told[core] = true
			found = append(found, finding(
				fmt.Sprintf("core object %s is in %s says %s, and in %s says %s", core, known.library, known.by, s.library, s.by),
				append(known.about, s.about...)...))
		}
	}
	for _, o := range e.Operations {
		if o.Core != "" && o.Library != "" && o.Outcome == history.Done {
			look(o.Core, seen{o.Library, "node " + o.Node, []history.Operation{o}})
		}
	}
	for _, t := range e.testimonies() {
		for core, library := range t.Placements {
			if library != "" {
				look(core, seen{library, t.by, nil})
			}
		}
	}
	return found
}

// assignmentsStay wants every core object in the end that was assigned, or that
// somebody has seen in a library.
func assignmentsStay(e Evidence) []Finding {
	last := make(map[string]history.Operation)
	for _, o := range e.Operations {
		if o.Outcome == history.Done && (o.Kind == history.Assign || o.Kind == history.Locate && o.Library != "") {
			last[o.Core] = o
		}
	}
	var found []Finding
	for _, t := range e.testimonies() {
		for core, o := range last {
			if t.Placements[core] == "" {
				found = append(found, finding(fmt.Sprintf("core object %s was assigned, and %s does not know it", core, t.by), o))
			}
		}
		if !t.restarted {
			continue
		}
		for _, n := range e.Final {
			if n.Node != t.Node {
				continue
			}
			for core, library := range n.Placements {
				if _, ok := last[core]; library != "" && !ok && t.Placements[core] == "" {
					found = append(found, Finding{Text: fmt.Sprintf("core object %s was in %s after healing, and %s does not know it", core, library, t.by)})
				}
			}
		}
	}
	return found
}

// bindingsStay wants every binding in the end that was made or seen, and some other
// one where a binding was refused because of it.
func bindingsStay(e Evidence) []Finding {
	bound := make(map[[2]string]history.Operation)
	elsewhere := make(map[[3]string]history.Operation)
	for _, o := range e.Operations {
		switch {
		case o.Outcome == history.Done && (o.Kind == history.Bind || o.Kind == history.Find) && o.Core != "":
			// The first counts: it was not to change any more.
			if _, ok := bound[[2]string{o.Class, o.Object}]; !ok {
				bound[[2]string{o.Class, o.Object}] = o
			}
		case o.Kind == history.Bind && o.Number == model.BoundElsewhere:
			elsewhere[[3]string{o.Class, o.Object, o.Core}] = o
		}
	}
	var found []Finding
	for _, t := range e.testimonies() {
		for name, o := range bound {
			if core := t.Bindings[name]; core != o.Core {
				found = append(found, finding(fmt.Sprintf("%s %s was bound to %s, and %s says %q", o.Class, o.Object, o.Core, t.by, core), o))
			}
		}
		for name, o := range elsewhere {
			if core := t.Bindings[[2]string{name[0], name[1]}]; core == "" || core == o.Core {
				found = append(found, finding(fmt.Sprintf("%s %s could not be bound to %s because it was bound to another, and %s says %q", o.Class, o.Object, o.Core, t.by, core), o))
			}
		}
		for _, n := range e.Final {
			if !t.restarted || n.Node != t.Node {
				continue
			}
			for name, core := range n.Bindings {
				if _, ok := bound[name]; core != "" && !ok && t.Bindings[name] != core {
					found = append(found, Finding{Text: fmt.Sprintf("%s %s was bound to %s after healing, and %s says %q", name[0], name[1], core, t.by, t.Bindings[name])})
				}
			}
		}
	}
	return found
}

// boundToSomebody wants a placement for each core object that something is bound to.
func boundToSomebody(e Evidence) []Finding {
	var found []Finding
	for _, t := range e.testimonies() {
		for name, core := range t.Bindings {
			if core == "" || t.Placements[core] != "" {
				continue
			}
			var around []history.Operation
			for _, o := range e.Operations {
				if o.Class == name[0] && o.Object == name[1] && o.Core == core && o.Outcome != history.Refused {
					around = append(around, o)
				}
			}
			found = append(found, finding(fmt.Sprintf("%s binds %s %s to %s, which has no placement", t.by, name[0], name[1], core), around...))
		}
	}
	return found
}

// closedStayClosed looks at core objects that nobody had asked for when a library's
// closing was acknowledged. What was asked for before, and whose outcome nobody
// knows, may have been there already.
func closedStayClosed(e Evidence) []Finding {
	first := make(map[string]history.Operation)
	closed := make(map[string]history.Operation)
	home := make(map[string]string)
	for _, o := range e.Operations {
		switch {
		case o.Kind == history.Close && o.Outcome == history.Done:
			if known, ok := closed[o.Library]; !ok || o.Return < known.Return {
				closed[o.Library] = o
			}
		case names(o):
			if known, ok := first[o.Core]; !ok || o.Call < known.Call {
				first[o.Core] = o
			}
			if o.Library != "" && o.Outcome == history.Done {
				home[o.Core] = o.Library
			}
		}
	}
	for _, t := range e.testimonies() {
		for core, library := range t.Placements {
			if library != "" {
				home[core] = library
			}
		}
	}
	var found []Finding
	for core, o := range first {
		if c, ok := closed[home[core]]; ok && o.Call > c.Return {
			found = append(found, finding(fmt.Sprintf("core object %s was given to %s, which had been closed at %s", core, c.Library, c.Return.Round(time.Millisecond)), c, o))
		}
	}
	return found
}

// names says that an operation may give its core object a library. Inserts and reads
// select the library first, and may get that far before they fail.
func names(o history.Operation) bool {
	switch o.Kind {
	case history.Assign:
		return o.Outcome != history.Refused
	case history.Insert, history.Read:
		return true
	default:
		return false
	}
}

// countsAgree compares what libraries are said to hold, and how many bindings there are,
// with what was asked for. Nobody but the run's clients has given a core object a
// library, or bound anything.
func countsAgree(e Evidence) []Finding {
	var found []Finding
	for _, t := range e.testimonies() {
		counted := make(map[string]uint64)
		for library := range t.Counts {
			counted[library] = 0
		}
		for _, library := range t.Placements {
			if library != "" {
				counted[library]++
			}
		}
		for library, count := range counted {
			if t.Counts[library] != count {
				found = append(found, Finding{Text: fmt.Sprintf("%s counts %d core objects in %s, and knows %d of those that were asked for", t.by, t.Counts[library], library, count)})
			}
		}
		bound := uint64(0)
		for _, core := range t.Bindings {
			if core != "" {
				bound++
			}
		}
		if t.Bound != bound {
			found = append(found, Finding{Text: fmt.Sprintf("%s counts %d bindings, and knows %d of those that were asked for", t.by, t.Bound, bound)})
		}
	}
	return found
}
