package check

import (
	"fmt"
	"time"
)

// recoveryBound is how long a node may take to answer after everything was healed:
// processes start again, elect a leader, log in at servers and catch up, on a small
// machine and with the race detector.
const recoveryBound = 30 * time.Second

func nodesAnswer(e Evidence) []Finding {
	var found []Finding
	for _, r := range e.Recovery {
		switch {
		case r.Err != "":
			found = append(found, Finding{Text: fmt.Sprintf("node %s did not answer after healing: %s", r.Node, r.Err)})
		case r.Took > recoveryBound:
			found = append(found, Finding{Text: fmt.Sprintf("node %s took %s to answer after healing, and may take %s", r.Node, r.Took.Round(time.Millisecond), recoveryBound)})
		}
	}
	return found
}

// Bounds of what a process may hold in the end. A leader has goroutines and
// connections that its followers do not have, and who leads changes; so a process may
// hold as much as the greatest of all held before, and a quarter more for what comes
// and goes: pooled connections, and peers that are just being asked. A leak for each
// session, election or reconnect of a run is far above that.
const (
	allowance    = 25        // goroutines or descriptors above the quarter
	mostResident = 512 << 20 // bytes; the race detector's shadows are part of it
)

func processesHealthy(e Evidence) []Finding {
	var found []Finding
	var before Vitals
	for _, p := range e.Processes {
		before.Goroutines = max(before.Goroutines, p.Before.Goroutines)
		before.Descriptors = max(before.Descriptors, p.Before.Descriptors)
	}
	for _, p := range e.Processes {
		for _, fault := range p.Faults {
			found = append(found, Finding{Text: fmt.Sprintf("node %s: %s", p.Node, fault)})
		}
		for _, held := range []struct {
			what          string
			before, after int
		}{
			{"goroutines", before.Goroutines, p.After.Goroutines},
			{"descriptors", before.Descriptors, p.After.Descriptors},
		} {
			if bound := held.before + held.before/4 + allowance; held.before > 0 && held.after > bound {
				found = append(found, Finding{Text: fmt.Sprintf("node %s holds %d %s in the end: no node held more than %d before, and %d are allowed", p.Node, held.after, held.what, held.before, bound)})
			}
		}
		if p.After.Resident > mostResident {
			found = append(found, Finding{Text: fmt.Sprintf("node %s has %d MiB of memory in the end, and may have %d", p.Node, p.After.Resident>>20, mostResident>>20)})
		}
	}
	return found
}
