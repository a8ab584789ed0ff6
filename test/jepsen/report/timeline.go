package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// Heights of the timeline's parts.
const (
	scatterHeight    = 240.0
	throughputHeight = 110.0
)

// latest is when the last thing of a run was recorded.
func latest(r Run) time.Duration {
	end := max(r.Injured.To, time.Second)
	for _, o := range r.Operations {
		end = max(end, o.Return)
	}
	for _, f := range r.Faults {
		end = max(end, f.From, f.To)
	}
	for _, e := range r.Events {
		end = max(end, e.At)
	}
	return end
}

// timeline shows faults, latencies and throughput above each other on one axis.
func timeline(r Run, classes map[string]string) chart {
	a := axis{0, latest(r)}
	c := chart{Width: width, Label: "Faults, latencies and throughput over time"}
	top := 22.0
	var below chart
	y := below.draw(lanesOf(r.Nodes, r.Servers, r.Faults, a.to), a, top, slim, classes)
	y = below.mark(r.Events, a, y)
	y = below.scatter(r.Operations, a, y+30)
	y = below.throughput(r.Operations, a, y+34)
	c.Height = y + 22
	if r.Injured.To > r.Injured.From {
		c.Bars = append(c.Bars, a.span(r.Injured.From, r.Injured.To, top, y-top, "injured", fmt.Sprintf("injured from %s to %s", seconds(r.Injured.From), seconds(r.Injured.To))))
		c.Texts = append(c.Texts, text{a.at(r.Injured.From) + 4, top - 7, "caption", "the nemeses are at work"})
	}
	c.ticks(a, top, y)
	c.Bars = append(c.Bars, below.Bars...)
	c.Lines = append(c.Lines, below.Lines...)
	c.Paths = below.Paths
	c.Texts = append(c.Texts, below.Texts...)
	for _, v := range r.Verdicts {
		for _, f := range v.Findings {
			if f.At > 0 {
				c.Bars = append(c.Bars, bar{X: a.at(f.At) - 1, Y: top, W: 2, H: round(y - top), Class: "broken", Title: seconds(f.At) + " " + v.Check + ": " + f.Text})
			}
		}
	}
	return c
}

// scatter is a dot for each operation: when it was asked, and how long it took, on a
// logarithmic scale. Dots that would hide each other are one, so that the page stays
// small however many operations there are.
func (c *chart) scatter(operations []history.Operation, a axis, y float64) float64 {
	const least, decades = -4.0, 6.0 // 0.1 ms, up to 100 s
	height := func(d time.Duration) float64 {
		l := (math.Log10(max(d.Seconds(), 1e-9)) - least) / decades
		return round(y + scatterHeight*(1-min(max(l, 0), 1)))
	}
	c.Texts = append(c.Texts, text{4, y - 12, "caption", "how long operations took, by when they began"})
	for d, i := 100*time.Microsecond, 0; i <= int(decades); d, i = d*10, i+1 {
		c.Lines = append(c.Lines, line{gutter, height(d), width - margin, height(d), "grid"})
		c.Texts = append(c.Texts, text{gutter - 6, height(d) + 4, "tick end", d.String()})
	}
	// What went wrong is drawn last, above the rest.
	for _, outcome := range []history.Outcome{history.Done, history.Refused, history.Unknown} {
		var d strings.Builder
		drawn := make(map[[2]int]bool)
		for _, o := range operations {
			if o.Outcome != outcome {
				continue
			}
			at := [2]int{int(a.at(o.Call) / 2), int(height(o.Return-o.Call) / 2)}
			if !drawn[at] {
				drawn[at] = true
				fmt.Fprintf(&d, "M%d %dh0", 2*at[0]+1, 2*at[1]+1)
			}
		}
		if d.Len() > 0 {
			c.Paths = append(c.Paths, path{"dots " + outcome.String(), d.String()})
		}
	}
	return y + scatterHeight
}

// throughput is how many operations a second ended in each way.
func (c *chart) throughput(operations []history.Operation, a axis, y float64) float64 {
	bin := max(time.Second, (a.to / 300).Round(time.Second))
	bins := make([][3]int, a.to/bin+1)
	most := 1
	for _, o := range operations {
		b := &bins[min(max(o.Return, 0), a.to)/bin]
		b[min(o.Outcome, history.Refused)]++
		most = max(most, b[0]+b[1]+b[2])
	}
	scale := throughputHeight / float64(most)
	rate := func(n int) string { return fmt.Sprintf("%.3g", float64(n)/bin.Seconds()) }
	c.Texts = append(c.Texts,
		text{4, y - 8, "caption", "operations a second, by when they ended"},
		text{gutter - 6, y + 8, "tick end", rate(most)},
		text{gutter - 6, y + throughputHeight, "tick end", "0"})
	c.Lines = append(c.Lines, line{gutter, y, width - margin, y, "grid"}, line{gutter, y + throughputHeight, width - margin, y + throughputHeight, "grid"})
	for i, b := range bins {
		from := time.Duration(i) * bin
		bottom := y + throughputHeight
		for _, outcome := range []history.Outcome{history.Done, history.Refused, history.Unknown} {
			if n := b[outcome]; n > 0 {
				h := max(round(float64(n)*scale), 1)
				bottom -= h
				s := a.span(from, from+bin, round(bottom), h, "rate "+outcome.String(), fmt.Sprintf("%s: %s %s a second", from, rate(n), outcome))
				s.W = max(round(s.W-1), 1)
				c.Bars = append(c.Bars, s)
			}
		}
	}
	return y + throughputHeight
}
