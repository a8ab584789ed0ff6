package daemon

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/handover"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/secretkey"
)

// CanTakeOver says why a node of that config file could not take the running one's place,
// nil if nothing speaks against it. It opens nothing that the running node holds.
func CanTakeOver(ctx context.Context, cfg *config.Config, running handover.Running) error {
	switch {
	case cfg.Node.ID != "" && cfg.Node.ID != running.Node:
		return fmt.Errorf("%s is of node %q, and node %q runs: a restart makes no other node of it", cfg.Path, cfg.Node.ID, running.Node)
	case cfg.Node.DataDir != running.DataDir:
		return fmt.Errorf("%s names the data directory %s, and the running node's is %s: stop the node, move the directory, and start it", cfg.Path, cfg.Node.DataDir, running.DataDir)
	}
	if err := canRead(cfg, running.Node); err != nil {
		return fmt.Errorf("%s: %w", cfg.Path, err)
	}
	return canListen(ctx, cfg, running)
}

// canRead opens all files that the node reads when it starts, and says which it cannot
// start with.
func canRead(cfg *config.Config, node string) error {
	quiet := zap.NewNop()
	if _, err := secretkey.Open(cfg.Secrets.KeyFile, os.Getenv); err != nil {
		return err
	}
	if _, _, err := httpAccess(cfg.HTTP.Access, func(string) error { return nil }, quiet); err != nil {
		return err
	}
	if _, err := towardsMembers(cfg); err != nil {
		return err
	}
	for _, address := range []string{cfg.Server.Listen, cfg.HTTP.Listen} {
		if _, err := cfg.Advertised(address); err != nil {
			return err
		}
	}
	security, err := tlsForNodes(cfg.Cluster.TLS, quiet)
	if err != nil {
		return err
	}
	if security != nil {
		if err := security.CheckOwn(security.Certificate(), node); err != nil {
			return fmt.Errorf("cluster.tls.cert: %w; `mysqlda ca issue --node %s` makes one", err, node)
		}
	}
	if _, err := gossipKeysOf(cfg.Cluster.GossipKeyFile, quiet); err != nil {
		return err
	}
	if _, err := joinTokensOf(cfg.Cluster, quiet); err != nil {
		return err
	}
	if _, err := readHeaders(cfg.Tracing); err != nil {
		return fmt.Errorf("tracing.headers_file: %w", err)
	}
	_, err = configureDataPath(cfg, node, quiet)
	return err
}

// canListen says which address the next process could not listen on.
func canListen(ctx context.Context, cfg *config.Config, running handover.Running) error {
	wanted := (&daemon{cfg: cfg}).addresses()
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		address := wanted[name]
		if running.Listen[name] == address {
			continue // it will be there, handed over or closed
		}
		for other, had := range running.Listen {
			if had == address {
				// A socket goes on under its own name only, and is still open when
				// the next process wants the address for something else.
				return fmt.Errorf("%s: %s is the %s address now, and the running node's %s address: name another one, or stop the node and start it",
					cfg.Path, address, name, other)
			}
		}
		ln, err := listen(ctx, name, address)
		if err != nil {
			return err
		}
		if err := ln.Close(); err != nil {
			return fmt.Errorf("%s: %w", address, err)
		}
	}
	return nil
}
