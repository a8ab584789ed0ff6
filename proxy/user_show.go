package proxy

import (
	"strconv"
	"strings"
)

// usersReport shows the users, to an admin all of them and to others themselves.
// Nothing of their passwords is shown but how many there are.
func (server *Server) usersReport(by viewer) Report {
	report := Report{Columns: []string{
		"user", "role", "locked", "passwords", "networks", "default_library", "default_core", "max_sessions", "sessions",
	}}
	for _, name := range server.userNames() {
		u, known := server.user(name)
		if !known || !by.sees(name) {
			continue
		}
		networks := make([]string, len(u.Networks))
		for i, n := range u.Networks {
			networks[i] = n.String()
		}
		report.Rows = append(report.Rows, []string{
			u.Name, u.Role.String(), map[bool]string{true: "yes", false: "no"}[u.Locked], strconv.Itoa(len(u.Passwords)),
			strings.Join(networks, ","), u.DefaultLibrary, u.DefaultCore, strconv.FormatUint(uint64(u.MaxSessions), 10),
			strconv.Itoa(server.sessionsOf(name)),
		})
	}
	return report
}

// userNames are those of all users: the account of the settings comes first, if it
// is one by itself.
func (server *Server) userNames() []string {
	set, settings := server.cfg.Directory.Users(), server.cfg.Directory.Settings()
	var names []string
	if set.AccountIsUser() && settings != nil && set.Named(settings.User) == nil {
		names = append(names, settings.User)
	}
	for _, u := range set.All() {
		names = append(names, u.Name)
	}
	return names
}

// sessionsOf counts the user's sessions at this node.
func (server *Server) sessionsOf(user string) int {
	server.mu.Lock()
	defer server.mu.Unlock()
	return server.perUser[user]
}
