package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/fsm"
)

const (
	// joinTimeout bounds one attempt to join, which asks the members round after
	// round; each attempt that fails is logged.
	joinTimeout = 10 * time.Second
	// joinPause comes after each attempt, so that one which fails at once does not spin.
	joinPause = time.Second
)

// findCluster makes the node a member of a cluster, as options and config say.
// An error ends the node.
func (d *daemon) findCluster(ctx context.Context) error {
	node := d.cluster.Load()
	lonely := node.Status().ClusterID == ""
	switch {
	case len(d.options.Join) > 0:
		return d.join(ctx, node)
	case lonely && d.cfg.Cluster.Present && !d.options.Bootstrap:
		d.logger.Warn("this node belongs to no cluster yet and waits: make it join one with `mysqlda join`, " +
			"or start it with --join; the first node of a new cluster is started with --bootstrap")
		return nil
	}
	// For a member this does nothing but finish a bootstrap that was interrupted.
	if err := d.cfg.Seed(); err != nil {
		if lonely {
			return err
		}
		return nil
	}
	b := seed(d.cfg)
	if err := d.sealSettings(&b.Settings); err != nil {
		return fmt.Errorf("making a new cluster: %w", err)
	}
	if err := node.Bootstrap(ctx, b); err != nil && ctx.Err() == nil {
		return fmt.Errorf("making a new cluster: %w", err)
	}
	return nil
}

// seed is what a new cluster takes from the config file of its first node.
func seed(cfg *config.Config) fsm.Bootstrap {
	b := fsm.Bootstrap{Settings: fsm.Settings{
		User:                        cfg.Auth.User,
		Password:                    string(cfg.Auth.Password),
		Database:                    cfg.Auth.Database,
		DefaultLibrary:              cfg.Auth.DefaultLibrary,
		DefaultCore:                 cfg.Auth.DefaultCore,
		UnusedForwardSessionTimeout: cfg.IdleTimeout,
		MaxShareMille:               cfg.Balancing.MaxShareMille,
		Balance:                     cfg.Balancing.Balance,
		Failover: fsm.FailoverSettings{
			Wait: cfg.Failover.Wait, Lease: cfg.Failover.Lease, Cooldown: cfg.Failover.Cooldown,
			RequireFencing: cfg.Failover.RequireFencing,
			User:           cfg.Failover.User, Password: string(cfg.Failover.Password),
			ReplicationUser: cfg.Failover.ReplicationUser, ReplicationPassword: string(cfg.Failover.ReplicationPassword),
		},
	}}
	b.Users = []fsm.User{*accountUser(&b.Settings)}
	for _, f := range cfg.Forwards {
		b.Libraries = append(b.Libraries, fsm.AddLibrary{Name: f.Library, Weight: f.Weight, Servers: servers(f.Servers), TLS: f.TLS, Failover: f.Failover})
	}
	return b
}

func servers(addresses []string) []fsm.Server {
	list := make([]fsm.Server, 0, len(addresses))
	for _, a := range addresses {
		list = append(list, fsm.Server{Address: a})
	}
	return list
}

// checkJoin refuses to let a node that belongs to no cluster yet wait for itself.
// One list of addresses for all nodes of a cluster is fine.
func (d *daemon) checkJoin(node *cluster.Node, via []string) error {
	others := slices.ContainsFunc(via, func(a string) bool { return a != d.cfg.Cluster.Listen })
	if others || node.Status().ClusterID != "" {
		return nil
	}
	return fmt.Errorf("%w: %s is this node itself; name a member of the cluster that it is to join", admin.ErrBadRequest, d.cfg.Cluster.Listen)
}

// join tries until it works, ctx ends, or the cluster definitely refuses.
func (d *daemon) join(ctx context.Context, node *cluster.Node) error {
	if err := d.checkJoin(node, d.options.Join); err != nil {
		return err
	}
	via := zap.Strings("via", d.options.Join)
	for {
		attempt, cancel := context.WithTimeout(ctx, joinTimeout)
		err := node.Join(attempt, d.options.Join)
		cancel()
		switch {
		case err == nil:
			d.logger.Info("the node is a member of the cluster", via, zap.String("cluster", node.Status().ClusterID))
			return nil
		case ctx.Err() != nil:
			return nil
		case refused(err):
			return fmt.Errorf("joining the cluster of %s: %w", strings.Join(d.options.Join, ", "), err)
		}
		d.logger.Warn("joining the cluster failed; trying again", via, zap.Error(err))
		select {
		case <-time.After(joinPause):
		case <-ctx.Done():
			return nil
		}
	}
}

// refused tells whether an attempt to join has failed for good.
func refused(err error) bool {
	for _, final := range []error{
		cluster.ErrOtherCluster, cluster.ErrOtherNode, cluster.ErrIDTaken,
		cluster.ErrRemoved, fsm.ErrRemoved, cluster.ErrLeft, cluster.ErrSuperseded, cluster.ErrClosed,
	} {
		if errors.Is(err, final) {
			return true
		}
	}
	return false
}
