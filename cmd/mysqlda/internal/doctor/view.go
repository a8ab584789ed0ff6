package doctor

import (
	"context"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
)

// answerTimeout bounds one question to a node.
const answerTimeout = 5 * time.Second

// view is what a config file says, and what its node says if it runs.
type view struct {
	cfg *config.Config
	// runs says that something that is a node answers at the HTTP address; status is
	// what it says. own says that it is the node of this file.
	runs, own bool
	status    admin.Status
	secrets   *admin.Secrets // how the node finds the cluster's passwords; nil: it does not say
}

// look asks the node of the file for its status.
func look(ctx context.Context, cfg *config.Config) *view {
	v := &view{cfg: cfg}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	status, err := admin.NewClient(config.Dialable(cfg.HTTP.Listen)).Status(ctx)
	if err != nil || status.Node == "" {
		return v // that it does not run is no fault, and whoever else listens there is portChecks' to tell
	}
	v.runs, v.status = true, status
	v.own = cfg.Node.ID == "" || cfg.Node.ID == status.Node
	if v.inCluster() {
		// A node of an older release does not know that question.
		if secrets, err := admin.NewClient(config.Dialable(cfg.HTTP.Listen)).Secrets(ctx); err == nil {
			v.secrets = &secrets
		}
	}
	return v
}

// inCluster says that the file's own node runs and belongs to a cluster.
func (v *view) inCluster() bool { return v.own && v.status.ClusterID != "" }

// nodes is how many nodes use the servers, as far as it is known: at least 1.
func (v *view) nodes() int {
	if v.inCluster() {
		return max(len(v.status.Nodes), 1)
	}
	return 1
}

// others are the nodes beside the file's own.
func (v *view) others() []admin.NodeStatus {
	var others []admin.NodeStatus
	if v.inCluster() {
		for _, n := range v.status.Nodes {
			if n.ID != v.status.Node {
				others = append(others, n)
			}
		}
	}
	return others
}
