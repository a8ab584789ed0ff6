package backupfile

import "github.com/mysqlda/mysqlda/fsm"

// User is a client user, without its passwords.
type User struct {
	Name     string   `json:"name"`
	Role     string   `json:"role"`
	Locked   bool     `json:"locked"`
	Networks []string `json:"networks"` // none: anywhere
}

// usersOf lists the users; the account of the settings is the last one, if it is one
// by itself.
func usersOf(info fsm.SnapshotInfo) []User {
	list := []User{}
	for _, u := range info.Users {
		shown := User{Name: u.Name, Role: u.Role.String(), Locked: u.Locked, Networks: []string{}}
		for _, n := range u.Networks {
			shown.Networks = append(shown.Networks, n.String())
		}
		list = append(list, shown)
	}
	if info.AccountIsUser && info.Settings != nil {
		list = append(list, User{Name: info.Settings.User, Role: fsm.RoleClient.String(), Networks: []string{}})
	}
	return list
}
