package config

// NodeTLS says how connections between nodes, on cluster.listen, are protected.
type NodeTLS struct {
	// Mode is off without the section. optional takes both kinds of connections and
	// is for the time in which a cluster changes over.
	Mode TLSUse
	// CA are the authorities of the nodes' certificates, Cert and Key this node's; PEM
	// files, absolute.
	CA, Cert, Key string
}

func (c *Config) decodeNodeTLS(o *object) {
	t := &c.Cluster.TLS
	t.Mode = TLSOff
	present := o.section("tls", func(o *object) {
		t.Mode = TLSRequired
		o.use("mode", &t.Mode)
		c.decodePath(o, "ca", &t.CA)
		c.decodePair(o, "cert", "key", &t.Cert, &t.Key)
		if t.Mode == TLSOff {
			return
		}
		if o.find("ca") == nil {
			o.report("ca", "is missing: the file of the authority that signs the nodes' certificates; `mysqlda ca init` makes one")
		}
		if o.find("cert") == nil {
			o.report("cert", "is missing: the file of this node's certificate; `mysqlda ca issue --node ID` makes one")
		}
	})
	switch {
	case !present:
	case t.Mode == TLSOff:
		c.Warnings = append(c.Warnings, "cluster.tls.mode is off: the other keys of cluster.tls have no effect")
	case t.Mode == TLSOptional:
		c.Warnings = append(c.Warnings, "cluster.tls.mode is optional: nodes are let in without TLS, too; set it to required once all nodes have cluster.tls")
	}
}

// The words of cluster.join_token.
const (
	joinTokenUnlessCertified = "unless_certified"
	joinTokenAlways          = "always"
)

func (c *Config) decodeJoin(o *object) {
	c.decodePath(o, "join_key_file", &c.Cluster.JoinKeyFile)
	word := joinTokenUnlessCertified
	if o.choice("join_token", &word, joinTokenUnlessCertified, joinTokenAlways) && o.find("join_key_file") == nil {
		o.report("join_token", "needs join_key_file, the file of the keys that sign tokens; `mysqlda token keygen` makes one")
	}
	c.Cluster.JoinTokenAlways = word == joinTokenAlways
}
