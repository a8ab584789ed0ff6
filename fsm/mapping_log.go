package fsm

import "fmt"

// mappingLog is the append-only store of placements and bindings.
//
// Records stand one after another in two arenas of chunks without pointers, in
// the order in which they were added, and are never modified. A compact index
// of (part of the hash, where the record is) finds them; it is split into shards
// by the names' hash, so that it grows piece by piece. A binding refers to the
// record of its core object's placement instead of holding a copy of the name,
// and to its class by a number if there are few classes.
//
// One goroutine at a time adds. Any number of goroutines read meanwhile, and
// none of them ever waits: a record is complete before the index shows it, and
// what the index shows never changes (see shard).
type mappingLog struct {
	indexKey uint64 // of which key is made
	key      hashKey
	digester digester

	placements recordSet
	bindings   recordSet
	classes    classes
	digest     Digest // of all records; the adder's own
}

// recordSet is all records of one kind and their index.
type recordSet struct {
	arena arena
	index index
	count uint64 // records; the adder's own
}

// newMappingLog returns an empty log whose index is laid out by indexKey.
func newMappingLog(indexKey uint64) *mappingLog {
	return &mappingLog{indexKey: indexKey, key: expandKey(indexKey), digester: newDigester()}
}

func (l *mappingLog) hashCore(core string) uint64 { return l.key.absorb(0, core) }

func (l *mappingLog) hashCorrelated(class, object string) uint64 {
	return l.key.absorb(l.key.absorb(0, class), object)
}

// locate returns the core object's placement. It does not allocate.
func (l *mappingLog) locate(core string) (Placement, bool) {
	p := l.seekPlacement(core)
	if !p.found {
		return Placement{}, false
	}
	return l.placementAt(p.offset()), true
}

func (l *mappingLog) placementAt(offset uint64) Placement {
	r := l.placements.arena.at(offset)
	library, epoch := placementHome(r)
	return Placement{Core: placementCore(r), Library: library, Epoch: epoch}
}

// find returns the core object that (class, object) is bound to. It does not
// allocate: the name shares the memory of the placement's record.
func (l *mappingLog) find(class, object string) (core string, ok bool) {
	p := l.seekBinding(class, object)
	if !p.found {
		return "", false
	}
	return l.boundTo(p.offset()), true
}

// boundTo returns the core object of the binding at offset.
func (l *mappingLog) boundTo(offset uint64) string {
	home := bindingCore(l.bindings.arena.at(offset))
	return placementCore(l.placements.arena.at(home))
}

// seekPlacement looks for the record of the core object's placement.
func (l *mappingLog) seekPlacement(core string) probe {
	return l.probePlacement(l.hashCore(core), core)
}

func (l *mappingLog) probePlacement(hash uint64, core string) probe {
	p := l.placements.index.probe(hash)
	for p.next() {
		if placementCore(l.placements.arena.at(p.offset())) == core {
			break
		}
	}
	return p
}

// seekBinding looks for the record of (class, object).
func (l *mappingLog) seekBinding(class, object string) probe {
	return l.probeBinding(l.hashCorrelated(class, object), class, object)
}

func (l *mappingLog) probeBinding(hash uint64, class, object string) probe {
	p := l.bindings.index.probe(hash)
	for p.next() {
		r := l.bindings.arena.at(p.offset())
		if c, o := l.classes.names().bindingName(r); o == object && c == class {
			break
		}
	}
	return p
}

// addPlacement stores the placement of a core object that seekPlacement has not
// found, at being its result. Nothing may have been added since.
func (l *mappingLog) addPlacement(at probe, p Placement) error {
	record, offset, err := l.placements.arena.reserve(placementLen(p))
	if err != nil {
		return fmt.Errorf("store the placement of %s: %w", p.Core, err)
	}
	appendPlacement(record, p)
	l.placements.show(at, offset)
	l.digest += l.digester.placement(p.Core, p.Library, p.Epoch)
	return nil
}

// addBinding binds a correlated object that seekBinding has not found, at being
// its result, to the core object whose placement home has found. Nothing may
// have been added since.
func (l *mappingLog) addBinding(at, home probe, b Binding) error {
	class := l.markClass(b.Class)
	record, offset, err := l.bindings.arena.reserve(bindingLen(class, b.Object))
	if err != nil {
		return fmt.Errorf("store the binding of class %s object %s: %w", b.Class, b.Object, err)
	}
	appendBinding(record, class, b.Object, home.offset())
	l.bindings.show(at, offset)
	l.digest += l.digester.binding(b.Class, b.Object, b.Core)
	return nil
}

// show makes the index find a complete record where probe p ended in vain.
func (s *recordSet) show(p probe, offset uint64) {
	s.index.put(p, offset)
	s.count++
}
