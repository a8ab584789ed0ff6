package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/mysqlda/mysqlda/cluster/transport"
)

// Request says whom a certificate is for: a node or an operator.
type Request struct {
	Node     string   // id
	Hosts    []string // with Node: host names and IP addresses under which its HTTP address is reached
	Operator string   // name
	Life     time.Duration
}

// Issue makes a certificate. It never outlives the authority's.
func (a *Authority) Issue(r Request, now time.Time) (Pair, error) {
	until := now.Add(r.Life)
	if end := a.Until(); until.After(end) {
		until = end
	}
	if !until.After(now) {
		return Pair{}, fmt.Errorf("the authority's certificate was valid until %s", a.Until().Format(time.DateOnly))
	}
	c := &x509.Certificate{
		NotBefore:             now.Add(-Backdate),
		NotAfter:              until,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
	}
	if r.Node != "" {
		c.Subject = pkix.Name{CommonName: r.Node, Organization: []string{"mysqlda"}}
		c.URIs = []*url.URL{transport.NodeURI(r.Node)}
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
		for _, host := range r.Hosts {
			if ip := net.ParseIP(host); ip != nil {
				c.IPAddresses = append(c.IPAddresses, ip)
			} else {
				c.DNSNames = append(c.DNSNames, host)
			}
		}
	} else {
		c.Subject = pkix.Name{CommonName: r.Operator, Organization: []string{"mysqlda"}}
		c.URIs = []*url.URL{operatorURI(r.Operator)}
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, err
	}
	return sign(c, a.pair.Leaf, key, a.pair.PrivateKey)
}
