package pki

import (
	"crypto/x509"
	"net/url"
	"strings"

	"github.com/mysqlda/mysqlda/cluster/transport"
)

// An operator's certificate has the URI mysqlda://operator/NAME among its subject's
// alternative names. One of another PKI may do with its subject's common name.
const operatorHost = "operator"

func operatorURI(name string) *url.URL {
	u := transport.NodeURI(name)
	u.Host = operatorHost
	return u
}

// Operator is the name of whom a client certificate is for, as logs show it: that of
// the operator, "node:ID" for a node's, else the subject's common name; "" if there is
// none.
func Operator(c *x509.Certificate) string {
	if id, ok := Node(c); ok {
		return "node:" + id
	}
	for _, u := range c.URIs {
		if u.Scheme == operatorURI("").Scheme && u.Host == operatorHost {
			return strings.TrimPrefix(u.Path, "/")
		}
	}
	return c.Subject.CommonName
}

// Node is the id of the node that a certificate is for; ok is false if it is for none.
func Node(c *x509.Certificate) (id string, ok bool) {
	id, err := transport.CertifiedNode(c)
	return id, err == nil
}
