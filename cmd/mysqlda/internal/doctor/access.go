package doctor

import (
	"crypto/x509"
	"errors"
	"io/fs"
	"strings"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/cluster/transport"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/secretfile"
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

// keyChecks reads the keys that all nodes have in common. Those of gossip are named as
// the log of a node names them, so that files can be compared.
func keyChecks(cfg *config.Config) []Finding {
	var found []Finding
	if file := cfg.Cluster.GossipKeyFile; file != "" {
		const check = "cluster.gossip_key_file"
		lines, err := secretfile.Lines(file)
		var keys cluster.GossipKeys
		if err == nil {
			keys, err = cluster.ParseGossipKeys(lines)
		}
		if err != nil {
			found = append(found, problem(check, err.Error(), "put the keys of the other nodes there; the first node's are made by `mysqlda gossip keygen`"))
		} else {
			found = append(found, ok(check, "keys %s; the other nodes must have the same", strings.Join(keys.Names(), ", ")))
		}
	}
	if file := cfg.Cluster.JoinKeyFile; file != "" {
		const check = "cluster.join_key_file"
		lines, err := secretfile.Lines(file)
		if err == nil {
			_, err = cluster.ParseJoinKeys(lines)
		}
		if err != nil {
			found = append(found, problem(check, err.Error(), "put the keys of the other members there; the first one's are made by `mysqlda token keygen`"))
		} else {
			found = append(found, ok(check, "%s", file))
		}
	}
	return found
}

// accessChecks sees whether this node can be asked.
func accessChecks(v *view) []Finding {
	a := v.cfg.HTTP.Access
	if !a.Protected() && a.Cert == "" {
		return nil
	}
	const check = "http access"
	if a.TokenFile != "" {
		if _, err := admin.ReadTokens(a.TokenFile); err != nil && !errors.Is(err, fs.ErrPermission) {
			return []Finding{problem(check, err.Error(), "mend the file of http.token_file")}
		}
	}
	if v.noAccess != nil {
		return []Finding{problem(check, v.noAccess.Error(), "run this as the user that the node runs as, with the file that it was started with")}
	}
	return []Finding{ok(check, "it asks who comes, and this file has what it takes")}
}
