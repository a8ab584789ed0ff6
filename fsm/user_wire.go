package fsm

import (
	"fmt"
	"net/netip"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// Proto gives the command's form for the log and for forwarding.
func (c PutUser) Proto() *fsmpb.PutUser {
	p := &fsmpb.PutUser{User: userProto(&c.User), ExpectVersion: c.ExpectVersion}
	p.User.Version = 0
	return p
}

// PutUserFromProto reads a forwarded command and checks it.
func PutUserFromProto(p *fsmpb.PutUser) (PutUser, error) {
	c, err := putUserFromLog(p)
	if err == nil {
		err = c.Check()
	}
	if err != nil {
		return PutUser{}, err
	}
	return c, nil
}

func putUserFromLog(p *fsmpb.PutUser) (PutUser, error) {
	u, err := userFromProto(p.GetUser())
	return PutUser{User: u, ExpectVersion: p.GetExpectVersion()}, err
}

// Proto gives the command's form for the log and for forwarding.
func (c RemoveUser) Proto() *fsmpb.RemoveUser { return &fsmpb.RemoveUser{Name: c.Name} }

// RemoveUserFromProto reads a forwarded command and checks it.
func RemoveUserFromProto(p *fsmpb.RemoveUser) (RemoveUser, error) {
	c := RemoveUser{Name: p.GetName()}
	if err := c.Check(); err != nil {
		return RemoveUser{}, err
	}
	return c, nil
}

func userProto(u *User) *fsmpb.User {
	p := &fsmpb.User{
		Name: u.Name, DefaultLibrary: u.DefaultLibrary, DefaultCore: u.DefaultCore,
		MaxSessions: u.MaxSessions, Role: fsmpb.UserRole(u.Role), Locked: u.Locked, Version: u.Version,
	}
	for _, v := range u.Passwords {
		p.Passwords = append(p.Passwords, &fsmpb.Verifier{Native: v.Native[:], Sha2: v.SHA2[:], Ed25519: v.Ed25519[:]})
	}
	for _, n := range u.Networks {
		p.Networks = append(p.Networks, &fsmpb.Network{Address: n.Addr().AsSlice(), Bits: uint32(n.Bits())})
	}
	return p
}

func userProtos(list []User) []*fsmpb.User {
	protos := make([]*fsmpb.User, len(list))
	for i := range list {
		protos[i] = userProto(&list[i])
	}
	return protos
}

// userFromProto reads a user, which is not checked but for what its type cannot
// hold. The error wraps ErrBadChange.
func userFromProto(p *fsmpb.User) (User, error) {
	u := User{
		Name: p.GetName(), DefaultLibrary: p.GetDefaultLibrary(), DefaultCore: p.GetDefaultCore(),
		MaxSessions: p.GetMaxSessions(), Locked: p.GetLocked(), Version: p.GetVersion(),
	}
	if u.Role = Role(p.GetRole()); fsmpb.UserRole(u.Role) != p.GetRole() {
		return User{}, fmt.Errorf("%w: user %s has a role that is none", ErrBadChange, u.Name)
	}
	for _, v := range p.GetPasswords() {
		var known Verifier
		if len(v.GetNative()) != len(known.Native) || len(v.GetSha2()) != len(known.SHA2) || len(v.GetEd25519()) != len(known.Ed25519) {
			return User{}, fmt.Errorf("%w: user %s has a verifier of another length than verifiers have", ErrBadChange, u.Name)
		}
		u.Passwords = append(u.Passwords, Verifier{
			Native: [20]byte(v.GetNative()), SHA2: [32]byte(v.GetSha2()), Ed25519: [32]byte(v.GetEd25519()),
		})
	}
	for _, n := range p.GetNetworks() {
		address, ok := netip.AddrFromSlice(n.GetAddress())
		if !ok || n.GetBits() > uint32(address.BitLen()) {
			return User{}, fmt.Errorf("%w: user %s has a network that is none", ErrBadChange, u.Name)
		}
		u.Networks = append(u.Networks, netip.PrefixFrom(address, int(n.GetBits())))
	}
	return u, nil
}

// usersFromProto reads a list of users.
func usersFromProto(protos []*fsmpb.User) ([]User, error) {
	list := make([]User, len(protos))
	for i, p := range protos {
		var err error
		if list[i], err = userFromProto(p); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// readUsers takes over those of a snapshot's header.
func (s *state) readUsers(h *fsmpb.SnapshotHeader) error {
	list, err := usersFromProto(h.GetUsers())
	if err != nil {
		return err
	}
	set := &UserSet{list: list, accountIsNoUser: h.GetAccountIsNoUser()}
	if len(list) > MaxUsers {
		return fmt.Errorf("%d users, at most %d are allowed", len(list), MaxUsers)
	}
	for i := range list {
		u := &list[i]
		if err := u.check(); err != nil {
			return err
		}
		if i > 0 && u.Name <= list[i-1].Name || u.Version == 0 || u.Version > h.GetIndex() {
			return fmt.Errorf("user %s is out of order, or of a version that cannot be", u.Name)
		}
	}
	s.users.Store(set)
	return nil
}
