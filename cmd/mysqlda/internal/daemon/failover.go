package daemon

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/cluster/failover"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
)

// Activate implements admin.Node.
func (d *daemon) Activate(ctx context.Context, library, server string, force bool, drain time.Duration) error {
	node, err := d.running()
	if err != nil {
		return err
	}
	address, err := config.CheckAddress(server)
	if err != nil {
		return fmt.Errorf("%w: server: %w", admin.ErrBadRequest, err)
	}
	return node.Activate(ctx, failover.Request{Library: library, Server: address, Force: force, Drain: drain})
}

// Degraded implements admin.Node.
func (d *daemon) Degraded() (reason string, all bool) {
	node, err := d.running()
	if err != nil {
		return err.Error(), true
	}
	set := node.Libraries()
	if locked := d.lockedSecrets(node); locked != "" {
		return "passwords of servers are not known to this node: " + locked, false
	}
	lease := leaseStatus(node, set)
	if lease == nil || len(lease.Unusable) == 0 {
		return "", false
	}
	return fmt.Sprintf("no lease for %.1f s: these libraries cannot be used through this node: %s", lease.Without, strings.Join(lease.Unusable, ", ")),
		len(lease.Unusable) == len(set.All())
}

// leaseStatus is nil while no library may fail over.
func leaseStatus(node *cluster.Node, set *fsm.LibrarySet) *admin.LeaseStatus {
	var names []string
	for _, l := range set.All() {
		if l.MayFailOver() {
			names = append(names, l.Name)
		}
	}
	if names == nil {
		return nil
	}
	lease := node.Lease()
	now := lease.Status()
	status := &admin.LeaseStatus{Remaining: now.Remaining.Seconds(), Without: now.Without.Seconds()}
	if !lease.Holds() {
		status.Unusable = names
	}
	return status
}

func switchStatus(s *fsm.Switch) *admin.SwitchStatus {
	if s == nil {
		return nil
	}
	return &admin.SwitchStatus{
		Phase: s.Phase.String(), From: s.From, To: s.To,
		Cause: s.Cause.String(), Reason: s.Reason, Forced: s.Forced,
	}
}

// risks are what failover says of a library by what this node observed.
func risks(l *fsm.Library, seen map[string]topology.Observation) []string {
	found := []string{}
	if !l.MayFailOver() {
		return found
	}
	var observed []topology.Observation
	for _, s := range l.Servers {
		if o, ok := seen[s.Address]; ok {
			observed = append(observed, o)
		}
	}
	return append(found, failover.Risks(l, observed)...)
}
