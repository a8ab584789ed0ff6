package fsm

import (
	"fmt"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// readLibraries takes over the libraries and the settings of a snapshot's header.
func (s *state) readLibraries(h *fsmpb.SnapshotHeader) error {
	d := draft{list: make([]Library, len(h.GetLibraries())), next: LibraryID(h.GetNextLibrary()), index: h.GetIndex()}
	for i, p := range h.GetLibraries() {
		d.list[i] = libraryFromProto(p)
	}
	if err := checkLibraries(d); err != nil {
		return err
	}
	s.publish(h.GetLibrariesVersion(), d)
	if h.GetSettings() == nil {
		return nil
	}
	settings := settingsFromProto(h.GetSettings())
	if err := settings.check(d); err != nil {
		return err
	}
	s.settings.Store(settings)
	return nil
}

// checkLibraries reports whether Apply could have made these libraries by the
// draft's index.
func checkLibraries(d draft) error {
	if len(d.list) > MaxLibraries {
		return fmt.Errorf("%d libraries, at most %d are allowed", len(d.list), MaxLibraries)
	}
	names := make(map[string]bool, len(d.list))
	var last LibraryID
	for i := range d.list {
		l := &d.list[i]
		if l.ID <= last || l.ID >= d.next || names[l.Name] {
			return fmt.Errorf("library %s has the id or the name of another", l.Name)
		}
		last, names[l.Name] = l.ID, true
		if err := l.checkLens(); err != nil {
			return err
		}
		if err := l.checkActive(d.index); err != nil {
			return err
		}
		if err := l.checkAccount(); err != nil {
			return err
		}
	}
	return d.checkAccounts()
}

func (l *Library) checkLens() error {
	if err := checkLen("library name", l.Name, MaxNameLen); err != nil {
		return err
	}
	if err := checkWeight(l.Name, l.Weight); err != nil {
		return err
	}
	if err := checkState(l.Name, l.State); err != nil {
		return err
	}
	if err := checkTLS(l.Name, l.TLS); err != nil {
		return err
	}
	if err := checkServerList(l.Name, l.Servers); err != nil {
		return err
	}
	return l.Failover.check(l.Name)
}

// checkActive reports whether there could be such an active server, switch and guard
// after the command of that index.
func (l *Library) checkActive(index uint64) error {
	for _, s := range l.Servers {
		if s.Fence.check() != nil || checkReason(s.Excluded) != nil || s.Address == l.Active && s != (Server{Address: s.Address}) {
			return fmt.Errorf("server %s of library %s is in a state that cannot be", s.Address, l.Name)
		}
	}
	if l.Active != "" && addressed(l.Servers, l.Active) < 0 {
		return fmt.Errorf("the active server %s of library %s is none of its servers", l.Active, l.Name)
	}
	if l.ActiveEpoch == 0 || !l.possibleSwitch(index) {
		return fmt.Errorf("library %s has an active server, an epoch or a switch that cannot be", l.Name)
	}
	if may := l.MayFailOver(); (l.MayFailOverSince != 0) != may || l.MayFailOverSince > index || l.Guarded && !may {
		return fmt.Errorf("library %s may fail over, or is guarded, since entry %d, which cannot be", l.Name, l.MayFailOverSince)
	}
	return nil
}

// possibleSwitch tells whether the library's switch, or that there is none, goes with
// its servers.
func (l *Library) possibleSwitch(index uint64) bool {
	s := l.Switch
	if s == nil {
		return l.Active != ""
	}
	active := "" // what there is in every phase but the first
	if s.Phase == SwitchDraining {
		active = s.From
	}
	return s.Phase >= SwitchDraining && s.Phase < SwitchActive &&
		l.Active == active && addressed(l.Servers, s.From) >= 0 &&
		l.checkSuccessor(s.To) == nil && (s.To != "" || s.Phase < SwitchChosen) &&
		s.Cause.known() && checkReason(s.Reason) == nil &&
		s.Began > 0 && s.Began <= index
}
