package top

import (
	"strings"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/terminal"
)

// column is one column of a table.
type column struct {
	title string
	width int  // columns of the terminal, at least those of the title
	text  bool // stands on the left, the others on the right
	// keep says how long it stays when there is not room for all: the smallest goes
	// first. The first column of a table always stays.
	keep int
}

// row is one line of a table: its cells, or a text over all of it.
type row struct {
	cells []string
	text  string
}

// widest bounds the first column: what is left of a wide terminal stays free.
const widest = 40

// layOut makes lines of a table, the titles first, of exactly that width; columns
// without room are left out. The first column gets what the others leave.
func layOut(columns []column, rows []row, width int) []string {
	shown := fitting(columns, width)
	rest := width
	for _, i := range shown[1:] {
		rest -= 1 + columns[i].width
	}
	first := max(1, min(rest, max(columns[0].width, widest)))
	line := func(cell func(i int) string) string {
		var b strings.Builder
		for n, i := range shown {
			size := columns[i].width
			if n == 0 {
				size = first
			} else {
				b.WriteByte(' ')
			}
			if columns[i].text {
				b.WriteString(terminal.Left(cell(i), size))
			} else {
				b.WriteString(terminal.Right(cell(i), size))
			}
		}
		return terminal.Clip(b.String(), width)
	}
	lines := []string{line(func(i int) string { return columns[i].title })}
	for _, r := range rows {
		if r.text != "" {
			lines = append(lines, terminal.Clip(terminal.Plain(r.text), width))
			continue
		}
		lines = append(lines, line(func(i int) string { return terminal.Plain(r.cells[i]) }))
	}
	return lines
}

// fitting chooses the columns for which there is room.
func fitting(columns []column, width int) []int {
	shown := make([]int, len(columns))
	used := -1
	for i, c := range columns {
		shown[i] = i
		used += 1 + c.width
	}
	for used > width && len(shown) > 1 {
		least := 1
		for n := range shown[1:] {
			if columns[shown[n+1]].keep < columns[shown[least]].keep {
				least = n + 1
			}
		}
		used -= 1 + columns[shown[least]].width
		shown = append(shown[:least], shown[least+1:]...)
	}
	return shown
}
