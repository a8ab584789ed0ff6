package main

import (
	"strings"
	"unicode/utf8"
)

// table is a Markdown table whose columns are padded, so that it can be read in
// a terminal too.
type table struct {
	rows   [][]string // the header first
	widths []int
}

func newTable(header ...string) *table {
	t := &table{widths: make([]int, len(header))}
	t.add(header...)
	return t
}

// add adds a row with as many cells as the header has.
func (t *table) add(cells ...string) {
	for i, cell := range cells {
		t.widths[i] = max(t.widths[i], utf8.RuneCountInString(cell), len("---"))
	}
	t.rows = append(t.rows, cells)
}

func (t *table) String() string {
	var b strings.Builder
	for i, row := range t.rows {
		t.write(&b, row)
		if i == 0 {
			rule := make([]string, len(row))
			for column, width := range t.widths {
				rule[column] = strings.Repeat("-", width)
			}
			t.write(&b, rule)
		}
	}
	return b.String()
}

func (t *table) write(b *strings.Builder, row []string) {
	for i, cell := range row {
		b.WriteString("| " + cell + strings.Repeat(" ", t.widths[i]-utf8.RuneCountInString(cell)) + " ")
	}
	b.WriteString("|\n")
}
