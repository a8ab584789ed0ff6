package fsm

import (
	"fmt"
	"slices"
)

// LibraryID numbers a library. Ids start at 1, are given in the order in which
// libraries are added, and are never used again. Zero means "no library".
type LibraryID uint32

// LibraryState says whether a library takes new core objects.
type LibraryState uint8

const (
	// LibraryOpen takes new core objects.
	LibraryOpen LibraryState = iota + 1
	// LibraryClosed gets no new core objects; those that live there stay.
	LibraryClosed
	// LibraryDraining gets no new core objects and is to be emptied.
	LibraryDraining
)

// String returns the word that commands, status and errors use.
func (s LibraryState) String() string {
	switch s {
	case LibraryOpen:
		return "open"
	case LibraryClosed:
		return "closed"
	case LibraryDraining:
		return "draining"
	default:
		return fmt.Sprintf("LibraryState(%d)", uint8(s))
	}
}

// TLSMode says how backend connections to a library's servers are protected.
type TLSMode uint8

const (
	// TLSOff sends everything in the clear.
	TLSOff TLSMode = iota
	// TLSRequired encrypts, but believes any server's certificate.
	TLSRequired
	// TLSVerifyCA also checks that a trusted authority has signed the certificate.
	TLSVerifyCA
	// TLSVerifyIdentity also checks that the certificate names the server's host.
	TLSVerifyIdentity
)

// tlsModes are the words for the modes, in config files, commands and status.
var tlsModes = [...]string{
	TLSOff:            "off",
	TLSRequired:       "required",
	TLSVerifyCA:       "verify_ca",
	TLSVerifyIdentity: "verify_identity",
}

// TLSModes returns the words for all modes.
func TLSModes() []string { return slices.Clone(tlsModes[:]) }

// ParseTLSMode reads one of the words of TLSModes.
func ParseTLSMode(word string) (mode TLSMode, ok bool) {
	i := slices.Index(tlsModes[:], word)
	return TLSMode(max(i, 0)), i >= 0
}

// String returns the mode's word.
func (m TLSMode) String() string {
	if int(m) >= len(tlsModes) {
		return fmt.Sprintf("TLSMode(%d)", uint8(m))
	}
	return tlsModes[m]
}

// Library is a home library: one logical MySQL database with an ordered list
// of servers. A Library reached through a LibrarySet must not be changed.
type Library struct {
	ID      LibraryID
	Name    string // 1 to 64 bytes, printable, no white space; unique
	State   LibraryState
	Weight  uint32   // the operator's weight; 0 gets no new core objects
	Servers []Server // in the order in which they are tried
	TLS     TLSMode

	// Active is the address of the server that sessions use. It is always one
	// of Servers, or "" while a change of the active server is under way.
	Active string
	// ActiveEpoch grows by one each time Active changes.
	ActiveEpoch uint64
	// Switch is the change of the active server that is under way, nil for none.
	Switch *Switch

	// Account is what nodes log in to the servers with; the zero value stands for the
	// account of the settings. FormerUsers are users of earlier accounts, the newest one
	// last: connections of theirs may be left.
	Account     Account
	FormerUsers []string

	Failover Failover
	// Pinned says that an operator wants the active server to stay what it is.
	Pinned bool
	// MayFailOverSince is the index of the command since which MayFailOver is true;
	// 0 while it is not. Guarded says that every node knows of it: see GuardLibrary.
	MayFailOverSince uint64
	Guarded          bool
}

// LibrarySet is an immutable view of all libraries at one version.
// It is safe for use by several goroutines.
type LibrarySet struct {
	version uint64
	list    []Library // ascending by ID
}

// NewLibrarySet makes a set of the given libraries. It keeps list, which the
// caller must not change afterwards. Version grows with every change.
func NewLibrarySet(version uint64, list []Library) *LibrarySet {
	slices.SortFunc(list, func(a, b Library) int { return int(a.ID) - int(b.ID) })
	return &LibrarySet{version: version, list: list}
}

// Version is the ring version: it grows by one with every change to a library.
func (s *LibrarySet) Version() uint64 { return s.version }

// All returns the libraries in ascending order of their ids.
// The slice must not be changed.
func (s *LibrarySet) All() []Library { return s.list }

// ByID returns the library of that id, or nil.
func (s *LibrarySet) ByID(id LibraryID) *Library {
	i, ok := slices.BinarySearchFunc(s.list, id, func(l Library, id LibraryID) int { return int(l.ID) - int(id) })
	if !ok {
		return nil
	}
	return &s.list[i]
}

// with returns the list with another library in the place of the one of its id.
func (s *LibrarySet) with(changed Library) []Library {
	list := slices.Clone(s.list)
	for i := range list {
		if list[i].ID == changed.ID {
			list[i] = changed
		}
	}
	return list
}

// HasServer reports whether any library has a server of that address.
func (s *LibrarySet) HasServer(address string) bool {
	for i := range s.list {
		if addressed(s.list[i].Servers, address) >= 0 {
			return true
		}
	}
	return false
}

// ByName returns the library of that name, or nil.
func (s *LibrarySet) ByName(name string) *Library {
	for i := range s.list {
		if s.list[i].Name == name {
			return &s.list[i]
		}
	}
	return nil
}
