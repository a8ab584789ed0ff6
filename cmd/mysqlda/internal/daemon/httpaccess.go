package daemon

import (
	"crypto/tls"
	"fmt"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/credentials"
)

// httpAccess reads the keys, certificates and tokens of the HTTP address. Secured is
// nil where TLS is off, access where everybody may do everything.
func httpAccess(cfg config.HTTPAccess, logger *zap.Logger) (secured *tls.Config, access *admin.Access, err error) {
	if cfg.Cert != "" {
		if secured, err = tlsForHTTP(cfg, logger); err != nil {
			return nil, nil, err
		}
	}
	if !cfg.Protected() {
		return secured, nil, nil
	}
	access = &admin.Access{Certificates: cfg.ClientCA != ""}
	for _, page := range cfg.Open {
		access.Open = append(access.Open, admin.Page(page))
	}
	if cfg.TokenFile != "" {
		tokens, err := loadFileValue(cfg.TokenFile, readTokenSet, logger)
		if err != nil {
			return nil, nil, fmt.Errorf("http.token_file: %w", err)
		}
		access.Tokens = tokens.get
	}
	return secured, access, nil
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

func readTokenSet(path string) (*admin.TokenSet, error) {
	tokens, err := admin.ReadTokens(path)
	if err != nil {
		return nil, err
	}
	return admin.NewTokenSet(tokens), nil
}

func tlsForHTTP(cfg config.HTTPAccess, logger *zap.Logger) (*tls.Config, error) {
	pair, err := loadKeyPair(cfg.Cert, cfg.Key, logger)
	if err != nil {
		return nil, fmt.Errorf("http.tls.cert, http.tls.key: %w", err)
	}
	t := &tls.Config{
		MinVersion: tls.VersionTLS12, GetCertificate: pair.forClients, NextProtos: []string{"http/1.1"},
		SessionTicketsDisabled: true, // a changed client_ca counts at once
	}
	if cfg.ClientCA == "" {
		return t, nil
	}
	trusted, err := loadFileValue(cfg.ClientCA, authorities, logger)
	if err != nil {
		return nil, fmt.Errorf("http.tls.client_ca: %w", err)
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
