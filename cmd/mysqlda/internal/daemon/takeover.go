package daemon

import (
	"context"
	"fmt"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/handover"
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
	if _, err := configureDataPath(cfg, running.Node, zap.NewNop()); err != nil {
		return fmt.Errorf("%s: %w", cfg.Path, err)
	}
	d := daemon{cfg: cfg}
	wanted, had := d.addresses(), make(map[string]bool)
	for _, address := range running.Listen {
		had[address] = true
	}
	for name, address := range wanted {
		if had[address] {
			continue // it will be there, handed over or closed
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
