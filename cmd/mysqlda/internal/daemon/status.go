package daemon

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/backend"
)

// Status implements admin.Node.
func (d *daemon) Status() (admin.Status, error) {
	node, err := d.running()
	if err != nil {
		return admin.Status{}, err
	}
	known, set, data := node.Status(), node.Libraries(), node.LibraryData()
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
		Placements:   known.Counts.Placements,
		Bindings:     known.Counts.Bindings,
		Nodes:        make([]admin.NodeStatus, 0, len(known.Nodes)),
		Libraries:    libraries(set, known.Counts, node.Health(), data),
		Settings:     settings(node.Settings(), data),
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
	if backends := d.backends.Load(); backends != nil {
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

func libraries(set *fsm.LibrarySet, counts fsm.Counts, seen []cluster.NodeHealth, data cluster.LibraryData) []admin.LibraryStatus {
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
			DataBytes:  data.Bytes[l.ID],
			Servers:    make([]admin.ServerStatus, 0, len(l.Servers)),
		}
		for _, s := range l.Servers {
			status.Servers = append(status.Servers, serverStatus(s.Address, seen))
		}
		list = append(list, status)
	}
	return list
}

// settings is nil while there are none.
func settings(s *fsm.Settings, data cluster.LibraryData) *admin.Settings {
	if s == nil {
		return nil
	}
	return &admin.Settings{
		User: s.User, Database: s.Database, DefaultLibrary: s.DefaultLibrary, DefaultCore: s.DefaultCore,
		UnusedForwardSessionTimeout: int64(s.UnusedForwardSessionTimeout / time.Second),
		MaxShare:                    json.Number(fsm.FormatShare(s.MaxShareMille)),
		Balance:                     s.Balance.String(),
		SizesUnknown:                data.Unknown,
	}
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
			status.SeenBy = append(status.SeenBy, admin.SeenBy{Node: node.NodeID, Healthy: s.Healthy})
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

// seenHealth is what the probes of this node found, as it is gossiped.
func seenHealth(health []backend.ServerHealth) []cluster.ServerHealth {
	list := make([]cluster.ServerHealth, 0, len(health))
	for _, h := range health {
		list = append(list, cluster.ServerHealth{Address: h.Address, Healthy: h.Healthy})
	}
	return list
}
