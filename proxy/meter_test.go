package proxy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/mysqlda/mysqlda/proxy"
)

// series returns every series of a registry by its name and labels; a histogram's
// value is its count.
func series(t *testing.T, r prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]float64)
	for _, family := range families {
		for _, m := range family.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, fmt.Sprintf("%s=%s", l.GetName(), l.GetValue()))
			}
			value := m.GetCounter().GetValue() + m.GetGauge().GetValue()
			if family.GetType() == dto.MetricType_HISTOGRAM {
				value = float64(m.GetHistogram().GetSampleCount())
			}
			all[family.GetName()+"{"+strings.Join(labels, ",")+"}"] = value
		}
	}
	return all
}

func TestStatementsAreMeteredByLibrary(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	n := start(t, func(_ *directory, cfg *proxy.Config) { cfg.Registerer = registry })
	c := n.open(t)
	for _, text := range []string{
		"set autocommit = 1", // in no library yet
		"select library a1",
		"create or replace table metered (id int primary key, v varchar(100))",
		"begin",
		"insert into metered values (1, repeat('x', 100))",
		"commit",
		"select v from metered",
		"select v from metered",
	} {
		exec(t, c, text)
	}
	execError(t, c, 1146, "select nothing from nowhere")
	// A session counts a statement when it has answered it.
	exactly := map[string]float64{
		"mysqlda_statements_total{kind=other,library=}":                1 + 1,
		"mysqlda_statements_total{kind=ddl,library=library_1}":         1,
		"mysqlda_statements_total{kind=transaction,library=library_1}": 2,
		"mysqlda_statements_total{kind=write,library=library_1}":       1,
		"mysqlda_statements_total{kind=read,library=library_1}":        3,
		"mysqlda_statements_total{kind=other,library=library_1}":       0,
		"mysqlda_relay_seconds{library=library_1}":                     7,
		"mysqlda_server_errors_total{library=library_1,number=1146}":   1,
		"mysqlda_sessions_by_state{state=idle}":                        1,
		"mysqlda_sessions_by_state{state=running}":                     0,
	}
	var got map[string]float64
	eventually(t, "the session has counted and waits again", func() bool {
		got = series(t, registry)
		return got["mysqlda_sessions_by_state{state=idle}"] == 1
	})
	for name, want := range exactly {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	for name, least := range map[string]float64{
		"mysqlda_relay_bytes_total{direction=to_server,library=library_1}": 200,
		"mysqlda_relay_bytes_total{direction=to_client,library=library_1}": 200,
	} {
		if got[name] < least {
			t.Errorf("%s is %v, want at least %v", name, got[name], least)
		}
	}
}

func TestNumbersOfErrorsAreBounded(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	n := start(t, func(_ *directory, cfg *proxy.Config) { cfg.Registerer = registry })
	c := n.open(t)
	exec(t, c, "select library a1")
	const numbers = 70
	for i := range numbers {
		execError(t, c, uint16(20000+i), fmt.Sprintf("signal sqlstate '45000' set mysql_errno = %d", 20000+i))
	}
	var own, other float64
	eventually(t, "all errors are counted", func() bool {
		own, other = 0, 0
		for name, value := range series(t, registry) {
			switch {
			case strings.HasPrefix(name, "mysqlda_server_errors_total{library=library_1,number=2"):
				own += value
			case name == "mysqlda_server_errors_total{library=library_1,number=other}":
				other = value
			}
		}
		return own+other == numbers
	})
	if own != 64 || other != numbers-64 {
		t.Errorf("%v errors by their numbers and %v others, want 64 and %d", own, other, numbers-64)
	}
}
