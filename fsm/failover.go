package fsm

import (
	"fmt"
	"slices"
	"strings"
)

// FailoverPolicy says how another server of a library comes to be the active one.
type FailoverPolicy uint8

const (
	// FailoverOff: by an operator's command only.
	FailoverOff FailoverPolicy = iota
	// FailoverOrdered: the next one of the list that can be reached.
	FailoverOrdered
	// FailoverFollow: whichever takes writes; an outside tool promotes.
	FailoverFollow
	// FailoverPromote: the replica that is furthest, which the cluster promotes.
	FailoverPromote
)

// failoverPolicies are the words for the policies, in config files, commands and
// status.
var failoverPolicies = [...]string{
	FailoverOff:     "off",
	FailoverOrdered: "ordered",
	FailoverFollow:  "follow",
	FailoverPromote: "promote",
}

// FailoverPolicies returns the words for all policies.
func FailoverPolicies() []string { return slices.Clone(failoverPolicies[:]) }

// ParseFailoverPolicy reads one of the words of FailoverPolicies.
func ParseFailoverPolicy(word string) (policy FailoverPolicy, ok bool) {
	i := slices.Index(failoverPolicies[:], word)
	return FailoverPolicy(max(i, 0)), i >= 0
}

// String returns the policy's word.
func (p FailoverPolicy) String() string {
	if int(p) >= len(failoverPolicies) {
		return fmt.Sprintf("FailoverPolicy(%d)", uint8(p))
	}
	return failoverPolicies[p]
}

// Failover is what a library does when its active server fails.
type Failover struct {
	Policy FailoverPolicy
	// Failback, with FailoverOrdered, goes back to an earlier server of the list
	// when it can be reached again.
	Failback bool
}

func (f Failover) check(library string) error {
	if int(f.Policy) >= len(failoverPolicies) {
		return fmt.Errorf("%w: library %s: failover is one of %s", ErrBadChange, library, strings.Join(failoverPolicies[:], ", "))
	}
	if f.Failback && f.Policy != FailoverOrdered {
		return fmt.Errorf("%w: library %s: failback goes with failover %s only", ErrBadChange, library, FailoverOrdered)
	}
	return nil
}

// MayFailOver says whether the active server can change without an operator's
// command. Then a node may use the library only while it holds a lease: see
// GrantLeases.
func (l *Library) MayFailOver() bool {
	return l.Failover.Policy != FailoverOff && len(l.Servers) > 1
}

// reguard notes at index whether the library has come to be one that may fail
// over. Nodes that have not heard of it yet ask for no lease, so it is not guarded
// before GuardLibrary says that all have.
func (l *Library) reguard(index uint64) {
	switch may := l.MayFailOver(); {
	case !may:
		l.Guarded, l.MayFailOverSince = false, 0
	case l.MayFailOverSince == 0:
		l.MayFailOverSince = index
	}
}

// SetFailover changes what a library does when its active server fails.
type SetFailover struct {
	Library  string // its name
	Failover Failover
}

// SetPinned keeps a library's active server from being changed without an
// operator's command, or ends that.
type SetPinned struct {
	Library string // its name
	Pinned  bool
}

// SetMaintenance keeps a server from becoming the active one, or ends that. It is
// refused for the active server and for one that is about to become it.
type SetMaintenance struct {
	Library     string // its name
	Server      string // its address
	Maintenance bool
}

func (c SetFailover) check() error {
	if err := CheckName("library name", c.Library, MaxNameLen); err != nil {
		return err
	}
	return c.Failover.check(c.Library)
}

func (c SetPinned) check() error { return CheckName("library name", c.Library, MaxNameLen) }

func (c SetMaintenance) check() error {
	if err := CheckName("library name", c.Library, MaxNameLen); err != nil {
		return err
	}
	if err := checkAddress(c.Server); err != nil {
		return fmt.Errorf("%w: server %q of library %s: %w", ErrBadChange, c.Server, c.Library, err)
	}
	return nil
}

func (l *Library) setMaintenance(c SetMaintenance) error {
	if _, ok := l.Server(c.Server); !ok {
		return fmt.Errorf("%w: library %s has no server %s", ErrBadChange, l.Name, c.Server)
	}
	switch {
	case !c.Maintenance:
	case c.Server == l.Active:
		return fmt.Errorf("%w: server %s is the active one of library %s; activate another one first: `mysqlda library activate %s SERVER`", ErrBadChange, c.Server, l.Name, l.Name)
	case l.Switch != nil && c.Server == l.Switch.To:
		return fmt.Errorf("%w: server %s is about to become the active one of library %s; try again when that is over, or activate another one: `mysqlda library activate %s SERVER`", ErrBadChange, c.Server, l.Name, l.Name)
	}
	l.changeServer(c.Server, func(s *Server) { s.Maintenance = c.Maintenance })
	return nil
}

// GuardLibrary is the command that says that every node has applied the command
// of index Since, by which a library came to be one that may fail over: from now
// on none uses it without a lease. It is refused, with ErrStaleSwitch, when that
// has changed meanwhile.
type GuardLibrary struct {
	Library LibraryID
	Since   uint64
}

func (s *state) guardLibrary(c GuardLibrary) error {
	return s.changeLibrary(c.Library, func(l *Library) error {
		if l.MayFailOverSince != c.Since || c.Since == 0 {
			return fmt.Errorf("%w: library %s may fail over since entry %d, not %d", ErrStaleSwitch, l.Name, l.MayFailOverSince, c.Since)
		}
		l.Guarded = true
		return nil
	})
}
