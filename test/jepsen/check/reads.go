package check

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// readsComplete looks for reads that missed what was acknowledged before they were
// sent, or saw what was refused, nobody had sent yet, or was in them twice.
func readsComplete(e Evidence) []Finding {
	inserts := insertsByCore(e.Operations)
	var found []Finding
	for _, read := range e.Operations {
		if read.Kind != history.Read || read.Outcome != history.Done {
			continue
		}
		seen := make(map[int64]int)
		for _, row := range read.Rows {
			seen[row]++
		}
		report := func(row int64, what string, around ...history.Operation) {
			found = append(found, Finding{fmt.Sprintf("row %d of %s %s", row, read.Core, what), append(around, read)})
		}
		for _, o := range inserts[read.Core] {
			times := seen[o.Row]
			delete(seen, o.Row)
			switch {
			case times == 0 && o.Outcome == history.Done && o.Return < read.Call:
				report(o.Row, "was acknowledged, and a later read did not see it", o)
			case times > 1:
				report(o.Row, fmt.Sprintf("was read %d times at once", times), o)
			case times > 0 && o.Outcome == history.Refused:
				report(o.Row, "was refused, and a read saw it", o)
			case times > 0 && o.Call > read.Return:
				report(o.Row, "was read before it was sent", o)
			}
		}
		for row := range seen {
			report(row, "was read, and nobody has written it")
		}
	}
	return found
}

// transactionsWhole looks for transactions of which some rows are there, in a read or
// in the end, and others are not.
func transactionsWhole(e Evidence) []Finding {
	groups := make(map[int64][]history.Operation)
	for _, o := range e.Operations {
		if o.Kind == history.Insert && o.Group != 0 {
			groups[o.Group] = append(groups[o.Group], o)
		}
	}
	reads := make(map[string][]history.Operation)
	for _, o := range e.Operations {
		if o.Kind == history.Read && o.Outcome == history.Done {
			reads[o.Core] = append(reads[o.Core], o)
		}
	}
	inTheEnd := make(map[Row]bool)
	for _, rows := range e.Rows {
		for _, r := range rows {
			inTheEnd[r] = true
		}
	}
	var found []Finding
	for _, group := range groups {
		core := group[0].Core
		halved := func(isThere func(history.Operation) bool) bool {
			first := isThere(group[0])
			return slices.ContainsFunc(group, func(o history.Operation) bool { return isThere(o) != first })
		}
		if halved(func(o history.Operation) bool { return inTheEnd[Row{core, o.Row}] }) {
			found = append(found, Finding{"of a transaction of " + core + " some rows are there in the end and others are not", group})
		}
		for _, read := range reads[core] {
			if halved(func(o history.Operation) bool { return slices.Contains(read.Rows, o.Row) }) {
				found = append(found, Finding{"of a transaction of " + core + " a read saw some rows and others not", append(slices.Clone(group), read)})
			}
		}
	}
	slices.SortFunc(found, func(a, b Finding) int { return cmp.Compare(a.Around[0].Call, b.Around[0].Call) })
	return found
}

func insertsByCore(operations []history.Operation) map[string][]history.Operation {
	inserts := make(map[string][]history.Operation)
	for _, o := range operations {
		if o.Kind == history.Insert {
			inserts[o.Core] = append(inserts[o.Core], o)
		}
	}
	return inserts
}
