package doctor

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/mysqlda/mysqlda/fsm/topology"
	"github.com/mysqlda/mysqlda/proxy/backend"
)

// connectionsBeside is what a node has at a server beside the pool: a probe, four for
// KILL, one for readings.
const connectionsBeside = 6

// serverChecks looks at one server for itself.
func serverChecks(v *view, s *server) []Finding {
	check := "server " + s.address
	if s.clients.user == "" {
		return append([]Finding{withoutAccount(check, s)}, unseen(check, v, s)...)
	}
	if s.clients.err != nil {
		return append([]Finding{refused(check, v, s)}, unseen(check, v, s)...)
	}
	database := "no default database"
	if name := v.cfg.Auth.Database; name != "" {
		database = "database " + name
	}
	collation, _ := s.variable("collation_server")
	found := []Finding{ok(check, "library %s: %s, login of %s, %s, collation %s", s.ward.name, s.clients.versionOf(), s.clients.user, database, collation)}
	for _, f := range []*Finding{flavour(check, s), connections(check, v, s), waitTimeout(check, v, s), initConnect(check, s), takesWrites(check, s)} {
		if f != nil {
			found = append(found, *f)
		}
	}
	return append(found, unseen(check, v, s)...)
}

// unseen are the other nodes that do not reach the server.
func unseen(check string, v *view, s *server) []Finding {
	if s.told == nil {
		return nil
	}
	var found []Finding
	for _, by := range s.told.SeenBy {
		if by.Node != v.status.Node && !by.Healthy {
			found = append(found, problem(check, "node "+by.Node+" does not reach it", "run `mysqlda doctor` on that node's machine"))
		}
	}
	return found
}

// withoutAccount is all that can be said where the file has no account.
func withoutAccount(check string, s *server) Finding {
	switch {
	case s.reached != nil:
		return problem(check, fmt.Sprintf("library %s: %v", s.ward.name, s.reached), "start the server, or let TCP through to it")
	case s.told != nil && s.told.LastError != "":
		return problem(check, fmt.Sprintf("library %s: the node cannot use it: %s", s.ward.name, s.told.LastError), "mend that; put auth into the file and this command looks closer")
	}
	return ok(check, "library %s: takes connections; not looked into, since the file has no auth", s.ward.name)
}

// Error numbers of servers that have a remedy of their own.
const (
	codeTooMany        = 1040
	codeHostNotAllowed = 1130
	codeTooManyOfUser  = 1203
	codeUserLimit      = 1226
)

func refused(check string, v *view, s *server) Finding {
	auth, seen := v.cfg.Auth, fmt.Sprintf("library %s: %v", s.ward.name, s.clients.err)
	var no *backend.RefusedError
	if !errors.As(s.clients.err, &no) {
		return problem(check, seen, "start the server, or let TCP through to it; with TLS, see \"TLS\" in docs/operations.md")
	}
	switch {
	case no.AboutDatabase():
		return problem(check, seen, fmt.Sprintf("there: create database `%s`; grant all on `%s`.* to '%s'", auth.Database, auth.Database, auth.User))
	case no.Authentication(), no.Code == codeHostNotAllowed:
		return problem(check, seen, fmt.Sprintf("there: create user '%s' for the hosts of the nodes, with the password of auth.pass; or correct auth in the file of a new cluster", auth.User))
	case no.Code == codeTooMany, no.Code == codeTooManyOfUser, no.Code == codeUserLimit:
		return problem(check, seen, "raise max_connections (or the user's limit) there, or lower backend.max_connections_per_server on all nodes")
	}
	return problem(check, seen, "look into the server's log")
}

func flavour(check string, s *server) *Finding {
	if s.clients.Facts.Flavour != topology.UnknownFlavour {
		return nil
	}
	f := warning(check, "it is neither MariaDB nor MySQL as far as it says, so failover cannot operate it", "use MariaDB or MySQL")
	return &f
}

func connections(check string, v *view, s *server) *Finding {
	has := s.number("max_connections")
	if own := s.number("max_user_connections"); own > 0 {
		has = min(has, own)
	}
	need := int64(v.nodes()) * int64(v.cfg.Backend.MaxConnections+connectionsBeside)
	if has == 0 || has >= need {
		return nil
	}
	f := warning(check, fmt.Sprintf("it takes %d connections, and %d node(s) with this file's backend.max_connections_per_server, %d, open up to %d",
		has, v.nodes(), v.cfg.Backend.MaxConnections, need),
		fmt.Sprintf("set max_connections there to more than %d, or backend.max_connections_per_server on all nodes to at most %d", need,
			max(has/int64(v.nodes())-connectionsBeside, 1)))
	return &f
}

func waitTimeout(check string, v *view, s *server) *Finding {
	keeps := v.cfg.IdleTimeout
	if v.inCluster() && v.status.Settings != nil {
		keeps = time.Duration(v.status.Settings.UnusedForwardSessionTimeout) * time.Second
	}
	wait := time.Duration(s.number("wait_timeout")) * time.Second
	if wait == 0 || wait > keeps {
		return nil
	}
	f := warning(check, fmt.Sprintf("its wait_timeout, %s, ends idle connections before the nodes do, after %s", wait, keeps),
		"set wait_timeout there to an hour or more: it also ends transactions in which a client thinks")
	return &f
}

func initConnect(check string, s *server) *Finding {
	if text, _ := s.variable("init_connect"); text == "" {
		return nil
	}
	f := warning(check, "it has an init_connect, which is not run again when a connection goes from one session to the next",
		"put those settings into the server's own configuration")
	return &f
}

// takesWrites looks at the active server only: the others are another check's.
func takesWrites(check string, s *server) *Finding {
	if s.ward.activeServer() != s || !s.clients.Facts.ReadOnly {
		return nil
	}
	f := problem(check, fmt.Sprintf("it is the server that library %s uses, and it is read-only", s.ward.name),
		"there: set global read_only=off; or make another server the active one: `mysqlda library activate`")
	return &f
}

// number is a variable of the server as a number, 0 if it has none.
func (s *server) number(names ...string) int64 {
	text, _ := s.variable(names...)
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// on tells whether a switch of the server is on, and whether it has it.
func (s *server) on(names ...string) (on, known bool) {
	text, known := s.variable(names...)
	return text == "ON" || text == "1", known
}
