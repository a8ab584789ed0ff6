package check

import (
	"fmt"
	"slices"
	"time"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
	"github.com/mysqlda/mysqlda/test/jepsen/model"
)

// Evidence is what is judged.
type Evidence struct {
	Operations []history.Operation // in the order in which they ended
	Final      []NodeState         // of every node, after everything was healed
	Closed     []Closed
	// Rows are those that were found in each library's table in the end, as often
	// as they were found.
	Rows map[string][]Row
}

// NodeState is what one node knows in the end.
type NodeState struct {
	Node       string
	Index      uint64               // of the last command applied
	Hash       string               // of all commands up to it
	Placements map[string]string    // core object to library; "" for none
	Bindings   map[[2]string]string // class and object to core object; "" for none
	// Counts are how many core objects each library holds by its own account.
	Counts map[string]uint64
}

// Closed is a library that was closed for good.
type Closed struct {
	Library string
	At      time.Duration // when the one who closed it was told
}

// Row is a row of the table that inserts write to.
type Row struct {
	Core string
	Row  int64
}

// Finding is a broken promise, with what shows it.
type Finding struct {
	Text string
	// Around are the operations concerned.
	Around []history.Operation
}

// Check is one promise.
type Check struct {
	Name  string
	Judge func(Evidence) []Finding
}

// patience bounds the search for an order of one object's operations.
const patience = 20 * time.Second

// All are the promises that every run is held to.
var All = []Check{
	{"linearizable", linearizable},
	{"one library for each core object", oneLibrary},
	{"acknowledged assignments stay", assignmentsStay},
	{"acknowledged bindings stay", bindingsStay},
	{"no binding without a placement", boundToSomebody},
	{"closed libraries get nothing", closedStayClosed},
	{"counts equal placements", countsAgree},
	{"nodes agree", nodesAgree},
	{"acknowledged rows are there once", rowsOnce},
	{"reads are complete", readsComplete},
	{"transactions are whole", transactionsWhole},
	{"sessions are isolated", sessionsIsolated},
}

func linearizable(e Evidence) []Finding {
	var found []Finding
	for _, v := range model.Check(e.Operations, patience) {
		f := Finding{Text: "no order of the operations on " + v.Object + " explains all answers"}
		if v.Undecided {
			f.Text = fmt.Sprintf("whether an order of the operations on %s explains all answers was not found out within %s", v.Object, patience)
		}
		for _, o := range v.History {
			f.Around = append(f.Around, model.About(o))
		}
		found = append(found, f)
	}
	return found
}

// seen is a library that somebody has seen a core object in.
type seen struct {
	library string
	by      string
	about   []history.Operation
}

// oneLibrary gathers all answers that name a library.
func oneLibrary(e Evidence) []Finding {
	homes := make(map[string][]seen)
	for _, o := range e.Operations {
		if o.Library != "" && o.Outcome == history.Done {
			homes[o.Core] = append(homes[o.Core], seen{o.Library, "node " + o.Node, []history.Operation{o}})
		}
	}
	for _, n := range e.Final {
		for core, library := range n.Placements {
			if library != "" {
				homes[core] = append(homes[core], seen{library, "node " + n.Node + " in the end", nil})
			}
		}
	}
	var found []Finding
	for core, all := range homes {
		i := slices.IndexFunc(all, func(s seen) bool { return s.library != all[0].library })
		if i < 0 {
			continue
		}
		found = append(found, Finding{
			Text:   fmt.Sprintf("core object %s is in %s says %s, and in %s says %s", core, all[0].library, all[0].by, all[i].library, all[i].by),
			Around: append(all[0].about, all[i].about...),
		})
	}
	return found
}

func assignmentsStay(e Evidence) []Finding {
	var found []Finding
	for _, o := range e.Operations {
		if o.Kind != history.Assign || o.Outcome != history.Done {
			continue
		}
		for _, n := range e.Final {
			if n.Placements[o.Core] == "" {
				found = append(found, Finding{fmt.Sprintf("core object %s was assigned, and node %s does not know it", o.Core, n.Node), []history.Operation{o}})
			}
		}
	}
	return found
}

func bindingsStay(e Evidence) []Finding {
	var found []Finding
	for _, o := range e.Operations {
		if o.Kind != history.Bind || o.Outcome != history.Done {
			continue
		}
		for _, n := range e.Final {
			if core := n.Bindings[[2]string{o.Class, o.Object}]; core != o.Core {
				found = append(found, Finding{fmt.Sprintf("%s %s was bound to %s; node %s says %q", o.Class, o.Object, o.Core, n.Node, core), []history.Operation{o}})
			}
		}
	}
	return found
}

