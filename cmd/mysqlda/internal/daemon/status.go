package daemon

import (
	"strings"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
	"github.com/mysqlda/mysqlda/proxy/backend"
)

// Status implements admin.Node.
func (d *daemon) Status() (admin.Status, error) {
	node, err := d.running()
	if err != nil {
		return admin.Status{}, err
	}
	revision := node.Revision() // before what it is the revision of
	known, set, data := node.Status(), node.Libraries(), node.LibraryData()
	backends := d.backends.Load()
	status := admin.Status{
		Node:         known.NodeID,
		Version:      d.options.Version,
		Ready:        true,
		ClusterID:    known.ClusterID,
		State:        known.State,
		Leader:       known.Leader,
		Term:         known.Term,
		AppliedIndex: known.AppliedIndex,
		CommitIndex:  known.CommitIndex,
		StateHash:    known.StateHash,
		RingVersion:  set.Version(),
		Revision:     revision,
		Placements:   known.Counts.Placements,
		Bindings:     known.Counts.Bindings,
		Nodes:        make([]admin.NodeStatus, 0, len(known.Nodes)),
		Libraries:    libraries(set, known.Counts, node.Health(), data, observed(set, backends)),
		Settings:     settings(node.Settings(), data),
		Lease:        leaseStatus(node, set),
		Secrets:      d.secretsOf(node),
		Pools:        []admin.PoolStatus{},
	}
	if reason := d.Ready(); reason != nil {
		status.Ready, status.NotReady = false, reason.Error()
	}
	for _, n := range known.Nodes {
		status.Nodes = append(status.Nodes, admin.NodeStatus(n))
	}
	if server := d.proxy.Load(); server != nil {
		status.Sessions = len(server.Sessions())
	}
	if backends != nil {
		explain(status.Libraries, backends.Health())
		for _, p := range backends.Pools() {
			status.Pools = append(status.Pools, admin.PoolStatus{
				Library: p.Library, Server: p.Server,
				InUse: p.InUse, Idle: p.Idle, Resetting: p.Resetting, Waiting: p.Waiting,
			})
		}
	}
	return status, nil
}

func libraries(set *fsm.LibrarySet, counts fsm.Counts, seen []cluster.NodeHealth, data cluster.LibraryData, own map[string]topology.Observation) []admin.LibraryStatus {
	list := make([]admin.LibraryStatus, 0, len(set.All()))
	for _, l := range set.All() {
		status := admin.LibraryStatus{
			ID:         uint32(l.ID),
			Name:       l.Name,
			State:      l.State.String(),
			Weight:     l.Weight,
			TLS:        l.TLS.String(),
			Placements: counts.ByLibrary[l.ID],
			Active:     l.Active,

			ActiveEpoch: l.ActiveEpoch,
			Switch:      switchStatus(l.Switch),
			Failover:    l.Failover.Policy.String(),
			Failback:    l.Failover.Failback,
			Pinned:      l.Pinned,
			Account:     l.Account.User,
			Guarded:     l.Guarded,
			Risks:       risks(&l, own),

			DataBytes: data.Bytes[l.ID],
			Servers:   make([]admin.ServerStatus, 0, len(l.Servers)),
		}
		for _, s := range l.Servers {
			server := serverStatus(s.Address, seen)
			server.Maintenance, server.Fence, server.Excluded = s.Maintenance, s.Fence.String(), s.Excluded
			describe(&server, own[s.Address])
			status.Servers = append(status.Servers, server)
		}
		list = append(list, status)
	}
	return list
}

// serverStatus puts together what the nodes that are alive see of a server.
func serverStatus(address string, seen []cluster.NodeHealth) admin.ServerStatus {
	status := admin.ServerStatus{Address: address, SeenBy: []admin.SeenBy{}}
	healthy := 0
	for _, node := range seen {
		if !node.Alive {
			continue
		}
		for _, s := range node.Servers {
			if s.Address != address {
				continue
			}
			status.SeenBy = append(status.SeenBy, seenBy(node.NodeID, s))
			if s.Healthy {
				healthy++
			}
		}
	}
	status.Healthy = 2*healthy > len(status.SeenBy)
	return status
}

// explain adds what this node's own probes say of the servers that it cannot use.
func explain(libraries []admin.LibraryStatus, probed []backend.ServerHealth) {
	reasons := map[string]string{}
	for _, p := range probed {
		if !p.Healthy && p.LastError != "" {
			reasons[p.Address] = strings.TrimPrefix(p.LastError, "server "+p.Address)
		}
	}
	for _, l := range libraries {
		for i := range l.Servers {
			l.Servers[i].LastError = strings.TrimLeft(reasons[l.Servers[i].Address], ": ")
		}
	}
}
