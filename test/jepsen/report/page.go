package report

import (
	"time"

	"github.com/mysqlda/mysqlda/test/jepsen/check"
	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// detailed is how many findings of each check are shown with a chart and logs. The
// others are a line each.
const detailed = 3

// listed bounds the faults of the timeline, and the tables of faults and events.
const listed = 1000

// page is what page.html shows.
type page struct {
	Run
	Good     bool
	Counts   []tally
	Mistakes []mistake
	Chart    chart
	Legend   []key
	Broken   []broken
	Healed   []injury
	More     struct{ Faults, Events int } // that are not listed
}

// broken is a check that found something.
type broken struct {
	check.Verdict
	Details []detail
	Others  []check.Finding
	Unkept  int // findings that the verdict does not hold
}

// detail is a finding with what was going on.
type detail struct {
	check.Finding
	Window  axis
	From    time.Duration
	To      time.Duration
	Timed   bool                             // it concerns operations, so that there is a window
	Omitted struct{ Operations, Faults int } // that the chart does not show
	Shown   []string                         // those that it shows, in full
	Chart   chart
	Logs    []excerpt
}

// injury is a fault as a line of a table.
type injury struct {
	history.Fault
	Open bool // it was not healed
}

func newPage(r Run) page {
	classes := colours(r.Faults)
	p := page{
		Run: r, Good: r.Passed(), Counts: tallies(r.Operations), Mistakes: mistakes(r.Operations),
		Legend: legend(classes),
	}
	first := r
	first.Faults = r.Faults[:min(len(r.Faults), listed)]
	first.Events = r.Events[:min(len(r.Events), listed)]
	p.Chart = timeline(first, classes)
	for _, f := range first.Faults {
		p.Healed = append(p.Healed, injury{f, f.To == 0})
	}
	p.More.Faults = len(r.Faults) - len(p.Healed)
	p.Events = first.Events
	p.More.Events = len(r.Events) - len(p.Events)

	var windows []axis
	for _, v := range r.Verdicts {
		if v.Passed() {
			continue
		}
		b := broken{Verdict: v, Unkept: v.Count - len(v.Findings)}
		n := min(len(v.Findings), detailed)
		for _, f := range v.Findings[:n] {
			d := detail{Finding: f}
			d.Omitted.Operations = max(len(f.Around)-drawn, 0)
			if d.Window, d.Timed = window(f); !d.Timed {
				// It shows in the end, and so do its causes, if anywhere.
				d.Window = axis{r.Injured.To, max(latest(r), r.Duration)}
				windows = append(windows, d.Window)
			} else {
				d.From, d.To = d.Window.from, d.Window.to
				d.Omitted.Faults = max(len(faultsIn(d.Window, r.Faults))-drawnFaults, 0)
				d.Chart = zoom(f, d.Window, r, classes)
				for _, o := range lastDrawn(f) {
					d.Shown = append(d.Shown, cut(o.String(), 400))
				}
				windows = append(windows, d.Window)
			}
			b.Details = append(b.Details, d)
		}
		b.Others = v.Findings[n:]
		p.Broken = append(p.Broken, b)
	}
	p.excerpts(windows)
	return p
}

// excerpts gives each finding the lines of its time. It reads each log once.
func (p *page) excerpts(windows []axis) {
	if len(windows) == 0 {
		return
	}
	each := min(linesEach, max(linesAll/(len(windows)*max(len(p.Logs), 1)), 5))
	for _, l := range p.Logs {
		lines, err := read(l, p.Began, windows)
		for i := range p.Broken {
			for j := range p.Broken[i].Details {
				d := &p.Broken[i].Details[j]
				x := excerpt{Name: l.Name}
				if err != nil {
					x.Err = err.Error()
				}
				x.Lines, x.Skipped = choose(lines, d.Window, each)
				d.Logs = append(d.Logs, x)
			}
		}
	}
}
