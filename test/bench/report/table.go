package report

import (
	"strings"
	"unicode/utf8"
)

// Table is a Markdown table whose columns are padded, so that it can be read in
// a terminal too. Make one with NewTable.
type Table struct {
	rows   [][]string // the header first
	widths []int
}

// NewTable returns a table of that header without rows.
func NewTable(header ...string) *Table {
	t := &Table{widths: make([]int, len(header))}
	t.Add(header...)
	return t
}

// Add adds a row with as many cells as the header has.
func (t *Table) Add(cells ...string) {
	for i, cell := range cells {
		t.widths[i] = max(t.widths[i], utf8.RuneCountInString(cell), len("---"))
	}
	t.rows = append(t.rows, cells)
}

// String returns the table, which ends with a line end.
func (t *Table) String() string {
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

func (t *Table) write(b *strings.Builder, row []string) {
	for i, cell := range row {
		b.WriteString("| " + cell + strings.Repeat(" ", t.widths[i]-utf8.RuneCountInString(cell)) + " ")
	}
	b.WriteString("|\n")
}
