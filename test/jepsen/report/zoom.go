package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/mysqlda/mysqlda/test/jepsen/check"
	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// Bounds of a zoomed chart.
const (
	drawn       = 40  // operations
	drawnFaults = 100 // faults
)

// window is the time of the operations that a finding concerns, with a little around
// it. It is false if it concerns none.
func window(f check.Finding) (axis, bool) {
	if len(f.Around) == 0 {
		return axis{}, false
	}
	a := axis{f.Around[0].Call, f.At}
	for _, o := range f.Around {
		a.from = min(a.from, o.Call)
		a.to = max(a.to, o.Return)
	}
	around := max((a.to-a.from)/20, 5*time.Millisecond)
	return axis{max(a.from-around, 0), a.to + around}, true
}

// zoom shows the operations of a finding below the faults of their time.
func zoom(f check.Finding, a axis, r Run, classes map[string]string) chart {
	c := chart{Width: width, Label: "The operations that the finding concerns"}
	during := faultsIn(a, r.Faults)
	during = during[:min(len(during), drawnFaults)]
	lanes := slices.DeleteFunc(lanesOf(r.Nodes, r.Servers, during, a.to), func(l *lane) bool { return len(l.rows) == 0 })
	var above chart
	y := above.draw(lanes, a, 8, named, classes) + 8
	for _, o := range lastDrawn(f) {
		who := fmt.Sprintf("client %d", o.Client)
		if o.Client < 0 {
			who = "in the end"
		}
		above.Texts = append(above.Texts, text{4, y + 20, "lane", who})
		said := fmt.Sprintf("%s at %s", describe(o), o.Node)
		from, to := a.at(o.Call), a.at(o.Return)
		if o.Outcome == history.Unknown {
			above.Bars = append(above.Bars, a.span(o.Return, a.to, y+18, 4, "open", "it may have been done at any time from its call on"))
		}
		above.Bars = append(above.Bars, a.span(o.Call, o.Return, y+16, 8, "operation "+o.Outcome.String(), cut(o.String(), 400)))
		label := text{from, y + 12, "said", cut(said, 110)}
		if from > width*0.55 {
			label = text{max(to, from+2), y + 12, "said end", cut(said, 110)}
		}
		above.Texts = append(above.Texts, label)
		y += 28
	}
	c.Height = y + 24
	c.ticks(a, 8, y+4)
	c.Bars, c.Lines, c.Texts = above.Bars, append(c.Lines, above.Lines...), append(c.Texts, above.Texts...)
	return c
}

// faultsIn are the faults of a time.
func faultsIn(a axis, faults []history.Fault) []history.Fault {
	var during []history.Fault
	for _, f := range faults {
		if f.From <= a.to && (f.To == 0 || f.To >= a.from) {
			during = append(during, f)
		}
	}
	return during
}

// lastDrawn are the operations of a finding that its chart shows, in the order in
// which they were called.
func lastDrawn(f check.Finding) []history.Operation {
	around := slices.SortedStableFunc(slices.Values(f.Around), func(a, b history.Operation) int { return cmp.Compare(a.Call, b.Call) })
	return around[max(len(around)-drawn, 0):]
}

// describe tells what was asked and answered, without times.
func describe(o history.Operation) string {
	asked := o.Core
	answer := o.Outcome.String()
	switch o.Kind {
	case history.Bind:
		asked = fmt.Sprintf("%s %s to %s", o.Class, o.Object, o.Core)
	case history.Find:
		asked = fmt.Sprintf("%s %s", o.Class, o.Object)
		if o.Outcome == history.Done {
			answer = "bound to " + o.Core
		}
	case history.Insert:
		asked = fmt.Sprintf("row %d of %s", o.Row, o.Core)
	case history.Read:
		asked = "rows of " + o.Core
		if o.Outcome == history.Done {
			answer = fmt.Sprintf("%d rows %v", len(o.Rows), o.Rows)
		}
	case history.Close:
		asked = o.Library
	case history.Remove:
		asked = o.Node
	case history.Assign, history.Locate:
		switch {
		case o.Library != "":
			answer += " in " + o.Library
		case o.Kind == history.Locate && o.Outcome == history.Done:
			answer = "nowhere"
		}
	}
	if o.Number != 0 {
		answer = fmt.Sprintf("%s (%d)", answer, o.Number)
	}
	return fmt.Sprintf("%s %s: %s", o.Kind, asked, answer)
}
