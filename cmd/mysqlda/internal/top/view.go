package top

import (
	"fmt"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/terminal"
)

// Lines shows a frame in so many columns: what concerns the whole cluster, the titles of
// a table, and its rows. titles is the number of the line with the titles.
func (f *Frame) Lines(view View, width int) (lines []string, titles int) {
	for _, line := range f.summary() {
		lines = append(lines, terminal.Clip(terminal.Plain(line), width))
	}
	lines = append(lines, "")
	titles = len(lines)
	switch view {
	case Libraries:
		return append(lines, layOut(libraryColumns, f.libraryRows(), width)...), titles
	case Nodes:
		return append(lines, layOut(nodeColumns, f.nodeRows(), width)...), titles
	default:
		return append(lines, layOut(sessionColumns, f.sessionRows(), width)...), titles
	}
}

func (f *Frame) summary() []string {
	leader := f.Leader
	if leader == "" {
		leader = "none"
	}
	first := fmt.Sprintf("%s  nodes %d, leader %s, placements %d, over %.1f s", f.At.Format(time.TimeOnly), len(f.Nodes), leader, f.Placements, f.Seconds)
	c, t := f.Sessions, f.Total
	lines := []string{
		first,
		fmt.Sprintf("sessions %d: running %d, in transaction %d, idle %d, parked %d, waiting %d", c.Open, c.Running, c.InTransaction, c.Idle, c.Parked, c.Waiting),
		fmt.Sprintf("statements %s/s, reads %s/s, errors %s/s, in %s/s, out %s/s", rate(t.Statements), rate(t.Reads), rate(t.Errors), size(t.BytesIn), size(t.BytesOut)),
	}
	for _, n := range f.Nodes {
		if n.Error != "" {
			lines = append(lines, fmt.Sprintf("node %s does not answer: %s", n.ID, n.Error))
		}
	}
	return lines
}

// What is common to libraries and nodes.
var rateColumns = []column{
	{title: "SESS", width: 6, keep: 8},
	{title: "STMT/S", width: 7, keep: 10},
	{title: "ERR/S", width: 6, keep: 9},
	{title: "P50", width: 6, keep: 4},
	{title: "P95", width: 6, keep: 3},
	{title: "P99", width: 6, keep: 7},
	{title: "BYTES/S", width: 7, keep: 6},
	{title: "WAIT/S", width: 6, keep: 5},
}

func (r *Rates) cells() []string {
	return []string{
		fmt.Sprint(r.Sessions), rate(r.Statements), rate(r.Errors),
		latency(r.P50), latency(r.P95), latency(r.P99), size(r.BytesIn + r.BytesOut), rate(r.Waits),
	}
}

var libraryColumns = append(append([]column{{title: "LIBRARY", width: 16, text: true}}, rateColumns...),
	column{title: "POOL", width: 5, keep: 2})

func (f *Frame) libraryRows() []row {
	rows := make([]row, 0, len(f.Libraries))
	for _, l := range f.Libraries {
		name := l.Name
		if name == "" {
			name = "(none yet)"
		}
		rows = append(rows, row{cells: append(append([]string{name}, l.cells()...), fmt.Sprint(l.Pool.InUse))})
	}
	return rows
}

var nodeColumns = append(append([]column{{title: "NODE", width: 9, text: true}}, rateColumns...),
	column{title: "HIT/S", width: 6, keep: 1}, column{title: "UP", width: 4, keep: 2})

func (f *Frame) nodeRows() []row {
	rows := make([]row, 0, len(f.Nodes))
	for _, n := range f.Nodes {
		name := n.ID
		if n.Leader {
			name += " *"
		}
		if n.Error != "" {
			rows = append(rows, row{text: fmt.Sprintf("%s does not answer: %s", name, n.Error)})
			continue
		}
		rows = append(rows, row{cells: append(append([]string{name}, n.cells()...), rate(n.Hits), age(n.UptimeSeconds))})
	}
	return rows
}

var sessionColumns = []column{
	{title: "CLIENT", width: 15, text: true},
	{title: "USER", width: 8, text: true, keep: 5},
	{title: "NODE", width: 4, text: true, keep: 3},
	{title: "ID", width: 10, keep: 4},
	{title: "LIBRARY", width: 10, text: true, keep: 8},
	{title: "CORE", width: 11, text: true, keep: 7},
	{title: "STATE", width: 7, text: true, keep: 9},
	{title: "CMD/S", width: 5, keep: 10},
	{title: "AGE", width: 4, keep: 6},
}

func (f *Frame) sessionRows() []row {
	rows := make([]row, 0, len(f.List))
	for _, s := range f.List {
		state := s.State
		if s.InTransaction {
			state = "in txn"
		}
		rows = append(rows, row{cells: []string{
			s.Client, s.User, s.Node, fmt.Sprint(s.ID), s.Library, s.Core, state, rate(s.CommandRate), age(float64(s.Seconds)),
		}})
	}
	return rows
}

// rate writes a number of things in a second in at most six characters.
func rate(n float64) string {
	switch {
	case n == 0:
		return "0"
	case n < 9.95:
		return fmt.Sprintf("%.1f", n)
	default:
		return scaled(n, 1000, "", "k", "M", "G")
	}
}

// size writes a number of bytes in at most five characters.
func size(n float64) string { return scaled(n, 1024, "B", "K", "M", "G", "T") }

// scaled writes a number in the largest unit of which there is one.
func scaled(n, step float64, units ...string) string {
	i := 0
	for n >= step-0.5 && i < len(units)-1 {
		n, i = n/step, i+1
	}
	if i > 0 && n < 9.95 {
		return fmt.Sprintf("%.1f%s", n, units[i])
	}
	return fmt.Sprintf("%.0f%s", n, units[i])
}

// latency writes a time in at most six characters, "-" where there is none.
func latency(seconds *float64) string {
	if seconds == nil {
		return "-"
	}
	switch s := *seconds; {
	case s < 0.00995:
		return fmt.Sprintf("%.2fms", s*1000)
	case s < 0.9995:
		return fmt.Sprintf("%.0fms", s*1000)
	default:
		return fmt.Sprintf("%.1fs", s)
	}
}

// age writes a time in at most four characters.
func age(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 100*time.Hour:
		return fmt.Sprintf("%dh", d/time.Hour)
	default:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	}
}

// keys are what can be typed, as the last line of the screen says.
func keys(view View, by Order) string {
	return strings.Join([]string{"q quit", "l view: " + string(view), "s sort: " + string(by)}, "   ")
}
