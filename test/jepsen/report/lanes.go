package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// links is the lane of faults that hit no single node or server.
const links = "links"

// palette is how many colours style.css has for faults.
const palette = 8

// colours gives each kind of fault a class, the same in all charts of a page.
func colours(faults []history.Fault) map[string]string {
	var kinds []string
	for _, f := range faults {
		kinds = append(kinds, f.Kind)
	}
	slices.Sort(kinds)
	classes := make(map[string]string)
	for i, kind := range slices.Compact(kinds) {
		classes[kind] = fmt.Sprintf("f%d", i%palette)
	}
	return classes
}

// key is one line of the legend.
type key struct{ Class, Name string }

// legend says what the colours of the faults mean.
func legend(classes map[string]string) []key {
	var all []key
	for _, kind := range slices.Sorted(maps.Keys(classes)) {
		all = append(all, key{classes[kind], kind})
	}
	return all
}

// lane is a row of faults of one target. Those at the same time are below each other.
type lane struct {
	name string
	rows [][]history.Fault
}

// sideBySide bounds the rows of a lane; further faults at the same time overlap.
const sideBySide = 6

func (l *lane) add(f history.Fault, end time.Duration) {
	for i, row := range l.rows {
		if last := row[len(row)-1]; healed(last, end) <= f.From || i == sideBySide-1 {
			l.rows[i] = append(row, f)
			return
		}
	}
	l.rows = append(l.rows, []history.Fault{f})
}

// healed is when a fault was over, or the end if it never was.
func healed(f history.Fault, end time.Duration) time.Duration {
	if f.To == 0 {
		return end
	}
	return f.To
}

// lanesOf sorts faults into a lane for each node and server, and one for links.
func lanesOf(nodes, servers []string, faults []history.Fault, end time.Duration) []*lane {
	var lanes []*lane
	known := make(map[string]*lane)
	for _, name := range slices.Concat(nodes, servers, []string{links}) {
		if known[name] == nil {
			known[name] = &lane{name: name}
			lanes = append(lanes, known[name])
		}
	}
	sorted := slices.SortedStableFunc(slices.Values(faults), func(a, b history.Fault) int { return cmp.Compare(a.From, b.From) })
	for _, f := range sorted {
		targets := strings.FieldsFunc(f.Target, func(r rune) bool { return r == ',' || r == ' ' })
		if len(targets) == 0 || slices.ContainsFunc(targets, func(t string) bool { return known[t] == nil }) {
			targets = []string{links}
		}
		slices.Sort(targets)
		for _, t := range slices.Compact(targets) {
			known[t].add(f, end)
		}
	}
	return lanes
}

// Heights of a fault's bar, and with its name in it.
const (
	slim  = 10.0
	named = 15.0
)

// draw adds lanes from y on, with bars of a height, and returns where they end.
func (c *chart) draw(lanes []*lane, a axis, y, height float64, classes map[string]string) float64 {
	for _, l := range lanes {
		rows := max(len(l.rows), 1)
		whole := float64(rows)*(height+3) + 7
		c.Lines = append(c.Lines, line{0, y, width - margin, y, "grid"})
		c.Texts = append(c.Texts, text{4, y + whole/2 + 4, "lane", cut(l.name, 14)})
		for i, row := range l.rows {
			for _, f := range row {
				until := "until " + seconds(f.To)
				if f.To == 0 {
					until = "and not healed"
				}
				title := fmt.Sprintf("%s: %s %s, from %s %s", f.Nemesis, f.Kind, f.Target, seconds(f.From), until)
				b := a.span(f.From, healed(f, a.to), y+4+float64(i)*(height+3), height, "fault "+classes[f.Kind], title)
				c.Bars = append(c.Bars, b)
				if name := within(f, b.W); height == named && name != "" {
					c.Texts = append(c.Texts, text{b.X + 5, b.Y + 11.5, "within", name})
				}
			}
		}
		y += whole
	}
	c.Lines = append(c.Lines, line{0, y, width - margin, y, "grid"})
	return y
}

// within is what a bar of a width has room for.
func within(f history.Fault, width float64) string {
	for _, name := range []string{f.Nemesis + ": " + f.Kind + " " + f.Target, f.Nemesis, f.Kind} {
		if width > 7*float64(len(name)) {
			return name
		}
	}
	return ""
}

// mark adds a lane of what operators did.
func (c *chart) mark(events []history.Event, a axis, y float64) float64 {
	c.Texts = append(c.Texts, text{4, y + 14, "lane", "events"})
	for _, e := range events {
		c.Bars = append(c.Bars, a.span(e.At, e.At, y+4, slim, "event", seconds(e.At)+": "+e.Text))
	}
	y += slim + 10
	c.Lines = append(c.Lines, line{0, y, width - margin, y, "grid"})
	return y
}

// cut shortens a text to so many runes.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
