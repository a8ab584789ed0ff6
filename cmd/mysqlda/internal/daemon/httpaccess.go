package daemon

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"slices"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/credentials"
)

// httpAccess reads the keys, certificates and tokens of the HTTP address. Secured is
// nil where TLS is off, access where everybody may do everything.
// mayAsk is that of admin.Certificates.
func httpAccess(cfg config.HTTPAccess, mayAsk func(id string) error, logger *zap.Logger) (secured *tls.Config, access *admin.Access, err error) {
	var trusted *fileValue[*x509.CertPool] // nil: no certificates of clients
	if cfg.ClientCA != "" {
		if trusted, err = loadFileValue(cfg.ClientCA, authorities, logger); err != nil {
			return nil, nil, fmt.Errorf("http.tls.client_ca: %w", err)
		}
	}
	if cfg.Cert != "" {
		if secured, err = tlsForHTTP(cfg, trusted, logger); err != nil {
			return nil, nil, err
		}
	}
	if !cfg.Protected() {
		return secured, nil, nil
	}
	access = &admin.Access{}
	if trusted != nil {
		access.Certificates = &admin.Certificates{Authorities: trusted.get, Node: mayAsk}
	}
	for _, page := range cfg.Open {
		access.Open = append(access.Open, admin.Page(page))
	}
	if cfg.TokenFile != "" {
		tokens, err := loadFileValue(cfg.TokenFile, readTokenSet, logger)
		if err != nil {
			return nil, nil, fmt.Errorf("http.token_file: %w", err)
		}
		tokens.partly = true // whoever takes out the last token, or deletes the file, means it
		access.Tokens = tokens.get
	}
	return secured, access, nil
}

// mayAsk returns nil for the id of this node and of those of its cluster, as this node
// knows it. A certificate outlives its node's membership.
func (d *daemon) mayAsk(id string) error {
	node := d.cluster.Load()
	if node == nil {
		return fmt.Errorf("%w yet: it is opening its data and cannot tell whether %s is in its cluster", admin.ErrNotRunning, id)
	}
	known := func(n cluster.NodeStatus) bool { return n.ID == id }
	if id != node.ID() && !slices.ContainsFunc(node.Status().Nodes, known) {
		return fmt.Errorf("it is for %s", id)
	}
	return nil
}

// hostNames are those of this node that nobody else can have lead to it: by them it may
// be asked without authentication.
func hostNames(cfg *config.Config) []string {
	names := append([]string{cfg.Node.Advertise}, cfg.HTTP.Access.HostNames...)
	for _, address := range []string{cfg.HTTP.Listen, cfg.Cluster.Listen, cfg.Server.Listen} {
		if host, _, err := net.SplitHostPort(address); err == nil {
			names = append(names, host)
		}
	}
	if host, err := os.Hostname(); err == nil { // else there is none that it may be asked by
		names = append(names, host)
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

// towardsMembers is how this node connects to the HTTP addresses of others: as they
// are reached here. It shows nothing of its own there.
func towardsMembers(cfg *config.Config) (admin.Credentials, error) {
	shown, err := credentials.Of(cfg, credentials.Files{})
	if err != nil {
		return admin.Credentials{}, fmt.Errorf("asking other nodes: %w", err)
	}
	shown.Token = ""
	if shown.TLS != nil {
		shown.TLS.Certificates = nil
	}
	return shown, nil
}

// readTokenSet returns the tokens that can be read also with an error.
func readTokenSet(path string) (*admin.TokenSet, error) {
	tokens, err := admin.ReadTokens(path)
	return admin.NewTokenSet(tokens), err
}

func tlsForHTTP(cfg config.HTTPAccess, trusted *fileValue[*x509.CertPool], logger *zap.Logger) (*tls.Config, error) {
	pair, err := loadKeyPair(cfg.Cert, cfg.Key, logger)
	if err != nil {
		return nil, fmt.Errorf("http.tls.cert, http.tls.key: %w", err)
	}
	t := &tls.Config{
		MinVersion: tls.VersionTLS12, GetCertificate: pair.forClients, NextProtos: []string{"http/1.1"},
		SessionTicketsDisabled: true, // a changed client_ca counts at once
	}
	if trusted == nil {
		return t, nil
	}
	// Probes and operators with tokens have no certificate.
	t.ClientAuth = tls.VerifyClientCertIfGiven
	t.ClientCAs = trusted.get()
	t.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		now := t.Clone()
		now.GetConfigForClient, now.ClientCAs = nil, trusted.get()
		return now, nil
	}
	return t, nil
}
