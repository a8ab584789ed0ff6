package check

import (
	"cmp"
	"slices"
	"time"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// Finding is a broken promise, with what shows it.
type Finding struct {
	Text string
	// At is when it shows: when the last operation of Around returned. 0 if none is
	// concerned, and it shows in the end only.
	At time.Duration
	// Around are the operations concerned.
	Around []history.Operation
}

// Check is one promise.
type Check struct {
	Name  string
	Judge func(Evidence) []Finding
}

// All are the promises that every run is held to.
var All = []Check{
	{"everything is whole again", wholeAgain},
	{"evidence is whole", evidenceWhole},
	{"linearizable", linearizable},
	{"one library for each core object", oneLibrary},
	{"acknowledged assignments stay", assignmentsStay},
	{"acknowledged bindings stay", bindingsStay},
	{"no binding without a placement", boundToSomebody},
	{"closed libraries get nothing", closedStayClosed},
	{"counts equal placements", countsAgree},
	{"nodes agree", nodesAgree},
	{"acknowledged rows are there once", rowsOnce},
	{"reads see acknowledged rows", readsSeeRows},
	{"transactions are whole", transactionsWhole},
	{"sessions are isolated", sessionsIsolated},
	{"removed nodes end", removedEnd},
	{"nodes answer again", nodesAnswer},
	{"processes stay healthy", processesHealthy},
}

// Verdict is what became of one check.
type Verdict struct {
	Check string
	// Findings are the first ones, at most kept of them; Count is how many there are.
	Findings []Finding
	Count    int
	Took     time.Duration
}

// Passed says that the promise was kept.
func (v Verdict) Passed() bool { return v.Count == 0 }

// kept bounds the findings that a verdict holds: one broken promise often shows in
// every later answer.
const kept = 20

// Judge holds evidence against all promises, in the order of All.
func Judge(e Evidence) []Verdict {
	verdicts := make([]Verdict, 0, len(All))
	for _, c := range All {
		began := time.Now()
		found := c.Judge(e)
		slices.SortStableFunc(found, func(a, b Finding) int {
			return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Text, b.Text))
		})
		verdicts = append(verdicts, Verdict{
			Check: c.Name, Findings: found[:min(len(found), kept)], Count: len(found), Took: time.Since(began),
		})
	}
	return verdicts
}

// finding is one that the operations show.
func finding(text string, around ...history.Operation) Finding {
	f := Finding{Text: text, Around: around}
	for _, o := range around {
		f.At = max(f.At, o.Return)
	}
	return f
}
