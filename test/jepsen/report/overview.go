package report

import (
	"slices"
	"time"
)

// overview is what summary.html shows.
type overview struct {
	Runs                           []Summary
	Failed, Errors                 int // runs
	Done, Refused, Unknown, Faults int
	Took                           time.Duration
	// Alike says that all runs have the nemeses and workloads of the first, which are
	// then not told of each.
	Alike bool
}

func newOverview(runs []Summary) overview {
	o := overview{Runs: runs, Alike: len(runs) > 1}
	for _, r := range runs {
		o.Alike = o.Alike && slices.Equal(r.Nemeses, runs[0].Nemeses) && slices.Equal(r.Workloads, runs[0].Workloads)
		o.Done += r.Done
		o.Refused += r.Refused
		o.Unknown += r.Unknown
		o.Faults += r.Faults
		o.Took += r.Took
		switch {
		case r.HarnessError != "":
			o.Errors++
		case !r.Passed:
			o.Failed++
		}
	}
	return o
}
