package daemon

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/proxy"
)

// statusReport shows the node and what it knows of its cluster.
func (d *daemon) statusReport() proxy.Report {
	report := proxy.Report{Columns: []string{"name", "value"}}
	add := func(name, value string) { report.Rows = append(report.Rows, []string{name, value}) }
	s, err := d.Status()
	if err != nil {
		add("error", err.Error())
		return report
	}
	number := func(name string, n uint64) { add(name, strconv.FormatUint(n, 10)) }
	alive := 0
	for _, n := range s.Nodes {
		if n.Alive {
			alive++
		}
	}
	add("node", s.Node)
	add("version", s.Version)
	add("cluster", s.ClusterID)
	add("raft_state", strings.ToLower(s.State))
	add("leader", s.Leader)
	number("nodes", uint64(len(s.Nodes)))
	number("nodes_alive", uint64(alive))
	number("term", s.Term)
	number("commit_index", s.CommitIndex)
	number("applied_index", s.AppliedIndex)
	number("revision", s.Revision)
	number("ring_version", s.RingVersion)
	number("libraries", uint64(len(s.Libraries)))
	number("placements", s.Placements)
	number("bindings", s.Bindings)
	number("sessions", uint64(s.Sessions))
	if s.Lease != nil {
		add("lease_seconds", fmt.Sprintf("%.1f", s.Lease.Remaining))
	}
	number("warnings", uint64(len(warnings(s))))
	return report
}

// warningsReport shows what is wrong now, and what could be lost.
func (d *daemon) warningsReport() proxy.Report {
	report := proxy.Report{Columns: []string{"of", "name", "warning"}}
	s, err := d.Status()
	if err != nil {
		report.Rows = [][]string{{"node", d.cfg.Node.ID, err.Error()}}
		return report
	}
	report.Rows = warnings(s)
	return report
}

// warnings are rows of what of it concerns and what is wrong.
func warnings(s admin.Status) [][]string {
	var rows [][]string
	warn := func(of, name, format string, args ...any) {
		rows = append(rows, []string{of, name, fmt.Sprintf(format, args...)})
	}
	if !s.Ready {
		warn("node", s.Node, "does not serve clients: %s", s.NotReady)
	}
	if s.Leader == "" {
		warn("cluster", s.ClusterID, "there is no leader: nothing new can be decided until a majority of the voters is alive")
	}
	if s.Lease != nil && len(s.Lease.Unusable) > 0 {
		warn("node", s.Node, "no lease for %.1f s: libraries that may fail over cannot be used through this node", s.Lease.Without)
	}
	if k := s.Secrets; k != nil && len(k.Locked) > 0 {
		warn("node", s.Node, "cannot log in to servers with passwords that are not known to it: %s", strings.Join(k.Locked, "; "))
	}
	if k := s.Secrets; k != nil && k.Clear > 0 {
		warn("cluster", s.ClusterID, "%d passwords of servers are kept in the clear; see `mysqlda secret --help`", k.Clear)
	}
	for _, n := range s.Nodes {
		if !n.Alive {
			warn("node", n.ID, "is not alive")
		}
		if n.Version != s.Version {
			warn("node", n.ID, "is of release %s, and node %s of %s", n.Version, s.Node, s.Version)
		}
	}
	for _, l := range s.Libraries {
		if w := l.Switch; w != nil {
			warn("library", l.Name, "its active server is being changed, from %s (%s, %s)", w.From, w.Phase, w.Cause)
		}
		for _, server := range l.Servers {
			if len(server.SeenBy) > 0 && !server.Healthy {
				warn("server", server.Address, "of library %s: is not reached by most nodes (%s)", l.Name, reachedBy(server.SeenBy))
			}
		}
		for _, risk := range l.Risks {
			warn("library", l.Name, "risk: %s", risk)
		}
	}
	return rows
}
