package cluster

import (
	"sync"
	"sync/atomic"

	"github.com/mysqlda/mysqlda/fsm"
)

// maxDecided bounds the answers that a node keeps until it has applied them.
const maxDecided = 1 << 14

// decided is what the leader has answered and this node has not applied yet. An
// answer is committed and written once, so it is right; kept here it is known on
// the node that asked from the moment of the answer on, also if the leader dies
// in the next. Whatever is removed is in the machine already, so that who looks
// into the machine, here and into the machine again misses nothing.
//
// All methods may be called from any goroutine.
type decided struct {
	size atomic.Int64 // of answers; while it is 0 nobody who looks needs the lock

	mu         sync.RWMutex
	applied    uint64  // this node has applied
	answers    []ahead // in the order in which they came
	placements map[string]fsm.Placement
	bindings   map[correlated]string // to core objects in placements
}

// ahead is an answer that the state at an index holds.
type ahead struct {
	index uint64
	core  string
	name  correlated // of the core object, zero for none
}

type correlated struct{ class, object string }

// keep remembers the answer to an item, and reports whether this node knows it
// now: false if there is no more room.
func (d *decided) keep(index uint64, item fsm.Item, placement fsm.Placement) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if index <= d.applied {
		return true
	}
	if len(d.answers) >= maxDecided {
		return false
	}
	a := ahead{index: index, core: placement.Core}
	if d.placements == nil {
		d.placements, d.bindings = make(map[string]fsm.Placement), make(map[correlated]string)
	}
	d.placements[a.core] = placement
	if item.Kind == fsm.KindBind || item.Kind == fsm.KindFind {
		a.name = correlated{item.Class, item.Object}
		d.bindings[a.name] = a.core
	}
	d.answers = append(d.answers, a)
	d.size.Store(int64(len(d.answers)))
	return true
}

// advance says that this node has applied everything up to index.
func (d *decided) advance(index uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.applied = max(d.applied, index)
	if len(d.answers) == 0 {
		return
	}
	later := d.answers[:0]
	for _, a := range d.answers {
		if a.index > d.applied {
			later = append(later, a)
			continue
		}
		delete(d.placements, a.core)
		delete(d.bindings, a.name)
	}
	clear(d.answers[len(later):])
	d.answers = later
	d.size.Store(int64(len(later)))
}

// locate returns the core object's placement if it is among the answers.
func (d *decided) locate(core string) (fsm.Placement, bool) {
	if d.size.Load() == 0 {
		return fsm.Placement{}, false
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	p, ok := d.placements[core]
	return p, ok
}

// find returns the core object that (class, object) is bound to if it is among
// the answers.
func (d *decided) find(class, object string) (core string, ok bool) {
	if d.size.Load() == 0 {
		return "", false
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	core, ok = d.bindings[correlated{class, object}]
	return core, ok
}
