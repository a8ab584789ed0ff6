package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// scenario is something that goes wrong, or is done, under load.
type scenario struct {
	name  string
	title string // in the report
	setup setup
	// strike does it, and returns once what has to come of it has come, while what is
	// broken still is. Afterwards all that it broke is mended.
	strike func(ctx context.Context, r *run) error
	// least and most are how often the active server changes, all in all.
	least, most int
	// hangs says that statements may hang at a server for as long as it is broken.
	hangs bool
	// trusts says that nobody looks whether servers have the same data: a read may miss
	// what is under way to the next server.
	trusts bool
	// quick scenarios are for `make test`.
	quick bool
	// median is how long writes may be impossible at most, in the median of the runs;
	// 0 is not required.
	median time.Duration
}

// scenarioNames are the names of all scenarios.
func scenarioNames() []string {
	var names []string
	for _, s := range scenarios() {
		names = append(names, s.name)
	}
	return names
}

// choose returns the scenarios of a list of names, separated by commas; all for "".
func choose(list string) ([]scenario, error) {
	all := scenarios()
	if list == "" {
		return all, nil
	}
	var chosen []scenario
	for name := range strings.SplitSeq(list, ",") {
		i := slices.IndexFunc(all, func(s scenario) bool { return s.name == strings.TrimSpace(name) })
		if i < 0 {
			return nil, fmt.Errorf("-scenario: there is no %q; there are %s", name, strings.Join(scenarioNames(), ", "))
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}
