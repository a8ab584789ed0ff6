package proxy

import (
	"cmp"
	"net"
	"net/netip"
	"time"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// accountVerifier is the verifier of the settings' password, which is made once for
// many logins.
type accountVerifier struct {
	password string
	verifier fsm.Verifier
}

// user returns the client user of that name: one that was put, or the account of the
// settings while that is a user.
func (server *Server) user(name string) (u fsm.User, known bool) {
	set, settings := server.cfg.Directory.Users(), server.cfg.Directory.Settings()
	if put := set.Named(name); put != nil {
		return *put, true
	}
	if !set.AccountIsUser() || settings == nil || name != settings.User {
		return fsm.User{}, false
	}
	made := server.account.Load()
	if made == nil || made.password != settings.Password {
		made = &accountVerifier{settings.Password, fsm.Verifier(wire.NewVerifier(settings.Password))}
		server.account.Store(made)
	}
	return fsm.User{Name: name, Passwords: []fsm.Verifier{made.verifier}}, true
}

// passwords are what a client that names the user is checked with. A locked user
// proves who it is before it is told that it is locked.
func (server *Server) passwords(name string) []wire.Verifier {
	u, _ := server.user(name)
	list := make([]wire.Verifier, len(u.Passwords))
	for i, v := range u.Passwords {
		list[i] = wire.Verifier(v)
	}
	return list
}

// admission says whether the session's client may be that user, which it has proved to be,
// and who that is.
func (s *session) admission(name string) (fsm.User, *clientError) {
	u, known := s.server.user(name)
	host, from := clientHost(s.info.Client)
	switch {
	case !known: // removed in this moment
		return u, kindAccessDenied.with(name, host)
	case !u.MayComeFrom(from):
		return u, kindNotFrom.with(name, host)
	case u.Locked:
		return u, kindLocked.with(name)
	}
	return u, nil
}

// clientHost splits the client's address. What has no IP address is in no network.
func clientHost(client string) (host string, address netip.Addr) {
	host, _, err := net.SplitHostPort(client)
	if err != nil {
		return client, netip.Addr{}
	}
	address, err = netip.ParseAddr(host)
	if err != nil {
		return host, netip.Addr{}
	}
	return host, address
}

// defaults are where sessions of the user start: its own default library or core
// object, or the cluster's where it has neither.
func (s *session) defaults() (library, core string) {
	if u, _ := s.server.user(s.user); cmp.Or(u.DefaultLibrary, u.DefaultCore) != "" {
		return u.DefaultLibrary, u.DefaultCore
	}
	settings := s.server.cfg.Directory.Settings()
	return settings.DefaultLibrary, settings.DefaultCore
}

// viewer is on whose behalf sessions are looked at or ended.
type viewer struct {
	user string
	all  bool // everybody's
}

// sees tells whether a session of that user may be seen and ended.
func (v viewer) sees(user string) bool { return v.all || v.user == user }

// viewer is the session's client, with the role that it has now.
func (s *session) viewer() viewer {
	u, _ := s.server.user(s.user)
	return viewer{s.user, u.Role == fsm.RoleAdmin}
}

// UsersChanged has sessions of users that are gone or locked ended soon. It does not
// wait, and may be called when nothing has changed.
func (server *Server) UsersChanged() {
	select {
	case server.recheck <- struct{}{}:
	default:
	}
}

// expelGone marks the sessions of users that may not have any more, if users were
// changed since it was called last. Only watch calls it.
func (server *Server) expelGone(now time.Time) {
	set := server.cfg.Directory.Users()
	if set == server.checked {
		return
	}
	server.checked = set
	for _, s := range server.appendSessions(nil) {
		name := s.describe().User
		if u, known := server.user(name); name != "" && (!known || u.Locked) && s.expelledAt.CompareAndSwap(0, now.UnixNano()) {
			server.log.Info("a session ends: its user was removed or locked", zap.Uint32("session", s.id), zap.String("user", name))
		}
	}
}

// expel has an expelled session end: as soon as nothing is open, and at once when it
// has had its time. It reports whether the session is one.
func (server *Server) expel(s *session, now time.Time) bool {
	since := s.expelledAt.Load()
	switch {
	case since == 0:
		return false
	case now.Sub(time.Unix(0, since)) > server.cfg.ExpelTimeout:
		s.cut()
	default:
		s.wake()
	}
	return true
}
