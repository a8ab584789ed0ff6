package daemon

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap/zaptest"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
)

// Operators build their alarms from that page.
func TestOperationsPageHasEveryMetricWithItsLabelsAndNoOther(t *testing.T) {
	page, err := os.ReadFile("../../../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(page), "## Probes and metrics")
	if !found {
		t.Fatal("the page has no section about metrics")
	}
	var documented []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(mysqlda_[a-z_]+)` \\|([a-z, ]*)\\|").FindAllStringSubmatch(table, -1) {
		documented = append(documented, metric(row[1], row[2]))
	}
	slices.Sort(documented)
	if got := metricsOfANode(t); !slices.Equal(got, documented) {
		t.Errorf("a node has\n%q\nthe page has\n%q", got, documented)
	}
}

// metric is a metric's name with its labels, which are separated by commas.
func metric(name, labels string) string {
	all := strings.FieldsFunc(labels, func(r rune) bool { return r == ',' || r == ' ' })
	slices.Sort(all)
	return name + "{" + strings.Join(all, ",") + "}"
}

// metricsOfANode returns mysqlda's own metrics, sorted, also those that have no value
// yet.
func metricsOfANode(t *testing.T) []string {
	t.Helper()
	registry, err := newRegistry("1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	cfg := testNode(t)
	cfg.Tracing = config.Tracing{Endpoint: "http://127.0.0.1:1/v1/traces", Timeout: time.Second} // nothing is sent
	d := &daemon{cfg: cfg, logger: zaptest.NewLogger(t), registry: registry}
	ctx, end := context.WithCancelCause(t.Context())
	d.end = end
	t.Cleanup(func() {
		end(nil)
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
	if err := d.open(ctx); err != nil {
		t.Fatal(err)
	}
	// Some are made when the node becomes a member, and some when it serves.
	select {
	case <-d.cluster.Load().Ready():
	case <-ctx.Done():
		t.Fatal(context.Cause(ctx))
	}
	descriptions := make(chan *prometheus.Desc)
	go func() {
		registry.Describe(descriptions)
		close(descriptions)
	}()
	var names []string
	for description := range descriptions {
		// Desc has no accessors.
		parts := regexp.MustCompile(`fqName: "(mysqlda_[a-z_]+)".*constLabels: \{(.*)\}, variableLabels: \{(.*)\}\}$`).FindStringSubmatch(description.String())
		if parts == nil {
			continue
		}
		constant := regexp.MustCompile(`="[^"]*"`).ReplaceAllString(parts[2], "")
		names = append(names, metric(parts[1], constant+","+parts[3]))
	}
	slices.Sort(names)
	return slices.Compact(names)
}
