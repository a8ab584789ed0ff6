package transport

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

// Security says how connections between nodes are protected. A nil *Security means
// that everything is in the clear. Its functions are called from any goroutine,
// for each connection anew, and must not block.
type Security struct {
	// Required lets nothing in, and sends nothing, that is not protected. Otherwise
	// TLS is tried first, and what others send in the clear is taken as well: that
	// protects nothing and is for the time in which a cluster changes over.
	Required bool
	// Certificate is what this node shows, at both ends of a connection.
	Certificate func() *tls.Certificate
	// Authorities have signed the certificates of all nodes.
	Authorities func() *x509.CertPool
}

// CheckOwn says why the certificate could not be that of the node with this id, as
// the other nodes would see it.
func (s *Security) CheckOwn(c *tls.Certificate, id string) error {
	chain := make([]*x509.Certificate, 0, len(c.Certificate))
	for _, raw := range c.Certificate {
		parsed, err := x509.ParseCertificate(raw)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrCertificate, err)
		}
		chain = append(chain, parsed)
	}
	for _, use := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
		named, err := verifyNode(chain, s.Authorities(), use)
		if err != nil {
			return err
		}
		if named != id {
			return fmt.Errorf("%w: it is that of node %s, and this is node %s", ErrCertificate, named, id)
		}
	}
	return nil
}

// forServer is the TLS of accepted connections. Who is let in is decided by
// verifyNode, which reads the authorities anew for each connection.
func (s *Security) forServer() *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		SessionTicketsDisabled: true, // certificates are looked at each time
		ClientAuth:             tls.RequireAnyClientCert,
		GetCertificate:         func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.Certificate(), nil },
		VerifyConnection: func(state tls.ConnectionState) error {
			_, err := verifyNode(state.PeerCertificates, s.Authorities(), x509.ExtKeyUsageClientAuth)
			return err
		},
	}
}

// forClient is the TLS of a connection to the node with the id want, or to any node
// if that is "".
func (s *Security) forClient(want string) *tls.Config {
	return &tls.Config{
		MinVersion:           tls.VersionTLS13,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return s.Certificate(), nil },
		// Names of hosts say little about nodes, which change their addresses: what
		// counts is which node it is, and VerifyConnection looks at that.
		InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			id, err := verifyNode(state.PeerCertificates, s.Authorities(), x509.ExtKeyUsageServerAuth)
			if err == nil && want != "" && id != want {
				err = fmt.Errorf("%w: it is that of node %s, and node %s is meant", ErrCertificate, id, want)
			}
			return err
		},
	}
}

// A TLS record begins with one of these.
const (
	recordAlert     = 0x15
	recordHandshake = 0x16
)

// Alerts with which one side tells the other that it does not speak as that does:
// so each can say what is wrong.
var (
	alertWantsTLS = []byte{recordAlert, 3, 3, 0, 2, 2, 116} // certificate_required
	alertNoTLS    = []byte{recordAlert, 3, 3, 0, 2, 2, 70}  // protocol_version
)

var (
	errWantsTLS = errors.New("the node there wants TLS (its cluster.tls.mode is required) and this one has sent none: give this node cluster.tls with a certificate of the cluster's authority")
	errNoTLS    = errors.New("no TLS is spoken there (cluster.tls.mode is off, or it is no node), and this node sends nothing in the clear (its cluster.tls.mode is required): set cluster.tls.mode to optional on all nodes first")
)
