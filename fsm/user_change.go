package fsm

import (
	"fmt"
	"slices"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// PutUser is the command that adds a user, or replaces all that is known of one.
// The result's error wraps ErrBadChange; also when the user that is replaced has
// another version than ExpectVersion, so that nobody undoes a change that he has
// not seen.
type PutUser struct {
	User          User   // its Version does not count
	ExpectVersion uint64 // of the user that is replaced; 0: there is none
}

// Check reports whether the user is allowed by itself. The error wraps
// ErrBadChange or ErrBadName.
func (c PutUser) Check() error {
	if err := c.User.check(); err != nil {
		return err
	}
	if c.User.DefaultCore != "" {
		return CheckName("default core object", c.User.DefaultCore, MaxCoreLen)
	}
	return nil
}

// Encode checks the command and gives its log entry.
func (c PutUser) Encode() ([]byte, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	return encodeCommand(&fsmpb.Command{Body: &fsmpb.Command_PutUser{PutUser: c.Proto()}})
}

// RemoveUser is the command after which nobody logs in as that user. The result's
// error wraps ErrBadChange: there is none.
type RemoveUser struct{ Name string }

// Check reports whether there could be such a user. The error wraps ErrBadChange.
func (c RemoveUser) Check() error {
	if c.Name == "" || len(c.Name) > MaxUserNameLen {
		return fmt.Errorf("%w: the name of a user has 1 to %d bytes", ErrBadChange, MaxUserNameLen)
	}
	return nil
}

// Encode checks the command and gives its log entry.
func (c RemoveUser) Encode() ([]byte, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	return encodeCommand(&fsmpb.Command{Body: &fsmpb.Command_RemoveUser{RemoveUser: c.Proto()}})
}

func (s *state) putUser(index uint64, c PutUser) error {
	if s.settings.Load() == nil {
		return fmt.Errorf("%w: the cluster is not bootstrapped yet", ErrBadChange)
	}
	if err := c.User.check(); err != nil {
		return err
	}
	old := s.users.Load()
	i, known := old.find(c.User.Name)
	version := uint64(0)
	if known {
		version = old.list[i].Version
	}
	switch {
	case version != c.ExpectVersion && c.ExpectVersion == 0:
		return fmt.Errorf("%w: there is a user %s already", ErrBadChange, c.User.Name)
	case version != c.ExpectVersion:
		return fmt.Errorf("%w: user %s was changed or removed by someone else meanwhile; look at it and try again", ErrBadChange, c.User.Name)
	case !known && len(old.list) >= MaxUsers:
		return fmt.Errorf("%w: there are %d users, which is the limit", ErrBadChange, len(old.list))
	}
	if name := c.User.DefaultLibrary; name != "" && s.libraries.Load().ByName(name) == nil {
		return fmt.Errorf("%w: the default library of user %s: there is no library %s", ErrBadChange, c.User.Name, name)
	}
	c.User.Version = index
	list := slices.Clone(old.list)
	if known {
		list[i] = c.User
	} else {
		list = slices.Insert(list, i, c.User)
	}
	s.users.Store(&UserSet{list: list, accountIsNoUser: old.accountIsNoUser || c.User.Name == s.settings.Load().User})
	return nil
}

func (s *state) removeUser(name string) error {
	old := s.users.Load()
	i, known := old.find(name)
	settings := s.settings.Load()
	account := settings != nil && settings.User == name
	if !known && (!account || old.accountIsNoUser) {
		return fmt.Errorf("%w: there is no user %s", ErrBadChange, name)
	}
	list := slices.Clone(old.list)
	if known {
		list = slices.Delete(list, i, i+1)
	}
	s.users.Store(&UserSet{list: list, accountIsNoUser: old.accountIsNoUser || account})
	return nil
}

// firstUsers are those of a new cluster.
func firstUsers(index uint64, list []User, settings *Settings) (*UserSet, error) {
	set := &UserSet{list: slices.Clone(list)}
	if len(list) > MaxUsers {
		return nil, fmt.Errorf("%w: %d users, at most %d are allowed", ErrBadChange, len(list), MaxUsers)
	}
	for i := range set.list {
		u := &set.list[i]
		if err := u.check(); err != nil {
			return nil, err
		}
		if i > 0 && u.Name <= set.list[i-1].Name {
			return nil, fmt.Errorf("%w: user %s is out of order", ErrBadChange, u.Name)
		}
		u.Version = index
		set.accountIsNoUser = set.accountIsNoUser || u.Name == settings.User
	}
	return set, nil
}
