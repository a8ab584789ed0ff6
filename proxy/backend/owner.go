package backend

import (
	"slices"

	"github.com/mysqlda/mysqlda/fsm"
)

// ownersOf finds the library of each server: one that has an account of its own shares
// none of them.
func ownersOf(set *fsm.LibrarySet) map[string]*fsm.Library {
	owners := make(map[string]*fsm.Library)
	list := set.All()
	for i := range list {
		for _, s := range list[i].Servers {
			owners[s.Address] = &list[i]
		}
	}
	return owners
}

// account is what to log in with, whose password in the state may be sealed.
func (m *Manager) account(user, stored string, mode fsm.TLSMode) account {
	password, err := m.cfg.Open(stored)
	if err != nil {
		return account{user: user, tls: mode, locked: err.Error()}
	}
	return account{user: user, password: password, tls: mode}
}

// clientUsers are whom sessions' connections to a library's servers may be logged in as.
// After a change of the account those that are in use stay with the old one, on each
// node, until they are returned.
func clientUsers(settings string, owner *fsm.Library) []string {
	users := []string{settings}
	for _, user := range append([]string{owner.Account.User}, owner.FormerUsers...) {
		if user != "" && !slices.Contains(users, user) {
			users = append(users, user)
		}
	}
	return users
}
