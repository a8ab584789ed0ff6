package fsm

import (
	"fmt"
	"slices"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// RemoveLibrary forgets a library for good. It is refused while a core object lives
// there, while it is the default library of sessions, and while its active server is
// being changed. Its id is never given again; its name may be.
type RemoveLibrary struct {
	Library string // its name
}

func (c RemoveLibrary) check() error { return CheckName("library name", c.Library, MaxNameLen) }

func (c RemoveLibrary) proto() *fsmpb.LibraryChange {
	return &fsmpb.LibraryChange{Change: &fsmpb.LibraryChange_Remove{Remove: &fsmpb.RemoveLibrary{Library: c.Library}}}
}

func (d *draft) remove(c RemoveLibrary) error {
	l, err := d.library(c.Library)
	if err != nil {
		return err
	}
	if err := d.inUse(l); err != nil {
		return err
	}
	d.list = slices.DeleteFunc(d.list, func(l Library) bool { return l.Name == c.Library })
	return nil
}

// inUse says why a library cannot be removed. An assignment that was chosen for it
// before it is removed is decided again when it comes to be applied.
func (s *state) inUse(l *Library) error {
	if l.Switch != nil {
		return fmt.Errorf("%w: the active server of library %s is being changed; try again when that is over", ErrBadChange, l.Name)
	}
	if s.settings.Load().DefaultLibrary == l.Name {
		return fmt.Errorf("%w: library %s is the default library of sessions (auth.default_library) and cannot be removed", ErrBadChange, l.Name)
	}
	if n := s.tally.of(l.ID); n > 0 {
		return fmt.Errorf("%w: library %s cannot be removed, since core objects live there: %d; "+
			"`mysqlda library close %s` or `mysqlda library drain %s` keeps new ones away", ErrBadChange, l.Name, n, l.Name, l.Name)
	}
	return nil
}

// of is how many core objects live in a library, for the goroutine that applies
// commands.
func (t *tally) of(library LibraryID) uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	var n uint64
	if int(library) < len(t.byLibrary) {
		n = t.byLibrary[library]
	}
	if int(library) < len(t.pending) {
		n += t.pending[library]
	}
	return n
}
