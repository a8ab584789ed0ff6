package daemon

import (
	"context"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

// Export implements admin.Node.
func (d *daemon) Export(ctx context.Context) (admin.Export, error) {
	node, err := d.running()
	if err != nil {
		return admin.Export{}, err
	}
	state, err := node.Backup(ctx)
	if err != nil {
		return admin.Export{}, err
	}
	return admin.Export{
		Head:  admin.ExportHead{Cluster: node.ClusterID(), Node: node.ID(), Index: state.Index(), Time: time.Now().UTC()},
		State: state,
	}, nil
}
