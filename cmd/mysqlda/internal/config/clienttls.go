package config

// TLSUse says whether something is done with TLS.
type TLSUse string

// The uses, as the file spells them.
const (
	TLSOff      TLSUse = "off"
	TLSOptional TLSUse = "optional"
	TLSRequired TLSUse = "required"
)

// ClientTLS says how clients' connections are protected.
type ClientTLS struct {
	Mode      TLSUse // off: not offered; required: clients without it are refused
	Cert, Key string // PEM files of the server's certificate, absolute; "": a self-made one
	ClientCA  string // PEM file of the authorities that sign clients' certificates, absolute; "": none
	// ClientCertificates says whether clients are asked for a certificate that
	// ClientCA has signed.
	ClientCertificates TLSUse
}

func (o *object) use(name string, into *TLSUse) {
	word := string(*into)
	o.choice(name, &word, string(TLSOff), string(TLSOptional), string(TLSRequired))
	*into = TLSUse(word)
}

func (c *Config) decodeClientTLS(root *object) {
	c.TLS = ClientTLS{Mode: TLSOptional, ClientCertificates: TLSOff}
	t := &c.TLS
	root.section("tls", func(o *object) {
		o.use("mode", &t.Mode)
		c.decodePair(o, "cert", "key", &t.Cert, &t.Key)
		c.decodePath(o, "client_ca", &t.ClientCA)
		o.use("client_certificates", &t.ClientCertificates)
		switch {
		case t.ClientCertificates != TLSOff && t.ClientCA == "":
			o.report("client_certificates", "needs client_ca, the file of the authorities that sign them")
		case t.ClientCertificates == TLSRequired && t.Mode != TLSRequired:
			o.report("client_certificates", "needs mode required: clients without TLS show no certificate")
		}
	})
	c.warnOfUnused(t)
}

// warnOfUnused tells of keys that protect nothing, though they look as if they did.
func (c *Config) warnOfUnused(t *ClientTLS) {
	switch {
	case t.Mode == TLSOff && (t.Cert != "" || t.ClientCA != ""):
		c.Warnings = append(c.Warnings, "tls.mode is off: the other keys of tls have no effect")
	case t.ClientCA != "" && t.ClientCertificates == TLSOff:
		c.Warnings = append(c.Warnings, "tls.client_ca has no effect: tls.client_certificates is off, so no client is asked for a certificate")
	}
}
