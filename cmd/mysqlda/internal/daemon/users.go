package daemon

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// Users implements admin.UserKeeper.
func (d *daemon) Users(context.Context) ([]admin.User, error) {
	node, err := d.running()
	if err != nil {
		return nil, err
	}
	settings, set := node.Settings(), node.Users()
	if settings == nil {
		return nil, fsm.ErrNoSettings
	}
	users := []admin.User{}
	for _, u := range set.All() {
		users = append(users, userStatus(&u))
	}
	if set.AccountIsUser() {
		users = append(users, userStatus(accountUser(settings)))
		users[len(users)-1].Account = true
	}
	slices.SortFunc(users, func(a, b admin.User) int { return strings.Compare(a.Name, b.Name) })
	return users, nil
}

func userStatus(u *fsm.User) admin.User {
	status := admin.User{
		Name: u.Name, Role: u.Role.String(), Locked: u.Locked, Passwords: len(u.Passwords), Networks: []string{},
		DefaultLibrary: u.DefaultLibrary, DefaultCore: u.DefaultCore, MaxSessions: u.MaxSessions,
	}
	for _, n := range u.Networks {
		status.Networks = append(status.Networks, n.String())
	}
	return status
}

// accountUser is the user that the account of the settings is until it is put.
func accountUser(s *fsm.Settings) *fsm.User {
	return &fsm.User{Name: s.User, Passwords: []fsm.Verifier{fsm.Verifier(wire.NewVerifier(s.Password))}}
}

// AddUser implements admin.UserKeeper.
func (d *daemon) AddUser(ctx context.Context, name string, change admin.UserChange) error {
	node, u, err := d.currentUser(ctx, name)
	switch {
	case err != nil:
		return err
	case u != nil:
		return fmt.Errorf("%w: there is a user %s already", fsm.ErrBadChange, name)
	case change.Password == nil:
		return fmt.Errorf("%w: a user that is added needs a password", admin.ErrBadRequest)
	}
	if err := fsm.CheckName("the name of the user", name, fsm.MaxUserNameLen); err != nil {
		return err
	}
	next, err := changedUser(fsm.User{Name: name}, change)
	if err != nil {
		return err
	}
	return node.PutUser(ctx, fsm.PutUser{User: next})
}

// ChangeUser implements admin.UserKeeper.
func (d *daemon) ChangeUser(ctx context.Context, name string, change admin.UserChange) error {
	node, u, err := d.currentUser(ctx, name)
	if err != nil {
		return err
	}
	if u == nil {
		return fmt.Errorf("%w: there is no user %s", fsm.ErrBadChange, name)
	}
	next, err := changedUser(*u, change)
	if err != nil {
		return err
	}
	return node.PutUser(ctx, fsm.PutUser{User: next, ExpectVersion: u.Version})
}

// RemoveUser implements admin.UserKeeper.
func (d *daemon) RemoveUser(ctx context.Context, name string) error {
	node, err := d.running()
	if err != nil {
		return err
	}
	return node.RemoveUser(ctx, fsm.RemoveUser{Name: name})
}

// currentUser returns what the cluster knows of a user at this moment, nil for nothing.
// The account of the settings is found, too, with the version 0.
func (d *daemon) currentUser(ctx context.Context, name string) (*cluster.Node, *fsm.User, error) {
	node, err := d.running()
	if err != nil {
		return nil, nil, err
	}
	if err := node.CatchUp(ctx); err != nil {
		return nil, nil, err
	}
	settings, set := node.Settings(), node.Users()
	if settings == nil {
		return nil, nil, fsm.ErrNoSettings
	}
	u := set.Named(name)
	if u == nil && set.AccountIsUser() && name == settings.User {
		u = accountUser(settings)
	}
	return node, u, nil
}

// changedUser is what a user is after a request.
func changedUser(u fsm.User, change admin.UserChange) (fsm.User, error) {
	if change.Password != nil {
		password := string(*change.Password)
		if password == "" || len(password) > fsm.MaxCredentialLen || strings.IndexByte(password, 0) >= 0 {
			return u, fmt.Errorf("%w: a password has 1 to %d bytes, none of them zero", admin.ErrBadRequest, fsm.MaxCredentialLen)
		}
		newest := fsm.Verifier(wire.NewVerifier(password))
		if len(u.Passwords) > 0 && u.Passwords[0] == newest {
			return u, fmt.Errorf("%w: user %s has this password already; choose another one", fsm.ErrBadChange, u.Name)
		}
		u.Passwords = append([]fsm.Verifier{newest}, u.Passwords...)
		u.Passwords = u.Passwords[:min(len(u.Passwords), fsm.MaxPasswords)]
	}
	if change.DropOld {
		u.Passwords = u.Passwords[:1]
	}
	if change.Role != nil {
		role, ok := fsm.ParseRole(*change.Role)
		if !ok {
			return u, fmt.Errorf("%w: the role is one of %s, not %q", admin.ErrBadRequest, strings.Join(fsm.Roles(), ", "), *change.Role)
		}
		// The name of who may change things stands in the audit trail.
		if err := admin.CheckReserved(u.Name); err != nil && role == fsm.RoleAdmin {
			return u, fmt.Errorf("%w: user %s cannot be an administrator: %w", admin.ErrBadRequest, u.Name, err)
		}
		u.Role = role
	}
	if change.Locked != nil {
		u.Locked = *change.Locked
	}
	if change.Networks != nil {
		networks, err := networksOf(*change.Networks)
		if err != nil {
			return u, err
		}
		u.Networks = networks
	}
	if library := change.DefaultLibrary; library != nil {
		if u.DefaultLibrary = *library; *library != "" {
			u.DefaultCore = ""
		}
	}
	if core := change.DefaultCore; core != nil {
		if u.DefaultCore = *core; *core != "" && (change.DefaultLibrary == nil || *change.DefaultLibrary == "") {
			u.DefaultLibrary = ""
		}
	}
	if change.MaxSessions != nil {
		u.MaxSessions = *change.MaxSessions
	}
	return u, nil
}

// networksOf reads networks, or single addresses, and brings them into order.
func networksOf(words []string) ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, word := range words {
		n, err := netip.ParsePrefix(word)
		if err != nil {
			address, single := netip.ParseAddr(word)
			if single != nil || address.Zone() != "" {
				return nil, fmt.Errorf("%w: %q is no network like 10.1.0.0/16 and no IP address", admin.ErrBadRequest, word)
			}
			address = address.Unmap()
			n = netip.PrefixFrom(address, address.BitLen())
		}
		if n.Addr().Is4In6() {
			return nil, fmt.Errorf("%w: write the network %q as one of IPv4", admin.ErrBadRequest, word)
		}
		if n != n.Masked() {
			return nil, fmt.Errorf("%w: %s is no network: it begins at %s", admin.ErrBadRequest, word, n.Masked())
		}
		list = append(list, n)
	}
	slices.SortFunc(list, fsm.ComparePrefixes)
	return slices.Compact(list), nil
}
