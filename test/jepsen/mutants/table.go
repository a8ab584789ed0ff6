package main

import (
	"slices"
	"time"
)

// The names of checks, as test/jepsen prints them.
const (
	linearizable     = "linearizable"
	oneLibrary       = "one library for each core object"
	assignmentsStay  = "acknowledged assignments stay"
	bindingsStay     = "acknowledged bindings stay"
	closedStay       = "closed libraries get nothing"
	countsEqual      = "counts equal placements"
	nodesAgree       = "nodes agree"
	rowsOnce         = "acknowledged rows are there once"
	readsSeeRows     = "reads see acknowledged rows"
	transactionsAre  = "transactions are whole"
	sessionsIsolated = "sessions are isolated"
	removedEnd       = "removed nodes end"
	nodesAnswer      = "nodes answer again"
	processesHealthy = "processes stay healthy"
)

// What runs break, and what clients and operators do meanwhile. As few kinds of runs
// as will do: each is made once with the unbroken program too.
const (
	nothing   = "none"
	deaths    = "kill-minority,kill-leader,kill-all"
	leaders   = "kill-leader,leader-isolated"
	pauses    = "pause-short,pause-leader-commits,kill-leader"
	isolation = "halves,leader-isolated,leader-half,pause-leader-commits"
	churn     = "leader-churn"
	delays    = "slow-fsync,pause-leader-commits"
	splits    = "moving-split,moving-laggard"
	servers   = "server-kill,server-cut"

	directory = "assign,locate,bind,find,ring"
	rows      = "assign,data,sessions"
	picking   = "assign,weights"
	moving    = "moving"
	members   = "assign,locate,bind,find,membership"

	// usual is how long most runs break things.
	usual = 15 * time.Second
)

// mutants returns all of them.
func mutants() []Mutant {
	return slices.Concat(deciding(), applying(), storing(), serving(), changing())
}
