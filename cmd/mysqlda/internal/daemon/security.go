package daemon

import (
	"crypto/tls"
	"fmt"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/cluster/transport"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
)

// tlsForNodes reads the certificates for connections between nodes. It is nil where
// TLS is off. Of a changed certificate only one for the same node is taken.
func tlsForNodes(cfg config.NodeTLS, logger *zap.Logger) (*transport.Security, error) {
	if cfg.Mode == config.TLSOff {
		return nil, nil
	}
	trusted, err := loadFileValue(cfg.CA, authorities, logger)
	if err != nil {
		return nil, fmt.Errorf("cluster.tls.ca: %w", err)
	}
	pair, err := loadKeyPair(cfg.Cert, cfg.Key, logger)
	if err != nil {
		return nil, fmt.Errorf("cluster.tls.cert, cluster.tls.key: %w", err)
	}
	security := &transport.Security{
		Required:    cfg.Mode == config.TLSRequired,
		Certificate: pair.certificate,
		Authorities: trusted.get,
	}
	first := pair.current.Leaf
	id, err := transport.CertifiedNode(first)
	if err != nil {
		return nil, fmt.Errorf("cluster.tls.cert: %w", err)
	}
	pair.check = func(c *tls.Certificate) error { return security.CheckOwn(c, id) }
	logger.Info("certificate for other nodes", zap.String("file", cfg.Cert), zap.String("names", id),
		zap.String("mode", string(cfg.Mode)), zap.Time("valid_until", first.NotAfter))
	return security, nil
}
