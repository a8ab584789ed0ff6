// Package pki makes a cluster's own small authority and the certificates of its nodes
// and operators, for `mysqlda ca`. A PKI of one's own does as well: what a node looks
// at is package cluster/transport's, what the HTTP API looks at is Operator here.
//
// It writes no files and revokes nothing.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// How long certificates are valid, unless it is asked for something else. Clocks that
// differ by Backdate do no harm.
const (
	AuthorityLife = 10 * 365 * 24 * time.Hour
	NodeLife      = 365 * 24 * time.Hour
	Backdate      = time.Hour
)

// Pair is a certificate and its private key in PEM.
type Pair struct{ Certificate, Key []byte }

// Authority signs certificates.
type Authority struct{ pair tls.Certificate }

// NewAuthority makes the certificate and the key of an authority of that name.
func NewAuthority(name string, life time.Duration, now time.Time) (Pair, error) {
	c := &x509.Certificate{
		Subject:               pkix.Name{CommonName: name, Organization: []string{"mysqlda"}},
		NotBefore:             now.Add(-Backdate),
		NotAfter:              now.Add(life),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, err
	}
	return sign(c, c, key, key)
}

// LoadAuthority takes an authority's certificate and key in PEM.
func LoadAuthority(p Pair) (*Authority, error) {
	pair, err := tls.X509KeyPair(p.Certificate, p.Key)
	if err != nil {
		return nil, err
	}
	if !pair.Leaf.IsCA {
		return nil, errors.New("it is no certificate of an authority")
	}
	return &Authority{pair}, nil
}

// Until is when the authority's certificate ends.
func (a *Authority) Until() time.Time { return a.pair.Leaf.NotAfter }

// sign returns a certificate for the public half of key, with that key.
func sign(c, parent *x509.Certificate, key *ecdsa.PrivateKey, signer any) (Pair, error) {
	var err error
	if c.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)); err != nil {
		return Pair{}, err
	}
	signed, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		return Pair{}, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, fmt.Errorf("a private key: %w", err)
	}
	return Pair{
		Certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}),
		Key:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}, nil
}
