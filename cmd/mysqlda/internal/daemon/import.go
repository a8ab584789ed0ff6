package daemon

import (
	"context"
	"fmt"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/fsm"
)

// Import implements admin.Node.
func (d *daemon) Import(ctx context.Context, clusterID string, records fsm.Import) (admin.ImportResult, error) {
	node, err := d.running()
	if err != nil {
		return admin.ImportResult{}, err
	}
	if own := node.ClusterID(); own != clusterID {
		return admin.ImportResult{}, fmt.Errorf("%w: the records are for cluster %q, this node belongs to %q", cluster.ErrOtherCluster, clusterID, own)
	}
	result, err := node.Import(ctx, records)
	if err != nil {
		return admin.ImportResult{}, err
	}
	answer := admin.ImportResult{Added: result.Added, Present: result.Present}
	for _, c := range result.Conflicts {
		answer.Conflicts = append(answer.Conflicts, admin.ImportConflict{Record: c.Record, Error: c.Err.Error()})
	}
	return answer, nil
}
