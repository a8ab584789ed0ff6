package admin

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/pki"
)

// Certificates says which client certificates count.
type Certificates struct {
	// Authorities are those that sign them, at the moment.
	Authorities func() *x509.CertPool
	// Node returns nil for the id of a node that may ask this one. Its error wraps
	// ErrNotRunning while nobody can tell.
	Node func(id string) error
}

var (
	errNameless   = errors.New("the client certificate names nobody: it needs a common name, or the subject alternative name URI:mysqlda://operator/NAME")
	errUntrusted  = errors.New("the client certificate is not valid any more, or its authority is not one of this node's (http.tls.client_ca)")
	errNotOurNode = errors.New("the client certificate is that of a node which, as far as this node knows, is not in its cluster")
)

// operator is whom the certificate of a connection is for. A connection may outlast the
// certificate, its authority and the node's membership, so all of that is looked at
// for each request.
func (c *Certificates) operator(connection *tls.ConnectionState) (string, error) {
	shown := connection.PeerCertificates
	options := x509.VerifyOptions{
		Roots: c.Authorities(), Intermediates: x509.NewCertPool(), CurrentTime: time.Now(),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, between := range shown[1:] {
		options.Intermediates.AddCert(between)
	}
	if _, err := shown[0].Verify(options); err != nil {
		return "", fmt.Errorf("%w: %w", errUntrusted, err)
	}
	name := pki.Operator(shown[0])
	if name == "" {
		return "", errNameless
	}
	id, isNode := pki.Node(shown[0])
	if !isNode {
		return name, CheckReserved(name)
	}
	if err := c.Node(id); errors.Is(err, ErrNotRunning) {
		return "", err
	} else if err != nil {
		return "", fmt.Errorf("%w: %w", errNotOurNode, err)
	}
	return name, nil
}
