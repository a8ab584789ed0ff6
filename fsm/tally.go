package fsm

import "sync"

// Counts tells how much the directory holds.
type Counts struct {
	Placements uint64
	Bindings   uint64
	ByLibrary  map[LibraryID]uint64 // placements; libraries without any are absent
}

// tally counts placements and bindings as they are applied. It may be read from
// any goroutine.
type tally struct {
	mu         sync.Mutex
	placements uint64   // guarded by mu
	bindings   uint64   // guarded by mu
	byLibrary  []uint64 // guarded by mu; indexed by library id, which is dense
}

func (t *tally) addPlacement(library LibraryID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for int(library) >= len(t.byLibrary) {
		t.byLibrary = append(t.byLibrary, 0)
	}
	t.byLibrary[library]++
	t.placements++
}

func (t *tally) addBinding() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bindings++
}

func (t *tally) counts() Counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := Counts{
		Placements: t.placements,
		Bindings:   t.bindings,
		ByLibrary:  make(map[LibraryID]uint64, len(t.byLibrary)),
	}
	for id, n := range t.byLibrary {
		if n > 0 {
			c.ByLibrary[LibraryID(id)] = n
		}
	}
	return c
}
