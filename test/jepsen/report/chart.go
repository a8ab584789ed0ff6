package report

import (
	"math"
	"time"
)

// chart is a drawing; chart.html turns it into SVG and escapes its texts.
type chart struct {
	Width, Height float64
	Label         string // for those who do not see it
	Bars          []bar
	Lines         []line
	Paths         []path
	Texts         []text
}

type bar struct {
	X, Y, W, H   float64
	Class, Title string
}

type line struct {
	X1, Y1, X2, Y2 float64
	Class          string
}

// path is a set of dots or strokes of one class.
type path struct{ Class, D string }

type text struct {
	X, Y        float64
	Class, Text string
}

// Widths of a chart, and of what is left and right of its times.
const (
	width  = 1200.0
	gutter = 96.0
	margin = 16.0
)

// axis places times between the gutter and the margin.
type axis struct{ from, to time.Duration }

func (a axis) at(t time.Duration) float64 {
	t = min(max(t, a.from), a.to)
	return round(gutter + float64(t-a.from)/float64(max(a.to-a.from, 1))*(width-gutter-margin))
}

// span is the bar of a time, wide enough to be seen.
func (a axis) span(from, to time.Duration, y, h float64, class, title string) bar {
	x := a.at(from)
	w := max(a.at(to)-x, 2)
	return bar{X: min(x, width-margin-2), Y: y, W: round(w), H: h, Class: class, Title: title}
}

// ticks draws the axis from y to bottom, with at most a dozen times.
func (c *chart) ticks(a axis, y, bottom float64) {
	step := tickStep(a.to - a.from)
	for t := (a.from + step - 1) / step * step; t <= a.to; t += step {
		x := a.at(t)
		c.Lines = append(c.Lines, line{x, y, x, bottom, "grid"})
		c.Texts = append(c.Texts, text{x, bottom + 14, "tick middle", t.String()})
	}
}

// tickStep is the smallest round step that makes at most twelve ticks of a span.
func tickStep(span time.Duration) time.Duration {
	for unit := time.Microsecond; ; unit *= 10 {
		for _, n := range []time.Duration{1, 2, 5} {
			if span/(n*unit) <= 12 {
				return n * unit
			}
		}
	}
}

// round keeps numbers short: a tenth of a pixel is enough.
func round(x float64) float64 { return math.Round(x*10) / 10 }
