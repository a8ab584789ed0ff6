package daemon

import (
	"fmt"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy"
)

// reports are the forms of SHOW MYSQLDA that the data path does not know itself.
func (d *daemon) reports() map[string]proxy.Reporter {
	return map[string]proxy.Reporter{
		"NODES": d.nodesReport, "SERVERS": d.serversReport, "AUDIT": d.auditReport,
		"STATUS": d.statusReport, "WARNINGS": d.warningsReport,
	}
}

func (d *daemon) nodesReport() proxy.Report {
	report := proxy.Report{Columns: []string{"node", "leader", "voter", "alive", "mysql", "cluster", "gossip", "http", "version"}}
	status := d.cluster.Load().Status()
	for _, n := range status.Nodes {
		report.Rows = append(report.Rows, []string{
			n.ID, yesNo(n.ID == status.Leader), yesNo(n.Voter), yesNo(n.Alive), n.MySQL, n.Cluster, n.Gossip, n.HTTP, n.Version,
		})
	}
	return report
}

// serversReport shows what the cluster has decided on each library's servers and
// what is seen of them: by all nodes, and by this node's own probes.
func (d *daemon) serversReport() proxy.Report {
	report := proxy.Report{Columns: []string{
		"library", "server", "active", "healthy", "seen_by", "read_only", "source", "lag_seconds",
		"fence", "excluded", "maintenance", "last_error", "checked_at",
	}}
	node, backends := d.cluster.Load(), d.backends.Load()
	set, probed := node.Libraries(), backends.Health()
	list := libraries(set, fsm.Counts{}, node.Health(), cluster.LibraryData{}, observed(set, backends))
	explain(list, probed)
	checked := make(map[string]time.Time, len(probed))
	for _, h := range probed {
		checked[h.Address] = h.CheckedAt
	}
	for _, l := range list {
		for _, s := range l.Servers {
			report.Rows = append(report.Rows, []string{
				l.Name, s.Address, yesNo(s.Address == l.Active), yesNo(s.Healthy), reachedBy(s.SeenBy),
				known(s.ReadOnly, yesNo), s.Source, known(s.LagSeconds, func(lag float64) string { return fmt.Sprintf("%.1f", lag) }),
				s.Fence, s.Excluded, yesNo(s.Maintenance), s.LastError, clock(checked[s.Address]),
			})
		}
	}
	return report
}

// auditReport shows the audit trail, the newest entry last.
func (d *daemon) auditReport() proxy.Report {
	report := proxy.Report{Columns: []string{"index", "at", "who", "from", "what"}}
	for _, e := range d.cluster.Load().Audit() {
		report.Rows = append(report.Rows, []string{
			fmt.Sprint(e.Index), clock(e.At), printable(e.Who), printable(e.From), printable(e.What),
		})
	}
	return report
}

// reachedBy says which nodes reach a server and which do not.
func reachedBy(nodes []admin.SeenBy) string {
	words := make([]string, len(nodes))
	for i, n := range nodes {
		words[i] = n.Node + ":" + yesNo(n.Healthy)
	}
	return strings.Join(words, " ")
}

// known writes a value, "" while there is none.
func known[T any](value *T, write func(T) string) string {
	if value == nil {
		return ""
	}
	return write(*value)
}

func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
