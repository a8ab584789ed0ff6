package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/chart"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/forecast"
	"github.com/mysqlda/mysqlda/fsm"
)

const (
	oursTitle     = "this release"
	originalTitle = "mysqlda 0.0.7"
)

// simulationReport is the JSON form of a simulation.
type simulationReport struct {
	NewObjects uint64              `json:"new_objects"`
	MaxShare   json.Number         `json:"max_share"`
	Libraries  []simulationLibrary `json:"libraries"`
	Steps      []simulationStep    `json:"steps"`
	// Computed in steps of at most so many new core objects, each by the shares
	// at its beginning.
	LongestStep uint64 `json:"longest_step"`
}

type simulationLibrary struct {
	Name     string           `json:"name"`
	Weight   uint32           `json:"weight"`
	Added    bool             `json:"added"`
	CaughtUp simulationCaught `json:"caught_up_after"`
}

// simulationCaught says after how many new core objects a library had 95% of
// its due; null is never.
type simulationCaught struct {
	Ours     *int64 `json:"ours"`
	Original *int64 `json:"original"`
}

type simulationStep struct {
	NewObjects uint64             `json:"new_objects"`
	Libraries  []simulationAmount `json:"libraries"`
}

type simulationAmount struct {
	Name            string  `json:"name"`
	Objects         uint64  `json:"objects"`
	Share           float64 `json:"share"` // of the next new core objects, 0 to 1
	OriginalObjects uint64  `json:"original_objects"`
	OriginalShare   float64 `json:"original_share"`
}

func (s *simulation) report() simulationReport {
	r := simulationReport{NewObjects: s.plan.NewObjects, MaxShare: json.Number(fsm.FormatShare(s.maxShareMille)), LongestStep: s.ours.LongestStep}
	for i, l := range s.plan.Libraries {
		r.Libraries = append(r.Libraries, simulationLibrary{
			Name: l.Name, Weight: l.Weight, Added: l.Added,
			CaughtUp: simulationCaught{Ours: unlessNever(s.ours.CaughtUp[i]), Original: unlessNever(s.original.CaughtUp[i])},
		})
	}
	for at := 0; at < len(s.ours.States); at += s.every {
		ours, original := s.ours.States[at], s.original.States[at]
		step := simulationStep{NewObjects: ours.NewObjects}
		for i, l := range s.plan.Libraries {
			step.Libraries = append(step.Libraries, simulationAmount{
				Name: l.Name, Objects: ours.Libraries[i].Objects, Share: ours.Libraries[i].Share,
				OriginalObjects: original.Libraries[i].Objects, OriginalShare: original.Libraries[i].Share,
			})
		}
		r.Steps = append(r.Steps, step)
	}
	return r
}

func unlessNever(after int64) *int64 {
	if after < 0 {
		return nil
	}
	return &after
}

// print writes one line a step and library, of those that are alike one together,
// and what becomes of those that lag.
func (s *simulation) print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "NEW OBJECTS\tLIBRARY\tWEIGHT\tOBJECTS\tSHARE\tBY 0.0.7\tSHARE\t")
	for _, step := range s.report().Steps {
		first := fmt.Sprint(step.NewObjects)
		for _, alike := range s.groups() {
			i := alike[0]
			l := step.Libraries[i]
			printRow(table, "%s\t%s\t%d\t%d\t%.1f%%\t%d\t%.1f%%\t\n",
				first, s.groupName(alike), s.plan.Libraries[i].Weight, l.Objects, 100*l.Share, l.OriginalObjects, 100*l.OriginalShare)
			first = ""
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "\nSHARE is that of the next new core objects. Computed in steps of at most %d, each by\nthe exact shares at its beginning; no single core object was drawn. A library's due is\nwhat it has when it is as full as the fullest.\n", s.ours.LongestStep); err != nil {
		return err
	}
	for _, alike := range s.groups() {
		i := alike[0]
		if s.ours.CaughtUp[i] == 0 && s.original.CaughtUp[i] == 0 || s.plan.Libraries[i].Weight == 0 {
			continue
		}
		if _, err := fmt.Fprintf(w, "%s: %d%% of its due %s; by the rule of 0.0.7 %s.\n",
			s.groupName(alike), forecast.CaughtUpPercent, s.caughtUp(s.ours.CaughtUp[i]), s.caughtUp(s.original.CaughtUp[i])); err != nil {
			return err
		}
	}
	return nil
}

func (s *simulation) caughtUp(after int64) string {
	switch {
	case after < 0:
		return fmt.Sprintf("not within %d", s.plan.NewObjects)
	case after == 0:
		return "from the beginning"
	default:
		return fmt.Sprintf("after %d", after)
	}
}

// chart draws libraries that are alike as one line.
func (s *simulation) chart() chart.Chart {
	ours, original := chart.Panel{Title: oursTitle}, chart.Panel{Title: originalTitle}
	for _, alike := range s.groups() {
		l := s.plan.Libraries[alike[0]]
		name := s.groupName(alike)
		if l.Weight != fsm.DefaultWeight {
			name += fmt.Sprintf(" (weight %d)", l.Weight)
		}
		ours.Lines = append(ours.Lines, chart.Line{Name: name, Strong: l.Added, Points: points(s.ours, alike[0])})
		original.Lines = append(original.Lines, chart.Line{Name: name, Strong: l.Added, Points: points(s.original, alike[0])})
	}
	return chart.Chart{
		Title:  "Core objects in each library while new ones come",
		XLabel: "new core objects",
		YLabel: "core objects in the library",
		Panels: []chart.Panel{ours, original},
	}
}

// groups returns the indices of libraries that differ in their names only. They
// stay alike.
func (s *simulation) groups() (groups [][]int) {
	places := make(map[forecast.Library]int)
	for i, l := range s.plan.Libraries {
		l.Name = ""
		place, ok := places[l]
		if !ok {
			place = len(groups)
			places[l] = place
			groups = append(groups, nil)
		}
		groups[place] = append(groups[place], i)
	}
	return groups
}

func (s *simulation) groupName(alike []int) string {
	var names []string
	for _, i := range alike {
		names = append(names, s.plan.Libraries[i].Name)
	}
	name := strings.Join(names, ", ")
	if len(names) > 2 {
		name = fmt.Sprintf("%s and %d more", names[0], len(names)-1)
	}
	return name
}

func points(course forecast.Course, library int) []chart.Point {
	line := make([]chart.Point, len(course.States))
	for i, state := range course.States {
		line[i] = chart.Point{X: float64(state.NewObjects), Y: float64(state.Libraries[library].Objects)}
	}
	return line
}
