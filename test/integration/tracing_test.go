package integration

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/otlp"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

func TestAStatementWithATraceParentHasSpansAtTheCollector(t *testing.T) {
	t.Parallel()
	collector := otlp.Start(t)
	headers := filepath.Join(t.TempDir(), "headers")
	if err := os.WriteFile(headers, []byte("Authorization: Bearer secret-4711\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := options(t, 1)
	o.Tracing = &cluster.TracingSection{Endpoint: collector.URL(), HeadersFile: headers}
	c, err := cluster.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	cluster.CleanUp(t, c)
	n := c.Nodes[0]
	conn := connect(t, n)
	const trace, parent = "5bd66ef5095369c7b0d1f8f4bd33716a", "c532cb4098ac3dd2"
	text := fmt.Sprintf("/* mysqlda core=cust-4711 */ do 4711, 'secret' /*traceparent='00-%s-%s-01'*/", trace, parent)
	if _, err := conn.ExecContext(within(t), text); err != nil {
		t.Fatal(err)
	}
	var top otlp.Span
	err = wait.For(within(t), "the spans come", func(context.Context) error {
		for _, s := range collector.Spans() {
			if s.TraceID != trace {
				return wait.Hopeless(fmt.Errorf("a span of another trace: %+v", s))
			}
			if s.Parent == parent {
				top = s
				return nil
			}
		}
		return errors.New("that of the statement is not there")
	})
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[string]bool)
	for _, s := range collector.Spans() {
		if s.Parent == top.ID {
			names[s.Name] = true
		}
		// Ids, times and ports may have any digits in them.
		if text := fmt.Sprint(s); strings.Contains(s.Attributes["db.query.text"], "4711") || strings.Contains(text, "secret") || strings.Contains(text, "cust") {
			t.Errorf("a value is sent: %s", text)
		}
	}
	for _, name := range []string{"mysqlda assign", "mysqlda wait for a backend connection", "mysqlda exchange with the server"} {
		if !names[name] {
			t.Errorf("there is no span %q among %v", name, names)
		}
	}
	if top.Attributes["db.query.text"] != "do ?, ..." || top.Resource["service.name"] != "mysqlda" || top.Resource["service.instance.id"] == "" {
		t.Errorf("got %+v", top)
	}
	for _, r := range collector.Requests() {
		if r.Header.Get("Authorization") != "Bearer secret-4711" {
			t.Errorf("headers %v", r.Header)
		}
	}
	log, err := os.ReadFile(n.LogFile())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(log), "secret-4711") {
		t.Error("the header is logged")
	}
}
