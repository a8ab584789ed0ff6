package fsm

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of users.
const (
	MaxUsers        = 1000
	MaxUserNameLen  = MaxCredentialLen // bytes
	MaxPasswords    = 2                // of one user, while they are rotated
	MaxUserNetworks = 32
	MaxUserSessions = 1_000_000
)

// Role says what a user may do beside using its libraries.
type Role uint8

const (
	// RoleClient sees and ends its own sessions.
	RoleClient Role = iota
	// RoleAdmin sees and ends everybody's.
	RoleAdmin
)

var roles = [...]string{RoleClient: "client", RoleAdmin: "admin"}

// Roles returns the words for all roles.
func Roles() []string { return slices.Clone(roles[:]) }

// ParseRole reads one of the words of Roles.
func ParseRole(word string) (role Role, ok bool) {
	i := slices.Index(roles[:], word)
	return Role(max(i, 0)), i >= 0
}

// String returns the role's word.
func (r Role) String() string {
	if int(r) >= len(roles) {
		return fmt.Sprintf("Role(%d)", uint8(r))
	}
	return roles[r]
}

// Verifier is what a client's knowledge of a password is checked with; package
// proxy/wire makes and uses them. It is a secret: see wire.Verifier.
type Verifier struct {
	Native  [20]byte // SHA1(SHA1(password))
	SHA2    [32]byte // SHA256(SHA256(password))
	Ed25519 [32]byte // the public key of client_ed25519
}

// String implements fmt.Stringer. It tells nothing, so that no log does.
func (Verifier) String() string { return "(hidden)" }

// GoString implements fmt.GoStringer, as String.
func (Verifier) GoString() string { return "(hidden)" }

// User is who may log in as a client. A User reached through a UserSet must not be
// changed.
type User struct {
	Name string // 1 to MaxUserNameLen bytes
	// Passwords are those that are right, newest first: one, or two while they are
	// rotated.
	Passwords []Verifier
	// Networks are where the user may come from, in ascending order; none: anywhere.
	Networks []netip.Prefix
	// DefaultLibrary and DefaultCore say where a session of the user starts, as those
	// of Settings do for users that have neither.
	DefaultLibrary, DefaultCore string
	// MaxSessions bounds the user's sessions at each node; 0 sets no bound.
	MaxSessions uint32
	Role        Role
	Locked      bool // it may not log in
	// Version is the index of the command that has made the user what it is.
	Version uint64
}

// MayComeFrom tells whether the user may log in from that address.
func (u *User) MayComeFrom(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	return len(u.Networks) == 0 || slices.ContainsFunc(u.Networks, func(n netip.Prefix) bool { return n.Contains(address) })
}

// check gives the same answer in every build. The error wraps ErrBadChange.
func (u *User) check() error {
	switch {
	case u.Name == "":
		return fmt.Errorf("%w: the user has no name", ErrBadChange)
	case len(u.Name) > MaxUserNameLen:
		return fmt.Errorf("%w: the name of the user has %d bytes, at most %d are allowed", ErrBadChange, len(u.Name), MaxUserNameLen)
	case strings.IndexByte(u.Name, 0) >= 0 || !utf8.ValidString(u.Name):
		return fmt.Errorf("%w: the name of the user is no text", ErrBadChange)
	case len(u.Passwords) == 0 || len(u.Passwords) > MaxPasswords:
		return fmt.Errorf("%w: user %s has %d passwords, 1 to %d are allowed", ErrBadChange, u.Name, len(u.Passwords), MaxPasswords)
	case len(u.Networks) > MaxUserNetworks:
		return fmt.Errorf("%w: user %s has %d networks, at most %d are allowed", ErrBadChange, u.Name, len(u.Networks), MaxUserNetworks)
	case len(u.DefaultLibrary) > MaxNameLen || len(u.DefaultCore) > MaxCoreLen:
		return fmt.Errorf("%w: user %s: a default library has at most %d bytes, a default core object %d", ErrBadChange, u.Name, MaxNameLen, MaxCoreLen)
	case u.DefaultLibrary != "" && u.DefaultCore != "":
		return fmt.Errorf("%w: user %s has a default library and a default core object, and can have one of them", ErrBadChange, u.Name)
	case u.MaxSessions > MaxUserSessions:
		return fmt.Errorf("%w: user %s may have %d sessions, at most %d are allowed", ErrBadChange, u.Name, u.MaxSessions, MaxUserSessions)
	case int(u.Role) >= len(roles):
		return fmt.Errorf("%w: user %s: the role is one of %s", ErrBadChange, u.Name, strings.Join(roles[:], ", "))
	}
	for i, n := range u.Networks {
		if !n.IsValid() || n.Masked() != n || i > 0 && ComparePrefixes(u.Networks[i-1], n) >= 0 {
			return fmt.Errorf("%w: the networks of user %s are out of order, or one is none", ErrBadChange, u.Name)
		}
	}
	return nil
}

// ComparePrefixes orders networks by address and then by length.
func ComparePrefixes(a, b netip.Prefix) int {
	if c := a.Addr().Compare(b.Addr()); c != 0 {
		return c
	}
	return a.Bits() - b.Bits()
}

// UserSet is who may log in as a client. It is never changed.
type UserSet struct {
	list []User // in ascending order of their names
	// accountIsNoUser says that the account of the settings has been put or removed
	// as a user. Before that it is one, with the settings' password.
	accountIsNoUser bool
}

// All returns the users that were put, in ascending order of their names.
func (s *UserSet) All() []User { return s.list }

// Named returns the user of that name that was put, nil if there is none.
func (s *UserSet) Named(name string) *User {
	if i, ok := s.find(name); ok {
		return &s.list[i]
	}
	return nil
}

// AccountIsUser tells whether the account of the settings, by which nodes log in to
// servers, is a client user with the same password and nothing else: so it was
// before there were users, and is until that user is put or removed.
func (s *UserSet) AccountIsUser() bool { return !s.accountIsNoUser }

func (s *UserSet) find(name string) (int, bool) {
	return slices.BinarySearchFunc(s.list, name, func(u User, name string) int { return strings.Compare(u.Name, name) })
}
