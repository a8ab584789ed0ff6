package doctor

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/backend"
)

// unfenced are rights that let an account write to a read-only server, or end that.
var unfenced = []string{"SUPER", "READ_ONLY ADMIN", "READ ONLY ADMIN", "CONNECTION_ADMIN", "SYSTEM_VARIABLES_ADMIN"}

// accountChecks looks at what the accounts may do at the servers of a library that
// may fail over. Of a server that does not answer, or lets nobody in, nothing is said
// twice.
func accountChecks(w *ward) []Finding {
	var found []Finding
	for _, s := range w.servers {
		for _, f := range []*Finding{clientsRights(s), operatorRights(s), replicatorRights(s)} {
			if f != nil {
				found = append(found, *f)
			}
		}
	}
	asked := 0
	for _, s := range w.servers {
		if s.clients.worked() && s.operator.worked() {
			asked++
		}
	}
	if asked == 0 {
		return found
	}
	return orElse(found, ok("library "+w.name+" accounts", "they may do what failover needs, at %d of %d servers", asked, len(w.servers)))
}

func clientsRights(s *server) *Finding {
	if !s.clients.worked() {
		return nil
	}
	var has []string
	for _, right := range unfenced {
		if s.clients.HasRight(right) {
			has = append(has, right)
		}
	}
	if has == nil {
		return nil
	}
	f := problem("server "+s.address, fmt.Sprintf("the clients' account %s may write to a read-only server, so fencing does not stop it (%s)", s.clients.user, strings.Join(has, ", ")),
		"grant it its database and nothing on *.*, and set failover.user to another account (\"Accounts\" in docs/operations.md)")
	if slices.Contains(s.clients.Granted, "ALL PRIVILEGES") {
		f.Seen = fmt.Sprintf("the clients' account %s may write to a read-only server, so fencing does not stop it (ALL PRIVILEGES)", s.clients.user)
	}
	return &f
}

func operatorRights(s *server) *Finding {
	check := "server " + s.address
	switch {
	case s.operator.user == "":
		return nil
	case s.operator.err != nil && s.operator.user == s.clients.user:
		return nil // told of the clients' account already
	case s.operator.err != nil:
		f := problem(check, fmt.Sprintf("the failover account %s: %v", s.operator.user, s.operator.err),
			"create it there, for the hosts of the nodes, or correct failover.user and failover.pass (`mysqlda reload` brings them to the cluster)")
		return &f
	}
	var lacks []string
	for _, right := range s.operator.Needed {
		if !s.operator.HasRight(right) {
			lacks = append(lacks, right)
		}
	}
	if lacks == nil {
		return nil
	}
	seen := fmt.Sprintf("the failover account %s lacks %s", s.operator.user, strings.Join(lacks, ", "))
	advice := fmt.Sprintf("there: grant %s on *.* to '%s'", strings.Join(lacks, ", "), s.operator.user)
	if s.operator.user == s.clients.user {
		advice = "set failover.user to an account of its own, with these rights (\"Accounts\" in docs/operations.md)"
	}
	f := warning(check, seen, advice)
	if s.ward.policy == fsm.FailoverPromote {
		f.Level = Problem
	}
	return &f
}

// replicatorRights cannot know whether an account that is refused here is welcome
// from where the replicas are.
func replicatorRights(s *server) *Finding {
	check := "server " + s.address
	const right = "REPLICATION SLAVE"
	var no *backend.RefusedError
	var f Finding
	switch {
	case s.replicator.user == "" || s.replicator.user == s.clients.user && s.clients.err != nil:
		return nil
	case errors.As(s.replicator.err, &no) && no.Code == codeHostNotAllowed:
		return nil
	case s.replicator.err != nil:
		f = warning(check, fmt.Sprintf("the replication account %s: %v", s.replicator.user, s.replicator.err),
			"create it there, or correct failover.replication_user and failover.replication_pass; if it is for the hosts of the servers only, all is well")
	case !s.replicator.HasRight(right):
		f = problem(check, fmt.Sprintf("the replication account %s lacks %s, so nobody can follow this server", s.replicator.user, right),
			fmt.Sprintf("there: grant replication slave on *.* to '%s'", s.replicator.user))
	default:
		return nil
	}
	return &f
}
