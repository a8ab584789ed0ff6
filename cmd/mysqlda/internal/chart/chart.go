// Package chart draws line charts side by side as one SVG document.
package chart

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// Chart is panels side by side that share their scales and their legend.
type Chart struct {
	Title  string
	XLabel string
	YLabel string
	Panels []Panel
}

// Panel is one set of axes with lines.
type Panel struct {
	Title string
	Lines []Line
}

// Line is a series of points. The lines of one place in all panels have one
// colour and, by the first panel's name, one place in the legend.
type Line struct {
	Name   string
	Strong bool // drawn thicker, and above the others
	Points []Point
}

// Point is in the units of the axes; neither may be below 0.
type Point struct{ X, Y float64 }

// Sizes, in the document's units.
const (
	panelWidth   = 420
	panelHeight  = 300
	marginLeft   = 70
	marginTop    = 78
	panelGap     = 80
	axisHeight   = 52 // below a panel: its numbers and its label
	legendLine   = 20
	legendColumn = 230
	marginRight  = 30
	mostRunes    = 30 // of a name in the legend
	// mostColours is the number of lines that have a colour of their own; the
	// others are grey and share one place in the legend.
	mostColours = 10
)

// colours can be told apart by people who see few of them, as far as ten can
// (Okabe and Ito's, and three more).
var colours = [mostColours]string{
	"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00",
	"#56b4e9", "#7f3c8d", "#8c6d31", "#000000", "#a5aa00",
}

const grey = "#b0b0b0"

// Write writes the chart as an SVG document.
func Write(w io.Writer, c Chart) error {
	d := &drawing{chart: c}
	d.scale()
	d.draw()
	_, err := d.svg.WriteTo(w)
	return err
}

// drawing is a document that is being written.
type drawing struct {
	chart      Chart
	svg        bytes.Buffer
	maxX, maxY float64
	xs, ys     []float64 // ticks
}

func (d *drawing) scale() {
	for _, p := range d.chart.Panels {
		for _, l := range p.Lines {
			for _, at := range l.Points {
				d.maxX, d.maxY = max(d.maxX, at.X), max(d.maxY, at.Y)
			}
		}
	}
	d.xs, d.ys = ticks(d.maxX, 5), ticks(d.maxY, 6)
	d.maxX, d.maxY = max(d.maxX, d.xs[len(d.xs)-1]), max(d.maxY, d.ys[len(d.ys)-1])
}

func (d *drawing) draw() {
	entries := d.legend()
	width := marginLeft + len(d.chart.Panels)*(panelWidth+panelGap) - panelGap + marginRight
	columns := max(1, (width-marginLeft)/legendColumn)
	rows := (len(entries) + columns - 1) / columns
	below := marginTop + panelHeight + axisHeight
	height := below + (rows+1)*legendLine
	d.printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12" fill="#222">`+"\n",
		width, height, width, height)
	d.printf(`<title>%s</title>`+"\n", escape(d.chart.Title))
	d.printf(`<rect width="%d" height="%d" fill="#fff"/>`+"\n", width, height)
	d.printf(`<text x="%d" y="28" font-size="16" font-weight="bold">%s</text>`+"\n", marginLeft, escape(d.chart.Title))
	for i, p := range d.chart.Panels {
		d.printf(`<g transform="translate(%d,%d)">`+"\n", marginLeft+i*(panelWidth+panelGap), marginTop)
		d.axes(p.Title)
		d.lines(p.Lines)
		d.printf("</g>\n")
	}
	for i, e := range entries {
		x, y := marginLeft+i%columns*legendColumn, below+i/columns*legendLine
		d.printf(`<path d="M%d %dh22" stroke="%s" stroke-width="%s"/>`+"\n", x, y+legendLine/2, e.colour, e.width)
		d.printf(`<text x="%d" y="%d" dy="0.35em">%s</text>`+"\n", x+28, y+legendLine/2, escape(shortened(e.name)))
	}
	d.printf("</svg>\n")
}

// axes draws a panel's frame with numbers, grid and labels.
func (d *drawing) axes(title string) {
	d.printf(`<text y="-14" font-size="14" font-weight="bold">%s</text>`+"\n", escape(title))
	for _, y := range d.ys {
		at := panelHeight - y/d.maxY*panelHeight
		d.printf(`<path d="M0 %.1fh%d" stroke="#e4e4e4"/>`, at, panelWidth)
		d.printf(`<text x="-8" y="%.1f" dy="0.35em" text-anchor="end">%s</text>`+"\n", at, short(y))
	}
	for _, x := range d.xs {
		at := x / d.maxX * panelWidth
		d.printf(`<path d="M%.1f %dv5" stroke="#555"/>`, at, panelHeight)
		d.printf(`<text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", at, panelHeight+19, short(x))
	}
	d.printf(`<path d="M0 0v%dh%d" fill="none" stroke="#555"/>`+"\n", panelHeight, panelWidth)
	d.printf(`<text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n", panelWidth/2, panelHeight+38, escape(d.chart.XLabel))
	d.printf(`<text transform="translate(-54,%d) rotate(-90)" text-anchor="middle">%s</text>`+"\n", panelHeight/2, escape(d.chart.YLabel))
}

// lines draws the strong ones last.
func (d *drawing) lines(lines []Line) {
	for _, strong := range []bool{false, true} {
		for i, l := range lines {
			if l.Strong != strong || len(l.Points) == 0 {
				continue
			}
			var path strings.Builder
			for j, at := range l.Points {
				command := 'L'
				if j == 0 {
					command = 'M'
				}
				fmt.Fprintf(&path, "%c%.1f %.1f", command, at.X/d.maxX*panelWidth, panelHeight-at.Y/d.maxY*panelHeight)
			}
			colour, width := look(lines, i)
			d.printf(`<path d="%s" fill="none" stroke="%s" stroke-width="%s" stroke-linejoin="round"/>`+"\n", path.String(), colour, width)
		}
	}
}

// look chooses how a line is drawn. Strong lines are the first to get a colour of
// their own.
func look(lines []Line, i int) (colour, width string) {
	before := 0
	for j, l := range lines {
		if l.Strong && !lines[i].Strong || l.Strong == lines[i].Strong && j < i {
			before++
		}
	}
	colour, width = grey, "1.5"
	if before < mostColours {
		colour = colours[before]
	}
	if lines[i].Strong {
		width = "3"
	}
	return colour, width
}

type legendEntry struct{ name, colour, width string }

func (d *drawing) legend() []legendEntry {
	if len(d.chart.Panels) == 0 {
		return nil
	}
	lines := d.chart.Panels[0].Lines
	var entries []legendEntry
	others := 0
	for i, l := range lines {
		colour, width := look(lines, i)
		if colour == grey {
			others++
			continue
		}
		entries = append(entries, legendEntry{l.Name, colour, width})
	}
	if others > 0 {
		entries = append(entries, legendEntry{fmt.Sprintf("%d others", others), grey, "1.5"})
	}
	return entries
}

func (d *drawing) printf(format string, args ...any) { fmt.Fprintf(&d.svg, format, args...) }

// shortened cuts a name so that it does not run into the next one.
func shortened(name string) string {
	if runes := []rune(name); len(runes) > mostRunes {
		return string(runes[:mostRunes-1]) + "…"
	}
	return name
}

// escape makes any string fit for text in XML; what XML cannot hold is replaced.
func escape(s string) string {
	var b strings.Builder
	// A Builder never fails.
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}
