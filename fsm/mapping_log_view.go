package fsm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ErrDamaged says that records in this node's memory are not those that were
// stored there.
var ErrDamaged = errors.New("the directory in this node's memory is damaged")

// mappingView is what a mapping log held at one moment. Taking one copies a few
// words; reading it does not disturb the log, which goes on growing behind the
// view's ends.
type mappingView struct {
	placements arenaView
	bindings   arenaView
	classes    classNames

	placementCount, bindingCount uint64
	digest                       Digest
}

type arenaView struct {
	chunks []*chunk
	end    uint64 // offset after the last record
}

// view must be called by the goroutine that adds.
func (l *mappingLog) view() *mappingView {
	return &mappingView{
		placements:     l.placements.arena.view(),
		bindings:       l.bindings.arena.view(),
		classes:        l.classes.names(),
		placementCount: l.placements.count,
		bindingCount:   l.bindings.count,
		digest:         l.digest,
	}
}

func (a *arena) view() arenaView { return arenaView{chunks: a.list(), end: a.used} }

// walk calls back with all placements and then all bindings, each in the order
// in which they were added. It reads the memory with suspicion: that something
// is not as it was when it was stored is an error (ErrDamaged), at the latest
// when everything was visited. It is no error of the callbacks that they were
// called until then.
func (v *mappingView) walk(placement func(Placement) error, binding func(Binding) error) error {
	d := newDigester()
	var digest Digest
	var placements, bindings uint64
	err := v.placements.walk(func(r []byte) (int, error) {
		p, n := readPlacement(r)
		if n == 0 {
			return 0, ErrDamaged
		}
		digest += d.placement(p.Core, p.Library, p.Epoch)
		placements++
		return n, placement(p)
	})
	if err != nil {
		return err
	}
	err = v.bindings.walk(func(r []byte) (int, error) {
		b, n := v.readBinding(r)
		if n == 0 {
			return 0, ErrDamaged
		}
		digest += d.binding(b.Class, b.Object, b.Core)
		bindings++
		return n, binding(b)
	})
	if err != nil {
		return err
	}
	if placements != v.placementCount || bindings != v.bindingCount {
		return fmt.Errorf("%w: there are %d placements and %d bindings where %d and %d were stored",
			ErrDamaged, placements, bindings, v.placementCount, v.bindingCount)
	}
	if digest != v.digest {
		return fmt.Errorf("%w: its digest is %s, that of what was stored is %s", ErrDamaged, digest, v.digest)
	}
	return nil
}

// walk calls visit with the bytes from each record's start to the end of its
// chunk. Visit returns the record's length.
func (v arenaView) walk(visit func(r []byte) (int, error)) error {
	for at := uint64(1); at < v.end; {
		r := v.at(at)
		if r[0] == 0 {
			at += uint64(len(r)) // nothing more fitted into this chunk
			continue
		}
		n, err := visit(r)
		if err != nil {
			return err
		}
		at += uint64(n)
	}
	return nil
}

func (v arenaView) at(offset uint64) []byte {
	return v.chunks[offset>>chunkBits][offset%chunkLen:]
}

// readPlacement reads the record at the start of r. Its length is 0 if there is
// none.
func readPlacement(r []byte) (p Placement, length int) {
	n := int(r[0])
	if n == 0 || n > MaxCoreLen || 1+n >= len(r) {
		return Placement{}, 0
	}
	p.Core = stringOf(r[1 : 1+n])
	length = 1 + n
	library, n := binary.Uvarint(r[length:])
	epoch, m := binary.Uvarint(r[length+max(n, 0):])
	p.Library, p.Epoch = LibraryID(library), epoch
	// A changed bit can also make a longer form of the same number.
	if n != uvarintLen(library) || m != uvarintLen(epoch) || library > math.MaxUint32 {
		return Placement{}, 0
	}
	return p, length + n + m
}

// readBinding reads the record at the start of r. Its length is 0 if there is
// none.
func (v *mappingView) readBinding(r []byte) (b Binding, length int) {
	if len(r) < 2 || r[1] == 0 || r[1] > MaxObjectLen || int(r[0]) > MaxClassLen+len(v.classes) {
		return Binding{}, 0
	}
	length = objectAt(r) + int(r[1]) + refLen
	if length > len(r) {
		return Binding{}, 0
	}
	home := bindingCore(r)
	if home >= v.placements.end {
		return Binding{}, 0
	}
	p, n := readPlacement(v.placements.at(home))
	if n == 0 {
		return Binding{}, 0
	}
	b.Class, b.Object = v.classes.bindingName(r)
	b.Core = p.Core
	return b, length
}
