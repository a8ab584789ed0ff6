package doctor

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
)

// renewWithin is how long before its end a certificate should be renewed.
const renewWithin = 30 * 24 * time.Hour

// certificateChecks looks at the certificates that the file names, and returns what
// it names for connections to servers as well as that can be used.
func certificateChecks(cfg *config.Config) (*tls.Config, []Finding) {
	var found []Finding
	material := &tls.Config{MinVersion: tls.VersionTLS12}
	if cfg.TLS.Cert != "" {
		_, f := pairCheck("tls.cert, tls.key", cfg.TLS.Cert, cfg.TLS.Key)
		found = append(found, f)
	}
	if cfg.TLS.ClientCA != "" {
		_, f := authoritiesCheck("tls.client_ca", cfg.TLS.ClientCA)
		found = append(found, f)
	}
	if cfg.HTTP.Access.Cert != "" {
		_, f := pairCheck("http.tls.cert, http.tls.key", cfg.HTTP.Access.Cert, cfg.HTTP.Access.Key)
		found = append(found, f)
	}
	if cfg.HTTP.Access.ClientCA != "" {
		_, f := authoritiesCheck("http.tls.client_ca", cfg.HTTP.Access.ClientCA)
		found = append(found, f)
	}
	found = append(found, nodeCertificateChecks(cfg)...)
	if cfg.Backend.TLSCert != "" {
		pair, f := pairCheck("backend.tls_cert, backend.tls_key", cfg.Backend.TLSCert, cfg.Backend.TLSKey)
		if found = append(found, f); pair != nil {
			material.Certificates = []tls.Certificate{*pair}
		}
	}
	if cfg.Backend.TLSCA != "" {
		pool, f := authoritiesCheck("backend.tls_ca", cfg.Backend.TLSCA)
		found, material.RootCAs = append(found, f), pool
	}
	return material, found
}

// pairCheck loads a certificate with its key; nil if they cannot be used.
func pairCheck(check, certFile, keyFile string) (*tls.Certificate, Finding) {
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, problem(check, err.Error(), "put a certificate in PEM and its private key there, readable for the user that the node runs as")
	}
	until := pair.Leaf.NotAfter
	seen := fmt.Sprintf("%s is valid until %s", certFile, until.Format(time.DateOnly))
	const renew = "replace both files by a renewed certificate and its key; the node needs no restart for that"
	switch now := time.Now(); {
	case now.After(until):
		return &pair, problem(check, fmt.Sprintf("%s was valid until %s", certFile, until.Format(time.DateOnly)), renew)
	case now.Before(pair.Leaf.NotBefore):
		return &pair, problem(check, fmt.Sprintf("%s is not valid before %s", certFile, pair.Leaf.NotBefore.Format(time.DateTime)), "set this machine's clock, or take another certificate")
	case until.Sub(now) < renewWithin:
		return &pair, warning(check, seen, renew)
	}
	return &pair, ok(check, "%s", seen)
}

// authoritiesCheck reads the certificates of a PEM file. The pool is an empty one,
// that nobody trusts, if there are none.
func authoritiesCheck(check, file string) (*x509.CertPool, Finding) {
	pool := x509.NewCertPool()
	text, err := os.ReadFile(file)
	if err == nil && !pool.AppendCertsFromPEM(text) {
		err = fmt.Errorf("%s: there is no certificate in PEM in it", file)
	}
	if err != nil {
		return pool, problem(check, err.Error(), "put the authorities' certificates in PEM there")
	}
	return pool, ok(check, "%s", file)
}
