package doctor

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/backend"
)

const (
	// examineTimeout bounds one look at a server.
	examineTimeout = 8 * time.Second
	// maxLooks is how many servers are looked at at once.
	maxLooks = 16
)

// ward is a library under examination.
type ward struct {
	name    string
	tls     fsm.TLSMode
	policy  fsm.FailoverPolicy
	active  string // as the cluster says; "" if it does not
	servers []*server
	risks   []string // as the node says
}

func (w *ward) mayFailOver() bool { return w.policy != fsm.FailoverOff && len(w.servers) > 1 }

// server is one of a library's servers.
type server struct {
	ward    *ward
	address string
	told    *admin.ServerStatus // what the node says of it; nil if it says nothing
	reached error               // of a connection without a login, where there is no account

	clients    sight // by the clients' account
	operator   sight // by that which watches and operates servers
	replicator sight // by that which replicas log in with
}

// sight is one look at a server.
type sight struct {
	user string // "" if there was none
	backend.Examination
	err error
}

func (s *sight) worked() bool { return s.user != "" && s.err == nil }

// facts are those of the look that sees most.
func (s *server) facts() *sight {
	if s.operator.worked() {
		return &s.operator
	}
	return &s.clients
}

// variable is a server's global variable that has one of the names.
func (s *server) variable(names ...string) (value string, known bool) {
	for _, name := range names {
		if value, known = s.facts().Variables[name]; known {
			return value, true
		}
	}
	return "", false
}

// listWards lists the libraries of the cluster, and those of the file that it does
// not have.
func listWards(v *view) []*ward {
	var wards []*ward
	if v.inCluster() {
		for _, l := range v.status.Libraries {
			w := &ward{name: l.Name, active: l.Active, risks: l.Risks}
			w.tls, _ = fsm.ParseTLSMode(l.TLS)
			w.policy, _ = fsm.ParseFailoverPolicy(l.Failover)
			for i := range l.Servers {
				w.servers = append(w.servers, &server{ward: w, address: l.Servers[i].Address, told: &l.Servers[i]})
			}
			wards = append(wards, w)
		}
	}
	for _, f := range v.cfg.Forwards {
		if slices.ContainsFunc(wards, func(w *ward) bool { return w.name == f.Library }) {
			continue
		}
		w := &ward{name: f.Library, tls: f.TLS, policy: f.Failover.Policy}
		for _, address := range f.Servers {
			w.servers = append(w.servers, &server{ward: w, address: address})
		}
		wards = append(wards, w)
	}
	return wards
}

// examineLibraries looks at all servers of all libraries.
func examineLibraries(ctx context.Context, v *view, material *tls.Config) []*ward {
	wards := listWards(v)
	places := make(chan struct{}, maxLooks)
	var looks sync.WaitGroup
	for _, w := range wards {
		for _, s := range w.servers {
			looks.Go(func() {
				places <- struct{}{}
				defer func() { <-places }()
				s.examine(ctx, v.cfg, material)
			})
		}
	}
	looks.Wait()
	return wards
}

// examine looks at the server by each account that the file has.
func (s *server) examine(ctx context.Context, cfg *config.Config, material *tls.Config) {
	if cfg.Auth.User == "" {
		s.reached = reach(ctx, s.address)
		return
	}
	as := backend.Login{User: cfg.Auth.User, Password: string(cfg.Auth.Password), Database: cfg.Auth.Database, TLS: s.ward.tls, Material: material}
	s.clients = s.see(ctx, as)
	var refused *backend.RefusedError
	if !s.ward.mayFailOver() || s.clients.err != nil && !errors.As(s.clients.err, &refused) {
		return // a server that does not answer is not asked three times
	}
	as.Database = ""
	if f := cfg.Failover; f.User != "" {
		as.User, as.Password = f.User, string(f.Password)
	}
	s.operator = s.see(ctx, as)
	if f := cfg.Failover; f.ReplicationUser != "" {
		as.User, as.Password = f.ReplicationUser, string(f.ReplicationPassword)
	}
	if s.ward.policy == fsm.FailoverPromote {
		s.replicator = s.see(ctx, as)
	}
}

func (s *server) see(ctx context.Context, as backend.Login) sight {
	ctx, cancel := context.WithTimeout(ctx, examineTimeout)
	defer cancel()
	seen := sight{user: as.User}
	seen.Examination, seen.err = backend.Examine(ctx, s.address, as, variables)
	return seen
}

// activeServer is the one that is active, or would be in a new cluster.
func (w *ward) activeServer() *server {
	var taking []*server
	for _, s := range w.servers {
		if s.address == w.active {
			return s
		}
		if f := s.facts(); f.worked() && f.Facts.Source == nil && !f.Facts.ReadOnly {
			taking = append(taking, s)
		}
	}
	if len(taking) == 1 {
		return taking[0]
	}
	return w.servers[0]
}

// libraryChecks is what follows from the looks.
func libraryChecks(v *view, wards []*ward) []Finding {
	var found []Finding
	if len(wards) == 0 {
		found = append(found, ok("libraries", "none are known: the file names none, and no node of it runs that would"))
	}
	for _, w := range wards {
		for _, s := range w.servers {
			found = append(found, serverChecks(v, s)...)
		}
		switch {
		case v.cfg.Auth.User != "" && w.mayFailOver():
			found = append(found, accountChecks(w)...)
			found = append(found, replicationChecks(w)...)
		case v.cfg.Auth.User == "":
			for _, risk := range w.risks {
				found = append(found, warning("library "+w.name, risk, "see \"Setting up the MySQL side\" in docs/failover.md"))
			}
		}
	}
	return append(found, alikeChecks(wards)...)
}

// versionOf names a server's program.
func (s *sight) versionOf() string {
	return s.Facts.Flavour.String() + " " + cmp.Or(s.Facts.Version, "of an unknown version")
}
