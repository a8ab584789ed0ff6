package daemon

import (
	"context"
	"slices"
	"time"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
	"github.com/mysqlda/mysqlda/proxy/backend"
)

const (
	// anyAge takes what was last observed, however old it is.
	anyAge = 365 * 24 * time.Hour
	// observeTimeout bounds waiting for servers that were never observed: what is
	// shown of them can wait for the next probe.
	observeTimeout = 50 * time.Millisecond
)

// observations are by address what this node last observed of servers, as far as it
// did.
func observations(backends *backend.Manager, addresses []string) map[string]topology.Observation {
	slices.Sort(addresses)
	ctx, cancel := context.WithTimeout(context.Background(), observeTimeout)
	defer cancel()
	seen := make(map[string]topology.Observation, len(addresses))
	for _, o := range backends.Observe(ctx, slices.Compact(addresses), anyAge) {
		if o.Known {
			seen[o.Address] = o
		}
	}
	return seen
}

// observed is that for all servers of the libraries.
func observed(set *fsm.LibrarySet, backends *backend.Manager) map[string]topology.Observation {
	if backends == nil {
		return nil
	}
	var addresses []string
	for _, l := range set.All() {
		for _, s := range l.Servers {
			addresses = append(addresses, s.Address)
		}
	}
	return observations(backends, addresses)
}

// seenHealth is what this node's probes found, with what the servers say of
// themselves, as it is gossiped.
func seenHealth(health []backend.ServerHealth, seen map[string]topology.Observation) []cluster.ServerHealth {
	list := make([]cluster.ServerHealth, 0, len(health))
	for _, h := range health {
		list = append(list, cluster.ServerHealth{Address: h.Address, Healthy: h.Healthy, Facts: coarse(seen[h.Address].Facts)})
	}
	return list
}

// said reports whether a server has ever said anything of itself.
func said(f topology.Facts) bool { return f.Flavour != topology.UnknownFlavour }

// coarse are the facts that nodes tell each other.
func coarse(f topology.Facts) cluster.ServerFacts {
	if !said(f) {
		return cluster.ServerFacts{}
	}
	told := cluster.ServerFacts{Known: true, ReadOnly: f.ReadOnly}
	if s := f.Source; s != nil {
		told.Source, told.Receiving, told.Applying, told.Lag, told.LagKnown = s.Address, s.Receiving, s.Applying, s.Lag, s.LagKnown
	}
	return told
}

// seenBy is what a node has told of a server.
func seenBy(node string, h cluster.ServerHealth) admin.SeenBy {
	seen := admin.SeenBy{Node: node, Healthy: h.Healthy}
	if !h.Facts.Known {
		return seen
	}
	seen.ReadOnly, seen.Source = &h.Facts.ReadOnly, h.Facts.Source
	if h.Facts.LagKnown {
		seen.LagSeconds = new(h.Facts.Lag.Seconds())
	}
	return seen
}

// describe adds what a server says of itself.
func describe(status *admin.ServerStatus, o topology.Observation) {
	if !said(o.Facts) {
		return
	}
	status.ReadOnly = &o.Facts.ReadOnly
	switch semi := o.Facts.SemiSync; {
	case semi.SourceEnabled && semi.SourceActive:
		status.SemiSync = "source"
	case semi.SourceEnabled:
		status.SemiSync = "fallen back"
	case semi.ReplicaEnabled:
		status.SemiSync = "replica"
	}
	source := o.Facts.Source
	if source == nil {
		return
	}
	status.Source, status.Receiving, status.Applying = source.Address, source.Receiving, source.Applying
	if source.LagKnown {
		status.LagSeconds = new(source.Lag.Seconds())
	}
}
