// Package credentials finds what a command shows to a node, and by whom it knows it:
// from the node's config file, and from what the command line names instead. The
// commands, doctor, the debug bundle, and a node that asks itself call it.
//
// It asks nobody; package admin does.
package credentials

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/secretfile"
)

// Files are what a command line names. "" stands for nothing.
type Files struct {
	Token     string // with the operator's token, alone or as NAME:TOKEN, in the first line
	CA        string // the authorities of nodes' certificates
	Cert, Key string // the operator's certificate
	TLS       bool   // connections are protected even if no file says so
}

// Of reads what goes with a config file, nil for none. What files names takes the
// place of what the config file says.
func Of(cfg *config.Config, files Files) (admin.Credentials, error) {
	var c admin.Credentials
	if files.TLS || files.CA != "" || files.Cert != "" || cfg != nil && cfg.HTTP.Access.Cert != "" {
		c.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if cfg != nil {
		if files.CA == "" {
			c.KnownFile = cfg.HTTP.Access.Cert
		}
		files = filled(files, cfg)
	}
	var err error
	if files.CA != "" {
		if c.TLS.RootCAs, err = authorities(files.CA); err != nil {
			return c, fmt.Errorf("authorities of nodes: %w", err)
		}
	}
	if files.Cert != "" {
		pair, err := keyPair(files.Cert, files.Key)
		if err != nil {
			return c, fmt.Errorf("operator's certificate: %w", err)
		}
		c.TLS.Certificates = []tls.Certificate{pair}
	}
	if files.Token != "" {
		if c.Token, err = firstToken(files.Token); err != nil {
			return c, fmt.Errorf("operator's token: %w", err)
		}
	}
	return c, nil
}

// filled takes from the config file what the command line does not name. A node that
// asks for certificates only is shown one of its own.
func filled(files Files, cfg *config.Config) Files {
	a := cfg.HTTP.Access
	if a.ClientCA != "" {
		files.CA = cmp.Or(files.CA, a.ClientCA)
	}
	switch {
	case files.Token != "" || files.Cert != "":
	case a.TokenFile != "":
		files.Token = a.TokenFile
	case a.ClientCA != "" && cfg.Cluster.TLS.Cert != "":
		files.Cert, files.Key = cfg.Cluster.TLS.Cert, cfg.Cluster.TLS.Key
	case a.ClientCA != "":
		files.Cert, files.Key = a.Cert, a.Key
	}
	return files
}

func authorities(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s: there is no certificate in PEM in it", file)
	}
	return pool, nil
}

func keyPair(certFile, keyFile string) (tls.Certificate, error) {
	certificate, err := os.ReadFile(certFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := secretfile.Read(keyFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(certificate, key)
}

var errNoToken = errors.New("there is no token in it")

func firstToken(file string) (admin.Password, error) {
	lines, err := secretfile.Lines(file)
	if err != nil {
		return "", err
	}
	if len(lines) == 0 {
		return "", fmt.Errorf("%s: %w", file, errNoToken)
	}
	return admin.TokenOfLine(lines[0]), nil
}
