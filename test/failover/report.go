package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/test/bench/report"
)

// series is the runs of a scenario.
type series struct {
	scenario
	results []result
}

// summary is a run in one line, and what must not be in more of them.
func (r result) summary() string {
	text := fmt.Sprintf("%d acknowledged, %d refused, %d unknown, %s without writes, %d switches, p99 of the other library %s and %s",
		r.counts[acknowledged], r.counts[refused], r.counts[unknown], seconds(r.unavailable), r.switches, millis(r.before), millis(r.during))
	if r.excluded > 0 {
		text += fmt.Sprintf(", %d server excluded, with %d rows", r.excluded, r.left)
	}
	if r.kept != "" {
		text += ", see " + r.kept
	}
	if !r.none() {
		text += ", and NOT RIGHT:\n" + r.problems.String()
	}
	return text
}

// reportOf is the table, and what must not be.
func reportOf(all []series) string {
	table := report.NewTable("scenario", "runs", "acknowledged", "refused", "unknown", "lost", "twice", "wrong",
		"s without writes", "worst", "p99 other before", "during", "max", "excluded", "required")
	var wrong strings.Builder
	for _, s := range all {
		table.Add(s.row()...)
		for i, r := range s.results {
			if !r.none() {
				fmt.Fprintf(&wrong, "\n%s, run %d, in %s:\n%s", s.name, i+1, r.kept, r.problems)
			}
		}
	}
	return table.String() + wrong.String()
}

// row is a scenario's row of the table.
func (s series) row() []string {
	sum := func(of func(result) int) string {
		n := 0
		for _, r := range s.results {
			n += of(r)
		}
		return strconv.Itoa(n)
	}
	count := func(o outcome) string { return sum(func(r result) int { return r.counts[o] }) }
	gaps := s.ascending(func(r result) time.Duration { return r.unavailable })
	median := func(of func(result) time.Duration) string { return millis(percentile(s.ascending(of), 50)) }
	longest := s.ascending(func(r result) time.Duration { return r.longest })
	return []string{
		s.title, strconv.Itoa(len(s.results)), count(acknowledged), count(refused), count(unknown),
		sum(func(r result) int { return r.problems.counts[lost] }),
		sum(func(r result) int { return r.problems.counts[duplicated] }),
		sum(func(r result) int { return r.others() }),
		seconds(percentile(gaps, 50)), seconds(gaps[len(gaps)-1]),
		median(func(r result) time.Duration { return r.before }),
		median(func(r result) time.Duration { return r.during }),
		millis(longest[len(longest)-1]),
		sum(func(r result) int { return r.excluded }),
		s.required(),
	}
}

// others is how many problems there are beside lost and duplicated writes.
func (r result) others() int {
	n := 0
	for k, times := range r.problems.counts {
		if k != lost && k != duplicated {
			n += times
		}
	}
	return n
}

// ascending are figures of all runs.
func (s series) ascending(of func(result) time.Duration) []time.Duration {
	var all []time.Duration
	for _, r := range s.results {
		all = append(all, of(r))
	}
	slices.Sort(all)
	return all
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()) }

func millis(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}
