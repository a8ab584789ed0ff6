package report

import (
	"time"

	"github.com/mysqlda/mysqlda/test/jepsen/check"
	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// Run is what a page shows. All times are since the history's beginning, except for
// Began, which is when that was.
type Run struct {
	Seed      uint64
	Command   string // that repeats the schedule
	Version   string // of the binary
	Nodes     []string
	Servers   []string
	Nemeses   []string
	Workloads []string

	Began    time.Time
	Duration time.Duration // of everything: opening, injuring, healing, gathering
	// Injured is the time in which the nemeses were at work.
	Injured struct{ From, To time.Duration }

	Operations []history.Operation
	Faults     []history.Fault
	Events     []history.Event
	Verdicts   []check.Verdict
	Logs       []Log
	// HarnessError is why the run itself failed; "" if it did not.
	HarnessError string
}

// Passed says that every promise was kept and the run itself did not fail.
func (r Run) Passed() bool {
	for _, v := range r.Verdicts {
		if !v.Passed() {
			return false
		}
	}
	return r.HarnessError == "" && len(r.Verdicts) > 0
}

// Log is what a process wrote, one JSON object a line as the product's logger does.
type Log struct{ Name, Path string }

// Summary is one row of the page over many runs.
type Summary struct {
	Seed                   uint64
	Nodes                  int
	Nemeses, Workloads     []string
	Done, Refused, Unknown int // operations
	Faults                 int
	Took                   time.Duration
	Passed                 bool
	// Failed are the names of the checks that found something.
	Failed       []string
	HarnessError string // why the run itself failed; "" if it did not
	Link         string // to the run's page, relative to the summary
}
