package proxy

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mysqlda/mysqlda/proxy/digests"
)

// shownStatements bounds the rows of SHOW MYSQLDA STATEMENTS.
const shownStatements = 100

// Digests is what the node has counted of statements by their digests, nil where it
// does not.
func (server *Server) Digests() *digests.Table { return server.digests }

// statementsReport shows the digests that took the most time together.
func (server *Server) statementsReport() Report {
	report := Report{Columns: []string{
		"library", "digest", "count", "errors", "total_ms", "mean_ms", "min_ms", "p95_ms", "max_ms",
		"affected_rows", "bytes_to_server", "bytes_to_client", "first_seen", "last_seen",
	}}
	set := server.cfg.Directory.Libraries()
	for _, r := range digests.Top(server.digests.Rows(), digests.ByTime, shownStatements) {
		library := ""
		if r.Library != 0 {
			library = nameOf(set, r.Library)
		}
		report.Rows = append(report.Rows, []string{
			library, r.Digest, fmt.Sprint(r.Count), fmt.Sprint(r.Errors),
			milliseconds(r.Total), milliseconds(r.Mean()), milliseconds(r.Min), milliseconds(r.P95), milliseconds(r.Max),
			fmt.Sprint(r.Affected), fmt.Sprint(r.ToServer), fmt.Sprint(r.ToClient),
			r.First.UTC().Format(time.RFC3339), r.Last.UTC().Format(time.RFC3339),
		})
	}
	return report
}

func milliseconds(d time.Duration) string {
	return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', 3, 64)
}

// registerDigests has Prometheus see how full a table of digests is. What it counts
// is no metric: there would be too many series.
func registerDigests(reg prometheus.Registerer, table *digests.Table) error {
	return errors.Join(
		reg.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "mysqlda_statement_digests", Help: "Digests that statements are counted by now.",
		}, func() float64 { return float64(table.Len()) })),
		reg.Register(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "mysqlda_statement_digests_evicted_total", Help: "Digests that were given up because there were too many.",
		}, func() float64 { return float64(table.GivenUp()) })),
	)
}
