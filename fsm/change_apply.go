package fsm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// changeLibraries carries out all changes on a copy and publishes it, or
// returns why it did not.
func (s *state) changeLibraries(index uint64, p *fsmpb.ChangeLibraries) error {
	if s.settings.Load() == nil {
		return fmt.Errorf("%w: the cluster is not bootstrapped yet", ErrBadChange)
	}
	current := s.libraries.Load()
	if expect := p.GetExpectVersion(); expect != 0 && expect != current.Version() {
		return fmt.Errorf("%w: the change was made for version %d, the current one is %d", ErrStaleVersion, expect, current.Version())
	}
	d, err := s.draftOf(index, p.GetChanges())
	if err != nil {
		return err
	}
	s.publish(current.Version()+1, d)
	return nil
}

// draftOf carries out changes on a copy.
func (s *state) draftOf(index uint64, changes []*fsmpb.LibraryChange) (draft, error) {
	d := draft{list: slices.Clone(s.libraries.Load().All()), next: s.nextLibrary, index: index, inUse: s.inUse}
	for _, change := range changes {
		if err := d.apply(libraryChangeFromProto(change)); err != nil {
			return draft{}, err
		}
	}
	return d, nil
}

func (s *state) publish(version uint64, d draft) {
	s.nextLibrary = d.next
	s.libraries.Store(NewLibrarySet(version, d.list))
	s.dropGreetings()
}

// draft is a list of libraries that is being changed. Server lists are replaced
// and never written to, since published sets share them.
type draft struct {
	list []Library
	next LibraryID // of the next library to be added

	index uint64 // of the command that changes it
	// inUse says why a library cannot be removed.
	inUse func(*Library) error
}

func (d *draft) apply(change LibraryChange) error {
	switch c := change.(type) {
	case AddLibrary:
		return d.add(c)
	case SetWeight:
		l, err := d.library(c.Library)
		if err != nil {
			return err
		}
		if err := checkWeight(c.Library, c.Weight); err != nil {
			return err
		}
		l.Weight = c.Weight
	case SetState:
		l, err := d.library(c.Library)
		if err != nil {
			return err
		}
		if err := checkState(c.Library, c.State); err != nil {
			return err
		}
		l.State = c.State
	case SetServers:
		l, err := d.library(c.Library)
		if err != nil {
			return err
		}
		if err := checkServerList(c.Library, c.Servers); err != nil {
			return err
		}
		if err := l.setServers(c); err != nil {
			return err
		}
		l.reguard(d.index)
	case SetTLS:
		l, err := d.library(c.Library)
		if err != nil {
			return err
		}
		if err := checkTLS(c.Library, c.TLS); err != nil {
			return err
		}
		l.TLS = c.TLS
	case SetFailover:
		l, err := d.library(c.Library)
		if err != nil {
			return err
		}
		if err := c.Failover.check(c.Library); err != nil {
			return err
		}
		l.Failover = c.Failover
		l.reguard(d.index)
	case SetPinned:
		l, err := d.library(c.Library)
		if err != nil {
			return err
		}
		l.Pinned = c.Pinned
	case SetMaintenance:
		l, err := d.library(c.Library)
		if err != nil {
			return err
		}
		return l.setMaintenance(c)
	case RemoveLibrary:
		return d.remove(c)
	default:
		return fmt.Errorf("%w: a change is empty", ErrBadChange)
	}
	return nil
}

func (d *draft) add(c AddLibrary) error {
	if err := checkLen("library name", c.Name, MaxNameLen); err != nil {
		return err
	}
	if err := checkWeight(c.Name, c.Weight); err != nil {
		return err
	}
	if err := checkTLS(c.Name, c.TLS); err != nil {
		return err
	}
	if err := checkServerList(c.Name, c.Servers); err != nil {
		return err
	}
	if err := c.Failover.check(c.Name); err != nil {
		return err
	}
	if len(d.list) >= MaxLibraries {
		return fmt.Errorf("%w: library %s would be more than %d libraries", ErrBadChange, c.Name, MaxLibraries)
	}
	if _, err := d.library(c.Name); err == nil {
		return fmt.Errorf("%w: there is a library %s already", ErrBadChange, c.Name)
	}
	l := Library{
		ID:          d.next,
		Name:        c.Name,
		State:       LibraryOpen,
		Weight:      c.Weight,
		Servers:     c.Servers,
		TLS:         c.TLS,
		Active:      c.Servers[0].Address,
		ActiveEpoch: 1,
		Failover:    c.Failover,
	}
	// No node can have used it before.
	l.reguard(d.index)
	l.Guarded = l.MayFailOver()
	d.list = append(d.list, l)
	d.next++
	return nil
}

func (d *draft) library(name string) (*Library, error) {
	i := slices.IndexFunc(d.list, func(l Library) bool { return l.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("%w: there is no library %s", ErrBadChange, name)
	}
	return &d.list[i], nil
}

// setServers makes another list the library's. What is known of servers that stay
// is kept.
func (l *Library) setServers(c SetServers) error {
	if l.Switch != nil {
		return fmt.Errorf("%w: the active server of library %s is being changed; try again when that is over", ErrBadChange, l.Name)
	}
	if !c.replaceActive && addressed(c.Servers, l.Active) < 0 {
		return fmt.Errorf("%w: server %s is the active one of library %s; activate another one before it is taken away: `mysqlda library activate %s SERVER`", ErrBadChange, l.Active, l.Name, l.Name)
	}
	servers := make([]Server, len(c.Servers))
	for i, s := range c.Servers {
		if known, ok := l.Server(s.Address); ok {
			servers[i] = known
		} else {
			servers[i] = Server{Address: s.Address}
		}
	}
	l.Servers = servers
	if c.replaceActive && l.Active != servers[0].Address {
		l.activate(servers[0].Address)
	}
	return nil
}

// takesNew reports whether new core objects may be given to the library.
func (l *Library) takesNew() bool { return l.State == LibraryOpen && l.Weight > 0 }

func checkWeight(library string, weight uint32) error {
	if weight > MaxWeight {
		return fmt.Errorf("%w: library %s: weight %d is above %d", ErrBadChange, library, weight, MaxWeight)
	}
	return nil
}

func checkTLS(library string, mode TLSMode) error {
	if int(mode) >= len(tlsModes) {
		return fmt.Errorf("%w: library %s: TLS is one of %s", ErrBadChange, library, strings.Join(tlsModes[:], ", "))
	}
	return nil
}

func checkState(library string, state LibraryState) error {
	switch state {
	case LibraryOpen, LibraryClosed, LibraryDraining:
		return nil
	default:
		return fmt.Errorf("%w: library %s: a library is open, closed or draining", ErrBadChange, library)
	}
}

// checkServerList is the part of checkServers that gives the same answer in
// every build.
func checkServerList(library string, servers []Server) error {
	if len(servers) == 0 || len(servers) > MaxServers {
		return fmt.Errorf("%w: library %s has %d servers, 1 to %d are allowed", ErrBadChange, library, len(servers), MaxServers)
	}
	for i, s := range servers {
		if s.Address == "" || len(s.Address) > MaxAddressLen {
			return fmt.Errorf("%w: library %s: an address has %d bytes, 1 to %d are allowed", ErrBadChange, library, len(s.Address), MaxAddressLen)
		}
		if addressed(servers[:i], s.Address) >= 0 {
			return fmt.Errorf("%w: library %s has the server %s twice", ErrBadChange, library, s.Address)
		}
	}
	return nil
}
