package fsm

import (
	"fmt"
	"io"
	"slices"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// Restore replaces the whole state by that of a snapshot, which must end where r
// ends. Readers see the old state until it is complete, then the new one. After
// an error (a snapshot that is truncated, corrupt, foreign or of another
// release, or r's own) the state is what it was.
func (m *Machine) Restore(r io.Reader) error {
	s, err := restoreState(r)
	if err != nil {
		return err
	}
	m.state.Store(s)
	return nil
}

// restoreState reads and checks blocks on the caller's goroutine and adds their
// records on another.
func restoreState(r io.Reader) (*state, error) {
	a := &adder{lists: make(chan recordList, pendingLists), failed: make(chan struct{}), done: make(chan struct{})}
	var header *fsmpb.SnapshotHeader
	err := readSnapshot(r, snapshotParts{
		header: func(s *state, h *fsmpb.SnapshotHeader) error {
			header = h
			log := s.log.Load()
			log.placements.index.expect(h.GetPlacements())
			log.bindings.index.expect(h.GetBindings())
			a.state = s
			go a.run()
			return nil
		},
		placements: func(list []Placement) error { return a.give(recordList{placements: list}) },
		bindings:   func(list []Binding) error { return a.give(recordList{bindings: list}) },
	})
	if a.state == nil {
		return nil, err
	}
	close(a.lists)
	<-a.done
	if a.err != nil {
		return nil, fmt.Errorf("read snapshot: %w", a.err)
	}
	if err != nil {
		return nil, err
	}
	a.state.begun.Store(header.GetIndex())
	a.state.advance(header.GetIndex(), Hash(header.GetHash()))
	return a.state, nil
}

// pendingLists is how many lists may wait to be added; each is of one block.
const pendingLists = 4

type recordList struct {
	placements []Placement
	bindings   []Binding
}

// adder adds a snapshot's records to a state that nobody else sees yet.
type adder struct {
	state  *state
	lists  chan recordList
	failed chan struct{} // closed when a list could not be added
	done   chan struct{} // closed when run has ended
	err    error         // why failed is closed; to be read after done or failed
}

// give passes a list on, unless an earlier one could not be added.
func (a *adder) give(list recordList) error {
	select {
	case a.lists <- list:
		return nil
	case <-a.failed:
		return a.err
	}
}

// run adds lists until there are no more or one cannot be added.
func (a *adder) run() {
	defer close(a.done)
	for list := range a.lists {
		if a.err = a.add(list); a.err != nil {
			close(a.failed)
			return
		}
	}
}

func (a *adder) add(list recordList) error {
	for group := range slices.Chunk(list.placements, touchAhead) {
		if err := a.state.restorePlacements(group); err != nil {
			return err
		}
	}
	for group := range slices.Chunk(list.bindings, touchAhead) {
		if err := a.state.restoreBindings(group); err != nil {
			return err
		}
	}
	return nil
}

// restorePlacements adds at most touchAhead placements.
func (s *state) restorePlacements(list []Placement) error {
	log := s.log.Load()
	var hashes [touchAhead]uint64
	for i := range list {
		hashes[i] = log.hashCore(list[i].Core)
		log.placements.index.touch(hashes[i])
	}
	for i, p := range list {
		at := log.probePlacement(hashes[i], p.Core)
		if at.found {
			return fmt.Errorf("it is corrupt: %q has two placements", p.Core)
		}
		if err := log.addPlacement(at, p); err != nil {
			return err
		}
		s.tally.addPlacement(p.Library)
	}
	return nil
}

// restoreBindings adds at most touchAhead bindings.
func (s *state) restoreBindings(list []Binding) error {
	log := s.log.Load()
	var hashes, homes [touchAhead]uint64
	for i, b := range list {
		homes[i] = log.hashCore(b.Core)
		hashes[i] = log.hashCorrelated(b.Class, b.Object)
		log.placements.index.touch(homes[i])
		log.bindings.index.touch(hashes[i])
	}
	for i, b := range list {
		at := log.probeBinding(hashes[i], b.Class, b.Object)
		if at.found {
			return fmt.Errorf("it is corrupt: class %q object %q has two bindings", b.Class, b.Object)
		}
		home := log.probePlacement(homes[i], b.Core)
		if !home.found {
			return fmt.Errorf("it is corrupt: class %q object %q is bound to %q, which has no placement", b.Class, b.Object, b.Core)
		}
		if err := log.addBinding(at, home, b); err != nil {
			return err
		}
	}
	return nil
}
