package fsm

import (
	"fmt"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// applyImport carries out the records. An error means that the mapping log
// cannot store any more, and this node must stop.
func (s *state) applyImport(p *fsmpb.Import) (Result, error) {
	r := importer{log: s.log.Load(), tally: &s.tally, libraries: s.libraries.Load()}
	err := r.placements(cursor{rest: p.GetPlacements()})
	if err == nil && r.refused == nil {
		err = r.bindings(cursor{rest: p.GetBindings()})
	}
	return Result{Import: r.result, Err: r.refused}, err
}

// importer applies one import.
type importer struct {
	log       *mappingLog
	tally     *tally
	libraries *LibrarySet
	record    int // the number of the next one
	result    ImportResult
	refused   error // why the rest was not looked at
}

func (r *importer) placements(c cursor) error {
	for ; len(c.rest) > 0; r.record++ {
		core, library := c.placement()
		if c.bad {
			r.unreadable()
			return nil
		}
		if r.libraries.ByID(library) == nil {
			r.conflict(fmt.Errorf("%w: there is no library %d for %s", ErrBadChange, library, core))
			continue
		}
		at := r.log.seekPlacement(core)
		if at.found {
			r.compare(r.log.placementAt(at.offset()), library)
			continue
		}
		if err := r.log.addPlacement(at, Placement{Core: core, Library: library, Epoch: 1}); err != nil {
			return err
		}
		r.tally.addPlacement(library)
		r.result.Added++
	}
	return nil
}

// compare reports a core object that lives elsewhere than the record says.
func (r *importer) compare(known Placement, library LibraryID) {
	if known.Library == library {
		r.result.Present++
		return
	}
	r.conflict(fmt.Errorf("%w: %s lives in %s, not in %s", ErrPlacedElsewhere, known.Core, r.name(known.Library), r.name(library)))
}

func (r *importer) bindings(c cursor) error {
	for ; len(c.rest) > 0; r.record++ {
		b := c.binding()
		if c.bad {
			r.unreadable()
			return nil
		}
		at := r.log.seekBinding(b.Class, b.Object)
		home := r.log.seekPlacement(b.Core)
		switch {
		case at.found && r.log.boundTo(at.offset()) == b.Core:
			r.result.Present++
		case at.found:
			r.conflict(fmt.Errorf("%w: class %s object %s is bound to %s, not to %s", ErrBound, b.Class, b.Object, r.log.boundTo(at.offset()), b.Core))
		case !home.found:
			r.conflict(fmt.Errorf("%w: %s", ErrNoPlacement, b.Core))
		default:
			if err := r.log.addBinding(at, home, b); err != nil {
				return err
			}
			r.result.Added++
		}
	}
	return nil
}

func (r *importer) conflict(err error) {
	r.result.Conflicts = append(r.result.Conflicts, ImportConflict{Record: r.record, Err: err})
}

// unreadable ends an import whose proposer did not check it. All nodes find the
// same, so it is no reason to stop.
func (r *importer) unreadable() {
	r.refused = fmt.Errorf("%w: record %d of the import cannot be read; those before it count", ErrBadChange, r.record)
}

func (r *importer) name(id LibraryID) string {
	if l := r.libraries.ByID(id); l != nil {
		return l.Name
	}
	return fmt.Sprintf("library %d", id)
}
