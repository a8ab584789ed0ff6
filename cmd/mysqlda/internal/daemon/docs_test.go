package daemon

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap/zaptest"
)

// Operators build their alarms from that page.
func TestOperationsPageNamesEveryMetricAndNoOther(t *testing.T) {
	page, err := os.ReadFile("../../../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(page), "## Probes and metrics")
	if !found {
		t.Fatal("the page has no section about metrics")
	}
	var documented []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(mysqlda_[a-z_]+)").FindAllStringSubmatch(table, -1) {
		documented = append(documented, row[1])
	}
	slices.Sort(documented)
	if got := metricsOfANode(t); !slices.Equal(got, documented) {
		t.Errorf("a node has\n%q\nthe page has\n%q", got, documented)
	}
}

// metricsOfANode returns the sorted names of mysqlda's own metrics, also of those
// that have no value yet.
func metricsOfANode(t *testing.T) []string {
	t.Helper()
	registry, err := newRegistry("1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{cfg: testNode(t), logger: zaptest.NewLogger(t), registry: registry}
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
		// Desc has no accessor for its name.
		name := regexp.MustCompile(`fqName: "(mysqlda_[a-z_]+)"`).FindStringSubmatch(description.String())
		if name != nil {
			names = append(names, name[1])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
