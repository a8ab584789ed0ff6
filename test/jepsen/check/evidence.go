package check

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// Evidence is what is judged.
type Evidence struct {
	Operations []history.Operation // in the order in which they ended
	// Final is what every member knows after everything was healed, and Restarted
	// what it knows after all were then killed at once and started again. Both are
	// asked for all that Named tells of, and again until all members have applied
	// the same entry.
	Final, Restarted []NodeState
	// Rows are those that were found in each library's table in the end, as often
	// as they were found. Nil if no workload wrote rows.
	Rows map[string][]Row
	// Unsettled is why not everything was whole again after healing; "" if it was. If
	// it was not, nobody was asked for the rest.
	Unsettled string
	Processes []Process  // one for each member of the end, at least
	Recovery  []Recovery // one for each node that was a member when all was healed

	// Wanted are the kinds of operations that the run's workloads come to at least
	// once, whatever is broken meanwhile.
	Wanted []history.Kind
	// Injuring says that something was to be broken; Faults is what was.
	Injuring bool
	Faults   []history.Fault
}

// NodeState is what one node knows in the end.
type NodeState struct {
	Node       string
	Index      uint64               // of the last command applied
	Hash       string               // of all commands up to it
	Placements map[string]string    // core object to library; "" for none
	Bindings   map[[2]string]string // class and object to core object; "" for none
	// Counts are how many core objects each library holds by its own account, and Bound
	// is how many correlated objects are bound. What a node does not have itself it asks
	// the leader for: what it has lost shows here.
	Counts map[string]uint64
	Bound  uint64
}

// Row is a row of the table that inserts write to.
type Row struct {
	Core string
	Row  int64
}

// Process is how a node's processes fared.
type Process struct {
	Node string
	// Faults are data races and panics of its log, ends that nothing gave it a reason
	// for, and that it did not end when it was told to.
	Faults []string
	// Before is read when the cluster is fresh and nobody is connected yet; After when
	// all is healed and clients are gone. Zero if it was not read: for a node that
	// joined later, for example.
	Before, After Vitals
}

// Vitals are what a process holds.
type Vitals struct {
	Goroutines, Descriptors int
	Resident                int64 // bytes of memory
}

// Recovery is how long a node took to answer a client again after everything was
// healed.
type Recovery struct {
	Node string
	Took time.Duration
	Err  string // why it did not; "" if it did
}

// Named are the core objects, and the correlated objects by class and name, that
// operations name. A gathering asks every node for each.
func Named(operations []history.Operation) (cores []string, objects [][2]string) {
	core := make(map[string]bool)
	object := make(map[[2]string]bool)
	for _, o := range operations {
		if o.Core != "" {
			core[o.Core] = true
		}
		if o.Object != "" {
			object[[2]string{o.Class, o.Object}] = true
		}
	}
	byName := func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }
	return slices.Sorted(maps.Keys(core)), slices.SortedFunc(maps.Keys(object), byName)
}

// testimony is what a node said in one of the gatherings.
type testimony struct {
	NodeState
	by        string // the node, and when it was asked
	restarted bool
}

func (e Evidence) testimonies() []testimony {
	var all []testimony
	for _, n := range e.Final {
		all = append(all, testimony{n, fmt.Sprintf("node %s after healing", n.Node), false})
	}
	for _, n := range e.Restarted {
		all = append(all, testimony{n, fmt.Sprintf("node %s after all were killed", n.Node), true})
	}
	return all
}
