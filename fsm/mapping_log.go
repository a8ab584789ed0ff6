package fsm

import "fmt"

// mappingLog is the append-only store of placements and bindings.
//
// Records stand one after another in arenas of chunks without pointers and are
// never modified; a compact index of (part of the hash, where the record is)
// finds them. Both are split into shards by the names' hash, so that an index
// grows piece by piece. A binding refers to the record of its core object's
// placement instead of holding a copy of the name.
//
// One goroutine at a time adds. Any number of goroutines read meanwhile, and
// none of them ever waits: a record is complete before the index shows it, and
// what the index shows never changes (see shard).
type mappingLog struct {
	placements [shardCount]shard
	bindings   [shardCount]shard
}

// shardBits is how many bits of a name's hash choose the shard.
const (
	shardBits  = 8
	shardCount = 1 << shardBits
)

func newMappingLog() *mappingLog { return new(mappingLog) }

func shardOf(hash uint64) uint64 { return hash >> (64 - shardBits) }

// locate returns the core object's placement. It does not allocate.
func (l *mappingLog) locate(core string) (Placement, bool) {
	hash := hashCore(core)
	s := &l.placements[shardOf(hash)]
	for p := s.probe(hash); p.next(); {
		r := s.arena.at(p.offset())
		if placementCore(r) == core {
			library, epoch := placementHome(r)
			return Placement{Core: core, Library: library, Epoch: epoch}, true
		}
	}
	return Placement{}, false
}

// find returns the core object that (class, object) is bound to. It does not
// allocate: the name shares the memory of the placement's record.
func (l *mappingLog) find(class, object string) (core string, ok bool) {
	hash := hashCorrelated(class, object)
	s := &l.bindings[shardOf(hash)]
	for p := s.probe(hash); p.next(); {
		r := s.arena.at(p.offset())
		if c, o := bindingName(r); c == class && o == object {
			return l.coreOf(bindingCore(r)), true
		}
	}
	return "", false
}

func (l *mappingLog) coreOf(ref placementRef) string {
	return placementCore(l.placements[ref.shard].arena.at(ref.offset))
}

// addPlacement stores the placement of a core object that has none.
func (l *mappingLog) addPlacement(p Placement) error {
	hash := hashCore(p.Core)
	s := &l.placements[shardOf(hash)]
	var buf [maxRecordLen]byte
	if err := s.add(hash, appendPlacement(buf[:0], p)); err != nil {
		return fmt.Errorf("store the placement of %s: %w", p.Core, err)
	}
	return nil
}

// addBinding binds a correlated object that is not bound to a core object that
// has a placement.
func (l *mappingLog) addBinding(class, object, core string) error {
	ref, ok := l.refOf(core)
	if !ok {
		return fmt.Errorf("store the binding of class %s object %s: %w: %s", class, object, ErrNoPlacement, core)
	}
	hash := hashCorrelated(class, object)
	s := &l.bindings[shardOf(hash)]
	var buf [maxRecordLen]byte
	if err := s.add(hash, appendBinding(buf[:0], class, object, ref)); err != nil {
		return fmt.Errorf("store the binding of class %s object %s: %w", class, object, err)
	}
	return nil
}

func (l *mappingLog) refOf(core string) (placementRef, bool) {
	hash := hashCore(core)
	shard := shardOf(hash)
	s := &l.placements[shard]
	for p := s.probe(hash); p.next(); {
		if placementCore(s.arena.at(p.offset())) == core {
			return placementRef{shard: uint8(shard), offset: p.offset()}, true
		}
	}
	return placementRef{}, false
}
