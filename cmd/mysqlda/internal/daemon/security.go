package daemon

import (
	"crypto/tls"
	"fmt"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/cluster/transport"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/secretfile"
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

// gossipKeysOf reads the keys of a file, again when it changes; nil without a file.
func gossipKeysOf(file string, logger *zap.Logger) (func() cluster.GossipKeys, error) {
	if file == "" {
		return nil, nil
	}
	keys, err := loadFileValue(file, readGossipKeys, logger)
	if err != nil {
		return nil, fmt.Errorf("cluster.gossip_key_file: %w", err)
	}
	return keys.get, nil
}

func readGossipKeys(path string) (cluster.GossipKeys, error) {
	lines, err := secretfile.Lines(path)
	if err != nil {
		return cluster.GossipKeys{}, err
	}
	keys, err := cluster.ParseGossipKeys(lines)
	if err != nil {
		return keys, fmt.Errorf("%s: %w", path, err)
	}
	return keys, nil
}

// joinTokensOf reads the keys of join tokens, again when they change; nil where none
// are needed.
func joinTokensOf(cfg config.Cluster, logger *zap.Logger) (*cluster.JoinTokens, error) {
	if cfg.JoinKeyFile == "" {
		return nil, nil
	}
	keys, err := loadFileValue(cfg.JoinKeyFile, ReadJoinKeys, logger)
	if err != nil {
		return nil, fmt.Errorf("cluster.join_key_file: %w", err)
	}
	return &cluster.JoinTokens{Keys: keys.get, Always: cfg.JoinTokenAlways}, nil
}

// ReadJoinKeys reads the file of cluster.join_key_file.
func ReadJoinKeys(path string) (cluster.JoinKeys, error) {
	lines, err := secretfile.Lines(path)
	if err != nil {
		return cluster.JoinKeys{}, err
	}
	keys, err := cluster.ParseJoinKeys(lines)
	if err != nil {
		return keys, fmt.Errorf("%s: %w", path, err)
	}
	return keys, nil
}
