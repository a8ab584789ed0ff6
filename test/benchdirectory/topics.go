package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

func aloneTopics() []topic {
	return []topic{
		{"Memory of the state machine", []row{
			cell("a placement: live heap", grownOf, func(g *grown) string { return bytesEach(g.Placement.Heap) }),
			cell("a placement: RSS", grownOf, func(g *grown) string { return bytesEach(g.Placement.Resident) }),
			cell("a binding: live heap", grownOf, func(g *grown) string { return bytesEach(g.Binding.Heap) }),
			cell("a binding: RSS", grownOf, func(g *grown) string { return bytesEach(g.Binding.Resident) }),
			cell("a map of Go from names to numbers: live heap", mappedOf, func(m *mapped) string { return bytesEach(m.Memory.Heap) }),
			cell("a map of Go from names to numbers: RSS", mappedOf, func(m *mapped) string { return bytesEach(m.Memory.Resident) }),
			{"a placement : an entry of the map, RSS", func(f *found) string {
				if f.grown == nil || f.mapped == nil {
					return "-"
				}
				return digits(f.grown.Placement.Resident / f.mapped.Memory.Resident)
			}},
			cell("RSS of the whole process at most", grownOf, func(g *grown) string { return mebibytes(g.Peak) }),
		}},
		{"Lookups", []row{
			cell("known core object", grownOf, func(g *grown) string { return g.Hit.String() }),
			cell("unknown core object", grownOf, func(g *grown) string { return g.Miss.String() }),
			cell("known correlated object", grownOf, func(g *grown) string { return g.Reverse.String() }),
			cell("known core object in the map of Go", mappedOf, func(m *mapped) string { return m.Hit.String() }),
		}},
		{"Garbage collection, forced, placements and bindings", []row{
			cell("CPU time of marking", grownOf, func(g *grown) string { return short(g.Garbage.Mark) }),
			cell("the program stands still", grownOf, func(g *grown) string { return short(g.Garbage.Pause) }),
			cell("until all is swept", grownOf, func(g *grown) string { return short(g.Garbage.Wall) }),
			cell("CPU time of marking the map of Go", mappedOf, func(m *mapped) string { return short(m.Garbage.Mark) }),
		}},
		{"Apply while the state machine grows", slices.Concat(
			[]row{
				cell("assigning all took, commands made beside it", grownOf, func(g *grown) string { return short(g.Took) }),
				cell("binding all took", grownOf, func(g *grown) string { return short(g.BindingTook) }),
			},
			pauseRows("one assignment", func(g *grown) pauses { return g.One }),
			pauseRows("256 assignments", func(g *grown) pauses { return g.Many }),
			pauseRows("256 bindings", func(g *grown) pauses { return g.ManyBind }),
		)},
		{"Snapshots", slices.Concat(
			[]row{
				cell("capture: p50", grownOf, func(g *grown) string { return short(g.Capture.P50) }),
				cell("capture: longest of 100", grownOf, func(g *grown) string { return short(g.Capture.Max) }),
			},
			writingRows("placements", func(g *grown) writing { return g.Placements }),
			writingRows("placements and bindings", func(g *grown) writing { return g.Both }),
			besideRows("nothing else", func(g *grown) pauses { return g.Alone }),
			besideRows("a snapshot being written", func(g *grown) pauses { return g.BesideSnapshot }),
		)},
		{"Restoring a snapshot", slices.Concat(
			restoreRows("placements", restoredOf),
			restoreRows("placements and bindings", bothOf),
		)},
	}
}

func (l lookup) String() string {
	return fmt.Sprintf("%s, %s allocations", nanoseconds(l.Nanoseconds), roundedUp(l.Allocations))
}

func pauseRows(label string, of func(*grown) pauses) []row {
	return []row{
		cell(label+": p50", grownOf, func(g *grown) string { return short(of(g).Wall.P50) }),
		cell(label+": p99.99", grownOf, func(g *grown) string { return short(of(g).Wall.P9999) }),
		cell(label+": longest", grownOf, func(g *grown) string { return short(of(g).Wall.Max) }),
		cell(label+": p99.99, CPU", grownOf, func(g *grown) string { return short(of(g).CPU.P9999) }),
		cell(label+": longest, CPU", grownOf, func(g *grown) string { return short(of(g).CPU.Max) }),
	}
}

func writingRows(label string, of func(*grown) writing) []row {
	return []row{
		cell(label+": written and on disk", grownOf, func(g *grown) string { return short(of(g).Took) }),
		cell(label+": CPU time", grownOf, func(g *grown) string { return short(of(g).CPU) }),
		cell(label+": MB/s", grownOf, func(g *grown) string { return count(perSecond(float64(of(g).Bytes)/1e6, of(g).Took)) }),
		cell(label+": a record", grownOf, func(g *grown) string { return bytesEach(float64(of(g).Bytes) / float64(of(g).Records)) }),
	}
}

func perSecond(n float64, d time.Duration) float64 { return n / d.Seconds() }

func besideRows(label string, of func(*grown) pauses) []row {
	label = "256 assignments each 4 ms beside " + label
	return []row{
		cell(label+": p50, p99, longest", grownOf, func(g *grown) string { return of(g).Wall.String() }),
		cell(label+": p50, p99, longest, CPU", grownOf, func(g *grown) string { return of(g).CPU.String() }),
	}
}

// String is p50, p99 and the longest.
func (l latency) String() string {
	return strings.Join([]string{short(l.P50), short(l.P99), short(l.Max)}, ", ")
}

func restoreRows(label string, of func(*found) *restored) []row {
	return []row{
		cell(label, of, func(r *restored) string { return short(r.Took) }),
		cell(label+": CPU time", of, func(r *restored) string { return short(r.CPU) }),
		cell(label+": RSS a record", of, func(r *restored) string { return bytesEach(r.Memory.Resident) }),
		cell(label+": RSS at most", of, func(r *restored) string { return mebibytes(r.Peak) }),
	}
}
