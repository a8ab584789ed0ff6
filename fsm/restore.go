package fsm

import (
	"fmt"
	"io"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// Restore replaces the whole state by that of a snapshot, which must end where r
// ends. Readers see the old state until it is complete, then the new one. After
// an error (a snapshot that is truncated, corrupt, foreign or of another
// release, or r's own) the state is what it was.
func (m *Machine) Restore(r io.Reader) error {
	var restored *state
	var header *fsmpb.SnapshotHeader
	err := readSnapshot(r, snapshotParts{
		header: func(s *state, h *fsmpb.SnapshotHeader) error {
			restored, header = s, h
			return nil
		},
		placements: func(list []Placement) error { return restored.restorePlacements(list) },
		bindings:   func(list []Binding) error { return restored.restoreBindings(list) },
	})
	if err != nil {
		return err
	}
	restored.advance(header.GetIndex(), Hash(header.GetHash()))
	m.state.Store(restored)
	return nil
}

func (s *state) restorePlacements(list []Placement) error {
	log := s.log.Load()
	for _, p := range list {
		at := log.seekPlacement(p.Core)
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

func (s *state) restoreBindings(list []Binding) error {
	log := s.log.Load()
	for _, b := range list {
		at := log.seekBinding(b.Class, b.Object)
		if at.found {
			return fmt.Errorf("it is corrupt: class %q object %q has two bindings", b.Class, b.Object)
		}
		home := log.seekPlacement(b.Core)
		if !home.found {
			return fmt.Errorf("it is corrupt: class %q object %q is bound to %q, which has no placement", b.Class, b.Object, b.Core)
		}
		if err := log.addBinding(at, home, b); err != nil {
			return err
		}
	}
	return nil
}
