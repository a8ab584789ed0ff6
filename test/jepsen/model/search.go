package model

import (
	"cmp"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// Violation is an object whose history no order of its operations explains.
type Violation struct {
	Object     string
	Operations []history.Operation // on it, all of them
	// Window are the fewest of them that were found to be enough to show it; all of
	// them if it is undecided.
	Window []history.Operation
	// Undecided says that the time was not enough to find out.
	Undecided bool
}

// Check looks at each object by itself, at several at once, and for patience
// altogether. What it finds is sorted by object.
func Check(operations []history.Operation, patience time.Duration) []Violation {
	objects := Histories(operations)
	names := make(chan string, len(objects))
	for _, name := range slices.Sorted(maps.Keys(objects)) {
		names <- name
	}
	close(names)
	deadline := time.Now().Add(patience)
	var mu sync.Mutex
	var found []Violation // guarded by mu
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for name := range names {
				ops := objects[name]
				verdict := search(ops, time.Until(deadline))
				if verdict == porcupine.Ok {
					continue
				}
				v := Violation{Object: name, Operations: about(ops), Undecided: verdict == porcupine.Unknown}
				v.Window = v.Operations
				if !v.Undecided {
					v.Window = about(Shrink(ops, time.Until(deadline)))
				}
				mu.Lock()
				found = append(found, v)
				mu.Unlock()
			}
		})
	}
	group.Wait()
	slices.SortFunc(found, func(a, b Violation) int { return cmp.Compare(a.Object, b.Object) })
	return found
}

// search looks for an order of one object's operations.
func search(ops []porcupine.Operation, patience time.Duration) porcupine.CheckResult {
	if patience <= 0 { // which porcupine takes for no bound
		return porcupine.Unknown
	}
	return porcupine.CheckOperationsTimeout(Directory, distinct(ops), patience)
}

// distinct leaves out writes of unknown outcome that cannot explain more than an
// earlier one does: both write the same value, show nothing, and may be done at any
// time after their call. Each would double the orders to be tried.
func distinct(ops []porcupine.Operation) []porcupine.Operation {
	first := make(map[string]int64)
	open := func(o porcupine.Operation) (string, bool) {
		s := o.Input.(step)
		return s.value, s.verb == write && !s.shown && o.Return == never
	}
	for _, o := range ops {
		if value, ok := open(o); ok {
			if call, known := first[value]; !known || o.Call < call {
				first[value] = o.Call
			}
		}
	}
	kept := make(map[string]bool)
	var all []porcupine.Operation
	for _, o := range ops {
		if value, ok := open(o); ok {
			if o.Call != first[value] || kept[value] {
				continue
			}
			kept[value] = true
		}
		all = append(all, o)
	}
	return all
}

// about returns the operations that steps stand for.
func about(ops []porcupine.Operation) []history.Operation {
	all := make([]history.Operation, 0, len(ops))
	for _, o := range ops {
		all = append(all, o.Input.(step).about)
	}
	return all
}
