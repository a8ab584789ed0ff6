package main

import (
	"cmp"
	"slices"
)

// turn is a time in which one server executed what clients sent.
type turn struct {
	server int
	from   int64 // when it executed its first statement, microseconds since 1970
}

// turns are the turns of servers, in order, as the rows tell that they executed. Where
// no two servers were used at once there is one more of them than there were switches,
// at most.
func turns(rows []row) []turn {
	ordered := slices.SortedFunc(slices.Values(rows), func(a, b row) int { return cmp.Compare(a.executed, b.executed) })
	var all []turn
	for _, r := range ordered {
		if len(all) == 0 || all[len(all)-1].server != r.server {
			all = append(all, turn{r.server, r.executed})
		}
	}
	return all
}

// turnAt is the server whose turn it was; 0 before the first one's.
func turnAt(all []turn, time int64) int {
	server := 0
	for _, t := range all {
		if t.from <= time {
			server = t.server
		}
	}
	return server
}