func boundToSomebody(e Evidence) []Finding {
	var found []Finding
	for _, n := range e.Final {
		for name, core := range n.Bindings {
			if core != "" && n.Placements[core] == "" {
				found = append(found, Finding{Text: fmt.Sprintf("node %s binds %s %s to %s, which has no placement", n.Node, name[0], name[1], core)})
			}
		}
	}
	return found
}

// closedStayClosed looks at core objects that nobody had asked for when a library's
// closing was acknowledged.
func closedStayClosed(e Evidence) []Finding {
	first := make(map[string]history.Operation)
	home := make(map[string]string)
	for _, o := range e.Operations {
		if o.Kind != history.Assign {
			continue
		}
		if known, ok := first[o.Core]; !ok || o.Call < known.Call {
			first[o.Core] = o
		}
	}
	for _, n := range e.Final {
		for core, library := range n.Placements {
			home[core] = library
		}
	}
	var found []Finding
	for _, c := range e.Closed {
		for core, o := range first {
			if home[core] == c.Library && o.Call > c.At {
				found = append(found, Finding{fmt.Sprintf("core object %s was given to %s, which had been closed at %s", core, c.Library, c.At), []history.Operation{o}})
			}
		}
	}
	return found
}

func countsAgree(e Evidence) []Finding {
	var found []Finding
	for _, n := range e.Final {
		counted := make(map[string]uint64)
		for _, library := range n.Placements {
			if library != "" {
				counted[library]++
			}
		}
		for library, count := range n.Counts {
			if counted[library] != count {
				found = append(found, Finding{Text: fmt.Sprintf("node %s counts %d core objects in %s, and knows %d of those that were asked for", n.Node, count, library, counted[library])})
			}
		}
	}
	return found
}

func nodesAgree(e Evidence) []Finding {
	var found []Finding
	for _, n := range e.Final {
		if first := e.Final[0]; n.Index == first.Index && n.Hash != first.Hash {
			found = append(found, Finding{Text: fmt.Sprintf("at entry %d node %s has the state %s and node %s %s", n.Index, first.Node, first.Hash, n.Node, n.Hash)})
		} else if n.Index != first.Index {
			found = append(found, Finding{Text: fmt.Sprintf("node %s has applied entry %d and node %s %d, although nothing was asked any more", first.Node, first.Index, n.Node, n.Index)})
		}
	}
	return found
}

// rowsOnce looks for rows that were acknowledged and are not in their core object's
// library, are there more than once, or in another one too.
func rowsOnce(e Evidence) []Finding {
	if e.Rows == nil {
		return nil
	}
	type place struct {
		Row
		library string
	}
	times := make(map[place]int)
	libraries := make(map[Row][]string)
	for library, rows := range e.Rows {
		for _, r := range rows {
			at := place{r, library}
			if times[at]++; times[at] == 1 {
				libraries[r] = append(libraries[r], library)
			}
		}
	}
	var found []Finding
	for r, in := range libraries {
		switch {
		case len(in) > 1:
			found = append(found, Finding{Text: fmt.Sprintf("row %d of %s is in %v", r.Row, r.Core, in)})
		case times[place{r, in[0]}] > 1:
			found = append(found, Finding{Text: fmt.Sprintf("row %d of %s is in %s %d times", r.Row, r.Core, in[0], times[place{r, in[0]}])})
		}
	}
	for _, o := range e.Operations {
		if o.Kind != history.Insert {
			continue
		}
		in := libraries[Row{o.Core, o.Row}]
		home := e.Final[0].Placements[o.Core]
		switch {
		case o.Outcome == history.Done && len(in) == 0:
			found = append(found, Finding{fmt.Sprintf("row %d of %s was acknowledged and is nowhere", o.Row, o.Core), []history.Operation{o}})
		case o.Outcome == history.Refused && len(in) > 0:
			found = append(found, Finding{fmt.Sprintf("row %d of %s was refused and is in %v", o.Row, o.Core, in), []history.Operation{o}})
		case len(in) == 1 && in[0] != home:
			found = append(found, Finding{fmt.Sprintf("row %d of %s is in %s, and its core object lives in %s", o.Row, o.Core, in[0], home), []history.Operation{o}})
		}
	}
	return found
}
