package fsm

import (
	"fmt"
	"slices"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// Account is what nodes log in to servers with. The zero value is none.
type Account struct {
	User     string
	Password string // a secret: it must not be logged or shown
}

// String implements fmt.Stringer. It does not tell the password.
func (a Account) String() string { return a.User }

// GoString implements fmt.GoStringer, as String.
func (a Account) GoString() string { return a.User }

// maxFormerUsers bounds how many earlier users of a library's account are remembered.
const maxFormerUsers = 8

// SetAccount gives a library an account of its own, or with the zero Account that of the
// settings. It is refused for a library one of whose servers another library lists, too:
// the connections to a server are those of all its libraries.
type SetAccount struct {
	Library string
	Account Account
}

func (c SetAccount) check() error {
	if err := CheckName("library name", c.Library, MaxNameLen); err != nil {
		return err
	}
	return c.Account.check(c.Library)
}

func (a Account) check(library string) error {
	switch {
	case a.User == "" && a.Password != "":
		return fmt.Errorf("%w: the account of library %s has a password and no user", ErrBadChange, library)
	case len(a.User) > MaxCredentialLen:
		return fmt.Errorf("%w: the user of library %s has at most %d bytes", ErrBadChange, library, MaxCredentialLen)
	}
	return checkSecret("the password of library "+library, a.Password)
}

func (c SetAccount) proto() *fsmpb.LibraryChange {
	return &fsmpb.LibraryChange{Change: &fsmpb.LibraryChange_Account{Account: &fsmpb.SetAccount{
		Library: c.Library, User: c.Account.User, Password: c.Account.Password,
	}}}
}

func (d *draft) setAccount(c SetAccount) error {
	l, err := d.library(c.Library)
	if err != nil {
		return err
	}
	if err := c.Account.check(c.Library); err != nil {
		return err
	}
	if was := l.Account.User; was != "" && was != c.Account.User {
		users := slices.DeleteFunc(slices.Clone(l.FormerUsers), func(u string) bool { return u == was })
		l.FormerUsers = append(users, was)[max(0, len(users)+1-maxFormerUsers):]
	}
	l.Account = c.Account
	return nil
}

// checkAccounts reports whether no library with an account of its own shares a server.
func (d *draft) checkAccounts() error {
	for i := range d.list {
		l := &d.list[i]
		if l.Account.User == "" {
			continue
		}
		for j := range d.list {
			for _, s := range l.Servers {
				if i != j && addressed(d.list[j].Servers, s.Address) >= 0 {
					return fmt.Errorf("%w: library %s has an account of its own, so its server %s cannot be one of library %s, too", ErrBadChange, l.Name, s.Address, d.list[j].Name)
				}
			}
		}
	}
	return nil
}

// checkAccount reports whether the library could have its account.
func (l *Library) checkAccount() error {
	if len(l.FormerUsers) > maxFormerUsers {
		return fmt.Errorf("library %s has had %d accounts, at most %d are remembered", l.Name, len(l.FormerUsers), maxFormerUsers)
	}
	for _, user := range l.FormerUsers {
		if user == "" || len(user) > MaxCredentialLen {
			return fmt.Errorf("library %s has had an account that cannot be", l.Name)
		}
	}
	return l.Account.check(l.Name)
}
