package report

import "time"

// overview is what summary.html shows.
type overview struct {
	Runs                           []Summary
	Failed, Errors                 int // runs
	Done, Refused, Unknown, Faults int
	Took                           time.Duration
}

func newOverview(runs []Summary) overview {
	o := overview{Runs: runs}
	for _, r := range runs {
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
