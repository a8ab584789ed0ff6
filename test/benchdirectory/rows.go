package main

import "github.com/mysqlda/mysqlda/test/bench/report"

// row is one line of a topic: a figure at each size.
type row struct {
	label string
	cell  func(*found) string
}

// topic is one table of the report.
type topic struct {
	title string
	rows  []row
}

// cell shows a figure of what was measured, or "-".
func cell[P any](label string, of func(*found) *P, show func(*P) string) row {
	return row{label, func(f *found) string {
		if p := of(f); p != nil {
			return show(p)
		}
		return "-"
	}}
}

// table has a column for each size; a topic of which nothing was measured has none.
func (t topic) table(all []*found) (table *report.Table, ok bool) {
	header := []string{"core objects"}
	for _, f := range all {
		header = append(header, millions(f.size))
	}
	table = report.NewTable(header...)
	for _, r := range t.rows {
		cells := []string{r.label}
		for _, f := range all {
			text := r.cell(f)
			ok = ok || text != "-"
			cells = append(cells, text)
		}
		table.Add(cells...)
	}
	return table, ok
}
