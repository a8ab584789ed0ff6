package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// maxConnections bounds the connections of one run.
const maxConnections = 1024

// scene is something that is done over and over and has a rate.
type scene struct {
	name  string
	title string // in the report
	unit  string // what is counted
	// fixed is at how many connections it is measured; nil means at those that the
	// command line names.
	fixed []int
	// librariesOnly scenes are for targets that know core objects.
	librariesOnly bool
	run           func(context.Context, load) (sample, error)
}

// load is one run: who does how much of it for how long.
type load struct {
	target      target
	connections int
	duration    time.Duration
	programs    programs
}

func (s scene) at(connections []int) []int {
	if s.fixed != nil {
		return s.fixed
	}
	return connections
}

// Names of scenes that required.go looks up.
const (
	pointSelect   = "point_select"
	rows          = "rows"
	relayedDo     = "do"
	selectLibrary = "select_library"
	pair          = "pair"
	librarySwitch = "library_switch"
	idleMemory    = "idle"
	slowReaders   = "slow_readers"
	newObjects    = "new_objects"
)

// statementConnections is at how many connections single statements are compared.
const statementConnections = 16

// scenes are all scenes with a rate, in the order in which they are measured.
func scenes() []scene {
	return []scene{
		{
			name: pointSelect, title: "Point select, text protocol (sysbench oltp_point_select)", unit: "queries",
			run: sysbench("oltp_point_select", "--db-ps-mode=disable"),
		},
		{
			name: "point_select_prepared", title: "Point select, prepared (sysbench oltp_point_select)", unit: "queries",
			run: sysbench("oltp_point_select", "--db-ps-mode=auto"),
		},
		{
			name: "read_only", title: "Transactions that read (sysbench oltp_read_only)", unit: "queries",
			fixed: []int{16}, run: sysbench("oltp_read_only", "--db-ps-mode=disable"),
		},
		{
			name: "read_write", title: "Transactions that write (sysbench oltp_read_write)", unit: "queries",
			fixed: []int{16}, run: sysbench("oltp_read_write", "--db-ps-mode=disable"),
		},
		{
			name: rows, title: fmt.Sprintf("A result of %d rows", tableRows), unit: "results",
			fixed: []int{1}, run: repeated(largeResult),
		},
		{
			name: "large_row", title: "A row of 16 MiB", unit: "rows",
			fixed: []int{1}, run: repeated("select repeat('x', 16 << 20)"),
		},
		{
			name: "connect", title: "Connect, one query, disconnect", unit: "connections",
			fixed: []int{4}, run: connectQueryClose,
		},
		{
			name: relayedDo, title: "`do 1`", unit: "statements",
			fixed: []int{statementConnections}, run: repeated("do 1"),
		},
		{
			name: selectLibrary, title: "`select library` of known core objects of the same library", unit: "statements",
			fixed: []int{statementConnections}, librariesOnly: true, run: selectKnown,
		},
		{
			name: pair, title: "`do 1` and a point select", unit: "pairs",
			fixed: []int{statementConnections}, run: repeated("do 1", pointQuery),
		},
		{
			name: librarySwitch, title: "`select library`, each time of the other library, and a point select", unit: "pairs",
			fixed: []int{statementConnections}, librariesOnly: true, run: switchLibraries,
		},
	}
}

// sceneNames are the names of all scenes, those that measure memory included.
func sceneNames() []string {
	var names []string
	for _, s := range scenes() {
		names = append(names, s.name)
	}
	return append(names, newObjects, idleMemory, slowReaders)
}

// setScenes takes the value of -scenes.
func (o *options) setScenes(list string) error {
	if list == "" {
		return nil
	}
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		if !slices.Contains(sceneNames(), name) {
			return fmt.Errorf("-scenes: there is no %q; there are %s", name, strings.Join(sceneNames(), ", "))
		}
		o.only = append(o.only, name)
	}
	return nil
}

func (o *options) wants(scene string) bool { return o.only == nil || slices.Contains(o.only, scene) }
