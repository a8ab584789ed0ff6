package backend

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"

	"github.com/mysqlda/mysqlda/fsm"
)

// tlsConfig says how a connection to the server is encrypted in that mode; nil
// means not at all.
func (t *target) tlsConfig(mode fsm.TLSMode) (*tls.Config, error) {
	if mode == fsm.TLSOff {
		return nil, nil
	}
	host, _, err := net.SplitHostPort(t.server)
	if err != nil {
		return nil, fmt.Errorf("find the name to check the certificate for: %w", err)
	}
	c := &tls.Config{}
	if t.tls != nil {
		c = t.tls.Clone()
	}
	c.ServerName = host
	switch mode {
	case fsm.TLSRequired:
		c.InsecureSkipVerify = true
	case fsm.TLSVerifyCA:
		// The chain is checked in VerifyConnection, the name nowhere.
		c.InsecureSkipVerify = true
		roots := c.RootCAs
		c.VerifyConnection = func(state tls.ConnectionState) error { return verifyChain(state, roots) }
	default: // TLSVerifyIdentity, and any mode that is stricter than those known here
		c.InsecureSkipVerify = false
	}
	return c, nil
}

// verifyChain checks that one of the roots (nil: the system's) vouches for the
// peer's certificate, whatever name it is for.
func verifyChain(state tls.ConnectionState, roots *x509.CertPool) error {
	if len(state.PeerCertificates) == 0 {
		return errors.New("the server shows no certificate")
	}
	intermediates := x509.NewCertPool()
	for _, c := range state.PeerCertificates[1:] {
		intermediates.AddCert(c)
	}
	_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates})
	return err
}

// strictest finds for every server the strictest mode of the libraries that list
// it: there is one pool a server, and none of them may get less than it asks for.
func strictest(set *fsm.LibrarySet) map[string]fsm.TLSMode {
	modes := make(map[string]fsm.TLSMode)
	for _, library := range set.All() {
		for _, s := range library.Servers {
			modes[s.Address] = max(modes[s.Address], library.TLS)
		}
	}
	return modes
}
