package daemon

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/proxy"
	"github.com/mysqlda/mysqlda/proxy/backend"
)

// dataPath is what the config file says to the data path.
type dataPath struct {
	backend backend.Config
	proxy   proxy.Config
	servers *tls.Config // for backend connections of libraries with TLS
}

// configureDataPath turns the config file's words into what the data path takes,
// and reads the certificates that it names.
func configureDataPath(cfg *config.Config, nodeID string, logger *zap.Logger) (dataPath, error) {
	clients, err := tlsForClients(cfg, nodeID, logger)
	if err != nil {
		return dataPath{}, err
	}
	servers, err := tlsForServers(cfg.Backend, logger)
	if err != nil {
		return dataPath{}, err
	}
	return dataPath{
		backend: backend.Config{
			DialTimeout:         cfg.Backend.DialTimeout,
			WaitTimeout:         cfg.Backend.WaitTimeout,
			ResetTimeout:        cfg.Backend.ResetTimeout,
			ProbeInterval:       cfg.Backend.ProbeInterval,
			ProbeTimeout:        cfg.Backend.ProbeTimeout,
			MaxPerServer:        cfg.Backend.MaxConnections,
			MaxIdlePerServer:    cfg.Backend.MaxIdle,
			MaxWaitingPerServer: cfg.Backend.MaxWaiting,
		},
		proxy: proxy.Config{
			TLS:                   clients,
			RequireTLS:            cfg.TLS.Mode == config.TLSRequired,
			ProxyProtocolFrom:     cfg.Server.ProxyProtocolFrom,
			MaxSessions:           cfg.Limits.MaxSessions,
			MaxSessionsPerUser:    cfg.Limits.MaxSessionsPerUser,
			MaxSessionsPerLibrary: cfg.Limits.MaxSessionsPerLibrary,
			HandshakeTimeout:      cfg.Limits.HandshakeTimeout,
			AcquireTimeout:        cfg.Limits.AcquireTimeout,
			IdleTimeout:           cfg.Limits.IdleTimeout,
			StallTimeout:          cfg.Limits.StallTimeout,
			ParkAfter:             parkAfter(cfg.Limits.ParkAfter),
			MaxAllowedPacket:      cfg.Limits.MaxAllowedPacket,
			SlowStatement:         cfg.Log.SlowStatement,
			StatementDigests:      cfg.Log.StatementDigests,
		},
		servers: servers,
	}, nil
}

// parkAfter says "never" as the data path does: 0 is its default.
func parkAfter(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}

// tlsForClients is nil where TLS is not offered.
func tlsForClients(cfg *config.Config, nodeID string, logger *zap.Logger) (*tls.Config, error) {
	if cfg.TLS.Mode == config.TLSOff {
		return nil, nil
	}
	certFile, keyFile := cfg.TLS.Cert, cfg.TLS.Key
	if certFile == "" {
		own, err := ownCertificate(cfg.Node.DataDir, nodeID, ownNames(cfg, nodeID), time.Now())
		if err != nil {
			return nil, err
		}
		certFile, keyFile = own, own
	}
	pair, err := loadKeyPair(certFile, keyFile, logger)
	if err != nil {
		return nil, fmt.Errorf("tls.cert, tls.key: %w", err)
	}
	logger.Info("certificate for clients", zap.String("file", certFile), zap.Bool("self_made", cfg.TLS.Cert == ""),
		zap.Time("valid_until", pair.certificate().Leaf.NotAfter))
	t := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: pair.forClients}
	switch cfg.TLS.ClientCertificates {
	case config.TLSOptional:
		t.ClientAuth = tls.VerifyClientCertIfGiven
	case config.TLSRequired:
		t.ClientAuth = tls.RequireAndVerifyClientCert
	}
	if cfg.TLS.ClientCA != "" {
		if t.ClientCAs, err = authorities(cfg.TLS.ClientCA); err != nil {
			return nil, fmt.Errorf("tls.client_ca: %w", err)
		}
	}
	return t, nil
}

// ownNames are the names of a self-made certificate.
func ownNames(cfg *config.Config, nodeID string) []string {
	names := []string{"localhost", "127.0.0.1", "::1", nodeID}
	if host, err := os.Hostname(); err == nil {
		names = append(names, host)
	}
	if advertised, err := cfg.Advertised(cfg.Server.Listen); err == nil {
		if host, _, err := net.SplitHostPort(advertised); err == nil {
			names = append(names, host)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// tlsForServers is what backend connections with TLS have in common. How much of
// a server's certificate is checked, and under which name, is its library's to
// say.
func tlsForServers(cfg config.Backend, logger *zap.Logger) (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	if cfg.TLSCA != "" {
		var err error
		if t.RootCAs, err = authorities(cfg.TLSCA); err != nil {
			return nil, fmt.Errorf("backend.tls_ca: %w", err)
		}
	}
	if cfg.TLSCert != "" {
		pair, err := loadKeyPair(cfg.TLSCert, cfg.TLSKey, logger)
		if err != nil {
			return nil, fmt.Errorf("backend.tls_cert, backend.tls_key: %w", err)
		}
		t.GetClientCertificate = pair.forServers
	}
	return t, nil
}

// authorities reads the certificates of a PEM file.
func authorities(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s: %w", file, errNoCertificate)
	}
	return pool, nil
}

var errNoCertificate = errors.New("there is no certificate in PEM in it")
