package check

import (
	"cmp"
	"slices"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// transactionsWhole looks for transactions of which some rows are there, in a read or
// in the end, and others are not.
func transactionsWhole(e Evidence) []Finding {
	groups := make(map[int64][]history.Operation)
	for _, o := range e.Operations {
		if o.Kind == history.Insert && o.Group != 0 {
			groups[o.Group] = append(groups[o.Group], o)
		}
	}
	reads := readsOf(e.Operations)
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
			found = append(found, finding("of a transaction of "+core+" some rows are there in the end and others are not", group...))
		}
		for _, read := range reads[core] {
			if halved(func(o history.Operation) bool { return slices.Contains(read.Rows, o.Row) }) {
				found = append(found, finding("of a transaction of "+core+" a read saw some rows and others not", append(slices.Clone(group), read)...))
			}
		}
	}
	slices.SortFunc(found, func(a, b Finding) int { return cmp.Compare(a.Around[0].Call, b.Around[0].Call) })
	return found
}
