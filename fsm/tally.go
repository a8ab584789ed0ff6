package fsm

import "sync"

// Counts tells how much the directory holds.
type Counts struct {
	Placements uint64
	Bindings   uint64
	ByLibrary  map[LibraryID]uint64 // placements; libraries without any are absent
	Digest     Digest
}

// tally tells any goroutine what the directory holds. The one that applies
// commands counts without a lock and publishes after each command.
type tally struct {
	pending []uint64    // placements not published yet, by library id, which is dense
	touched []LibraryID // of which there are some

	mu         sync.Mutex
	placements uint64   // guarded by mu
	bindings   uint64   // guarded by mu
	digest     Digest   // guarded by mu
	byLibrary  []uint64 // guarded by mu; indexed by library id
}

func (t *tally) addPlacement(library LibraryID) {
	for int(library) >= len(t.pending) {
		t.pending = append(t.pending, 0)
	}
	if t.pending[library] == 0 {
		t.touched = append(t.touched, library)
	}
	t.pending[library]++
}

// publish makes what was counted since it was last called known, together with
// what the log holds now.
func (t *tally) publish(l *mappingLog) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.byLibrary) < len(t.pending) {
		t.byLibrary = append(t.byLibrary, 0)
	}
	for _, library := range t.touched {
		t.byLibrary[library] += t.pending[library]
		t.pending[library] = 0
	}
	t.touched = t.touched[:0]
	t.placements, t.bindings, t.digest = l.placements.count, l.bindings.count, l.digest
}

func (t *tally) counts() Counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := Counts{
		Placements: t.placements,
		Bindings:   t.bindings,
		Digest:     t.digest,
		ByLibrary:  make(map[LibraryID]uint64, len(t.byLibrary)),
	}
	for id, n := range t.byLibrary {
		if n > 0 {
			c.ByLibrary[LibraryID(id)] = n
		}
	}
	return c
}
