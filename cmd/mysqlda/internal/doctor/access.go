package doctor

import (
	"crypto/x509"

	"github.com/mysqlda/mysqlda/cluster/transport"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
)

// nodeCertificateChecks looks at what this node shows to the others, and whether they
// would take it.
func nodeCertificateChecks(cfg *config.Config) []Finding {
	t := cfg.Cluster.TLS
	if t.CA == "" || t.Cert == "" {
		return nil
	}
	pool, trusted := authoritiesCheck("cluster.tls.ca", t.CA)
	pair, found := pairCheck("cluster.tls.cert, cluster.tls.key", t.Cert, t.Key)
	if pair != nil && found.Level != Problem {
		id := cfg.Node.ID
		var err error
		if id == "" {
			id, err = transport.CertifiedNode(pair.Leaf)
		}
		if err == nil {
			err = (&transport.Security{Authorities: func() *x509.CertPool { return pool }}).CheckOwn(pair, id)
		}
		if err != nil {
			found = problem("cluster.tls.cert, cluster.tls.key", err.Error(), "make another certificate with `mysqlda ca issue --node "+id+"`, or name the authority that has signed this one")
		}
	}
	return []Finding{trusted, found}
}

// accessChecks sees whether this node can be asked.
func accessChecks(v *view) []Finding {
	a := v.cfg.HTTP.Access
	if !a.Protected() && a.Cert == "" {
		return nil
	}
	const check = "http access"
	if v.noAccess != nil {
		return []Finding{problem(check, v.noAccess.Error(), "run this as the user that the node runs as, with the file that it was started with")}
	}
	if a.TokenFile != "" {
		if _, err := admin.ReadTokens(a.TokenFile); err != nil {
			return []Finding{problem(check, err.Error(), "mend the file of http.token_file")}
		}
	}
	return []Finding{ok(check, "it asks who comes, and this file has what it takes")}
}
