package main

import (
	"fmt"
	"io"
	"strings"
)

// narrator prints the tour. What it prints goes to a terminal: an error of the
// terminal ends nothing.
type narrator struct{ out io.Writer }

// chapter starts a step.
func (n narrator) chapter(title string) {
	fmt.Fprintf(n.out, "\n%s\n%s\n", title, strings.Repeat("-", len(title)))
}

// say prints one line.
func (n narrator) say(format string, args ...any) { fmt.Fprintf(n.out, format+"\n", args...) }

// command prints what the tour runs, as a reader could type it.
func (n narrator) command(format string, args ...any) { n.say("  $ "+format, args...) }

// sql prints a statement and the node that it is sent to.
func (n narrator) sql(node, statement string) { n.say("  %s> %s", node, statement) }

// table prints rows in aligned columns; the first row is the head.
func (n narrator) table(rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len(cell))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			fmt.Fprintf(&b, "  %-*s", widths[i], cell)
		}
		n.say("%s", strings.TrimRight(b.String(), " "))
	}
}
