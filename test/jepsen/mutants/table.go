package main

import (
	"slices"
	"time"
)

// The names of checks, as test/jepsen prints them.
const (
	linearizable    = "linearizable"
	oneLibrary      = "one library for each core object"
	assignmentsStay = "acknowledged assignments stay"
	bindingsStay    = "acknowledged bindings stay"
	closedStay      = "closed libraries get nothing"
	countsEqual     = "counts equal placements"
	nodesAgree      = "nodes agree"
	rowsOnce        = "acknowledged rows are there once"
)

// usual is how long most runs injure.
const usual = 30 * time.Second

// mutants returns all of them.
func mutants() []Mutant {
	return slices.Concat(deciding(), applying(), storing(), serving(), changing())
}
