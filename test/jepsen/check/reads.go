package check

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// readsSeeRows holds each read against the inserts of its core object, and against
// the reads that had ended before it began.
func readsSeeRows(e Evidence) []Finding {
	inserts := make(map[string]map[int64]*insertion)
	for r, i := range insertions(e.Operations) {
		if inserts[r.Core] == nil {
			inserts[r.Core] = make(map[int64]*insertion)
		}
		inserts[r.Core][r.Row] = i
	}
	var found []Finding
	for core, all := range readsOf(e.Operations) {
		for _, o := range all {
			found = append(found, unwritten(o, inserts[core])...)
		}
		found = append(found, missed(all, inserts[core])...)
	}
	return found
}

// readsOf are the answered reads of each core object.
func readsOf(operations []history.Operation) map[string][]history.Operation {
	reads := make(map[string][]history.Operation)
	for _, o := range operations {
		if o.Kind == history.Read && o.Outcome == history.Done {
			reads[o.Core] = append(reads[o.Core], o)
		}
	}
	return reads
}

// unwritten are rows of a read that it cannot have seen, or not twice.
func unwritten(o history.Operation, inserts map[int64]*insertion) []Finding {
	var found []Finding
	times := make(map[int64]int)
	for _, row := range o.Rows {
		if times[row]++; times[row] == 2 {
			found = append(found, finding(fmt.Sprintf("a read of %s has row %d more than once", o.Core, row), o))
		}
		if times[row] > 1 {
			continue
		}
		i := inserts[row]
		switch {
		case i == nil:
			found = append(found, finding(fmt.Sprintf("a read of %s has row %d, which nobody inserted", o.Core, row), o))
		case i.refused:
			found = append(found, finding(fmt.Sprintf("a read of %s has row %d, which was refused", o.Core, row), append(slices.Clone(i.tries), o)...))
		case !slices.ContainsFunc(i.tries, func(try history.Operation) bool {
			return try.Call < o.Return && try.Outcome != history.Refused
		}):
			found = append(found, finding(fmt.Sprintf("a read of %s had row %d before anybody inserted it", o.Core, row), append(slices.Clone(i.tries), o)...))
		}
	}
	return found
}

// missed are reads of one core object that lack rows which were certain when they
// began: acknowledged, or seen. A read is one finding, which shows one of the rows.
func missed(reads []history.Operation, inserts map[int64]*insertion) []Finding {
	// certain is a row with the operation that made it so, and when.
	type certain struct {
		row   int64
		since time.Duration
		by    history.Operation
	}
	var rows []certain
	for row, i := range inserts {
		if i.acknowledged != nil {
			rows = append(rows, certain{row, i.acknowledged.Return, *i.acknowledged})
		}
	}
	byEnd := slices.SortedStableFunc(slices.Values(reads), func(a, b history.Operation) int { return cmp.Compare(a.Return, b.Return) })
	known := make(map[int64]bool)
	for _, o := range byEnd {
		for _, row := range o.Rows {
			if !known[row] {
				known[row] = true
				rows = append(rows, certain{row, o.Return, o})
			}
		}
	}
	slices.SortFunc(rows, func(a, b certain) int { return cmp.Or(cmp.Compare(a.since, b.since), cmp.Compare(a.row, b.row)) })

	var found []Finding
	for _, o := range reads {
		has := make(map[int64]bool, len(o.Rows))
		for _, row := range o.Rows {
			has[row] = true
		}
		lacks := make(map[int64]bool)
		var first certain
		for _, c := range rows {
			if c.since >= o.Call {
				break
			}
			if !has[c.row] {
				if len(lacks) == 0 {
					first = c
				}
				lacks[c.row] = true
			}
		}
		if len(lacks) > 0 {
			found = append(found, finding(fmt.Sprintf("a read of %s lacks %d rows that were acknowledged or seen before it began, row %d among them", o.Core, len(lacks), first.row), first.by, o))
		}
	}
	return found
}
