package transport

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// A certificate names a node by a URI among its subject's alternative names,
// mysqlda://node/ID. Nothing else counts: an authority that also signs web servers
// or operators does not make nodes of them.
const (
	uriScheme = "mysqlda"
	nodeHost  = "node"
)

// ErrCertificate says that a node's certificate cannot be what it is to be.
var ErrCertificate = errors.New("a node's certificate is refused")

// NodeURI is how a certificate names the node of that id.
func NodeURI(id string) *url.URL {
	return &url.URL{Scheme: uriScheme, Host: nodeHost, Path: "/" + id}
}

// CertifiedNode returns the id of the one node that the certificate names. The
// error wraps ErrCertificate.
func CertifiedNode(c *x509.Certificate) (id string, err error) {
	for _, u := range c.URIs {
		if u.Scheme != uriScheme || u.Host != nodeHost {
			continue
		}
		if id != "" {
			return "", fmt.Errorf("%w: it names several nodes, it must name one", ErrCertificate)
		}
		id = strings.TrimPrefix(u.Path, "/")
	}
	if id == "" || len(id) > maxNodeIDLen {
		return "", fmt.Errorf("%w: it names no node: it needs the subject alternative name URI:%s", ErrCertificate, NodeURI("ID"))
	}
	return id, nil
}

// verifyNode checks that one of the authorities has signed the chain for that use,
// and returns which node the first certificate of it names.
func verifyNode(chain []*x509.Certificate, authorities *x509.CertPool, use x509.ExtKeyUsage) (id string, err error) {
	if len(chain) == 0 {
		return "", fmt.Errorf("%w: none was shown", ErrCertificate)
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err = chain[0].Verify(x509.VerifyOptions{
		Roots: authorities, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{use},
	})
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	return CertifiedNode(chain[0])
}
