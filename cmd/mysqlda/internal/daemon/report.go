package daemon

import (
	"time"

	"github.com/mysqlda/mysqlda/proxy"
)

// reports are the forms of SHOW MYSQLDA that the data path does not know itself.
func (d *daemon) reports() map[string]proxy.Reporter {
	return map[string]proxy.Reporter{"NODES": d.nodesReport, "SERVERS": d.serversReport}
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

// serversReport shows what this node's own probes find.
func (d *daemon) serversReport() proxy.Report {
	report := proxy.Report{Columns: []string{"server", "healthy", "since", "checked_at", "last_error"}}
	for _, h := range d.backends.Load().Health() {
		report.Rows = append(report.Rows, []string{
			h.Address, yesNo(h.Healthy), clock(h.Since), clock(h.CheckedAt), h.LastError,
		})
	}
	return report
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
