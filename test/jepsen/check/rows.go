package check

import (
	"fmt"
	"slices"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// insertion is what the inserts of one row came to. A client may have tried again.
type insertion struct {
	tries []history.Operation
	// acknowledged is the first that was done, refused says that all were refused.
	acknowledged *history.Operation
	refused      bool
}

func insertions(operations []history.Operation) map[Row]*insertion {
	all := make(map[Row]*insertion)
	for _, o := range operations {
		if o.Kind != history.Insert {
			continue
		}
		r := Row{o.Core, o.Row}
		if all[r] == nil {
			all[r] = &insertion{refused: true}
		}
		i := all[r]
		i.tries = append(i.tries, o)
		i.refused = i.refused && o.Outcome == history.Refused
		if o.Outcome == history.Done && i.acknowledged == nil {
			i.acknowledged = &o
		}
	}
	return all
}

// rowsOnce looks for rows that were acknowledged and are nowhere, that are there
// more than once, in another library than their core object, or although nobody
// wrote them.
func rowsOnce(e Evidence) []Finding {
	if e.Rows == nil {
		return nil
	}
	in := make(map[Row][]string)
	for library, rows := range e.Rows {
		for _, r := range rows {
			in[r] = append(in[r], library)
		}
	}
	inserts := insertions(e.Operations)
	homes := make(map[string][]testimony)
	for _, t := range e.testimonies() {
		for core := range t.Placements {
			homes[core] = append(homes[core], t)
		}
	}
	var found []Finding
	for r, libraries := range in {
		slices.Sort(libraries)
		var tries []history.Operation
		if i := inserts[r]; i == nil {
			found = append(found, Finding{Text: fmt.Sprintf("row %d of %s is in %v, and nobody inserted it", r.Row, r.Core, libraries)})
		} else if tries = i.tries; i.refused {
			found = append(found, finding(fmt.Sprintf("row %d of %s was refused and is in %v", r.Row, r.Core, libraries), tries...))
		}
		if len(libraries) > 1 {
			found = append(found, finding(fmt.Sprintf("row %d of %s is there %d times, in %v", r.Row, r.Core, len(libraries), libraries), tries...))
			continue
		}
		away := func(t testimony) bool { return t.Placements[r.Core] != libraries[0] }
		if i := slices.IndexFunc(homes[r.Core], away); i >= 0 {
			t := homes[r.Core][i]
			found = append(found, finding(fmt.Sprintf("row %d of %s is in %s, and its core object lives in %q, says %s", r.Row, r.Core, libraries[0], t.Placements[r.Core], t.by), tries...))
		}
	}
	for r, i := range inserts {
		if i.acknowledged != nil && in[r] == nil {
			found = append(found, finding(fmt.Sprintf("row %d of %s was acknowledged and is nowhere", r.Row, r.Core), *i.acknowledged))
		}
	}
	return found
}
