package main

import (
	"strings"
	"time"
)

const (
	// quietTimes and quietMore are how much longer a statement of the other library may
	// take in the p99 while something happens, than before.
	quietTimes = 3
	quietMore  = 20 * time.Millisecond
)

// required says whether a scenario reaches the numbers it has to reach.
func (s series) required() string {
	var missed []string
	for _, r := range s.results {
		if !r.none() {
			missed = append(missed, "wrong")
			break
		}
	}
	if s.median > 0 && percentile(s.ascending(func(r result) time.Duration { return r.unavailable }), 50) > s.median {
		missed = append(missed, "median > "+seconds(s.median)+" s")
	}
	before := percentile(s.ascending(func(r result) time.Duration { return r.before }), 50)
	during := percentile(s.ascending(func(r result) time.Duration { return r.during }), 50)
	if during > quietTimes*before && during > before+quietMore {
		missed = append(missed, "the other library is disturbed")
	}
	if len(missed) == 0 {
		return "met"
	}
	return strings.Join(missed, ", ")
}

// met says whether all scenarios reach what they have to.
func met(all []series) bool {
	for _, s := range all {
		if s.required() != "met" {
			return false
		}
	}
	return true
}
