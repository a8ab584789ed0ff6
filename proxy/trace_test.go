package proxy_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap/zaptest"

	"github.com/mysqlda/mysqlda/proxy"
	"github.com/mysqlda/mysqlda/proxy/tracing"
	"github.com/mysqlda/mysqlda/test/harness/otlp"
)

// traced starts a node that sends spans to a collector.
func traced(t *testing.T, options ...option) (*node, *otlp.Receiver) {
	t.Helper()
	collector := otlp.Start(t)
	tracer, err := tracing.New(tracing.Config{
		Endpoint: collector.URL(), Timeout: 10 * time.Second, Node: "n1", Version: "test",
		Logger: zaptest.NewLogger(t), Registerer: prometheus.NewRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := tracer.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return start(t, append(options, func(_ *directory, cfg *proxy.Config) { cfg.Tracer = tracer })...), collector
}

// comment is what a client writes behind a statement of the trace number n.
func comment(n int) string {
	return fmt.Sprintf("/*action='%%2Forders',traceparent='00-%s-00000000000000aa-01'*/", traceID(n))
}

func traceID(n int) string { return fmt.Sprintf("%032x", 0xabc000+n) }

// spansOf waits for the spans of a trace: that of the statement, which is the client's
// child, and its parts by their names.
func spansOf(t *testing.T, collector *otlp.Receiver, trace string) (top otlp.Span, parts map[string]otlp.Span) {
	t.Helper()
	eventually(t, "the span of the statement has come", func() bool {
		parts = make(map[string]otlp.Span)
		for _, s := range collector.Spans() {
			if s.TraceID == trace && s.Parent == "00000000000000aa" {
				top = s
			} else if s.TraceID == trace {
				parts[strings.TrimPrefix(s.Name, "mysqlda ")] = s
			}
		}
		return top.ID != ""
	})
	for _, part := range parts { // they have ended before, and come with it or before it
		if part.Parent != top.ID || part.Start.Before(top.Start) || part.End.After(top.End) {
			t.Errorf("%+v is no part of %+v", part, top)
		}
	}
	return top, parts
}

func TestAStatementOfATraceHasASpanThatIsTheClientsChild(t *testing.T) {
	t.Parallel()
	n, collector := traced(t)
	c := n.open(t)
	exec(t, c, "/* mysqlda core=cust4711 */ do 'secret4711' "+comment(1))
	top, parts := spansOf(t, collector, traceID(1))
	host, port, err := net.SplitHostPort(servers[0].Addr())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"db.system.name": "mysql", "db.query.text": "do ?", "mysqlda.library": "library_1",
		"server.address": host, "server.port": port, "db.response.status_code": "",
	} {
		if top.Attributes[name] != want {
			t.Errorf("%s is %q, want %q", name, top.Attributes[name], want)
		}
	}
	if top.Name != "mysqlda statement" || top.Kind != "SPAN_KIND_SERVER" || top.Failed || top.Resource["service.instance.id"] != "n1" {
		t.Errorf("got %+v", top)
	}
	exchange, wait, assign := parts["exchange with the server"], parts["wait for a backend connection"], parts["assign"]
	if len(parts) != 3 || exchange.Kind != "SPAN_KIND_CLIENT" || exchange.Attributes["server.port"] != port ||
		wait.Start.Before(assign.End) || exchange.Start.Before(wait.End) {
		t.Errorf("its parts are %+v", parts)
	}

	// The server gets the comment, and the connection is at hand now.
	exec(t, c, "create or replace table traced as select info from information_schema.processlist where id = @@pseudo_thread_id "+comment(2))
	if got := value(t, c, "select info from traced"); !strings.Contains(got, traceID(2)) {
		t.Errorf("the server was sent %q", got)
	}
	if _, parts := spansOf(t, collector, traceID(2)); len(parts) != 1 {
		t.Errorf("parts with a connection at hand: %+v", parts)
	}
}

func TestErrorsAreInSpansByTheirNumbersOnly(t *testing.T) {
	t.Parallel()
	n, collector := traced(t)
	c := n.open(t)
	execError(t, c, 9501, "select * from secret4711 "+comment(1))
	exec(t, c, "select library a1 "+comment(2))
	execError(t, c, 1146, "select * from secret4711 "+comment(3))
	exec(t, c, "create or replace table twice (id int primary key)")
	execError(t, c, 1062, "insert into twice values (4711), (4711) "+comment(4))
	for i, want := range []struct{ code, text, refused string }{
		{"9501", "", "true"}, {"", "select library ?", ""}, {"1146", "", "false"}, {"1062", "insert into twice values(?)", "false"},
	} {
		top, parts := spansOf(t, collector, traceID(i+1))
		if a := top.Attributes; a["db.response.status_code"] != want.code || a["db.query.text"] != want.text || a["mysqlda.refused"] != want.refused {
			t.Errorf("%d: got %+v, want %+v", i+1, a, want)
		}
		exchange, asked := parts["exchange with the server"]
		if top.Failed != (want.code != "") || asked != (want.refused == "false") || exchange.Failed != asked {
			t.Errorf("%d: failed %t, parts %+v", i+1, top.Failed, parts)
		}
	}
	for _, s := range collector.Spans() {
		// Ids, times and ports may have any digits in them.
		if text := fmt.Sprint(s); strings.Contains(s.Attributes["db.query.text"], "4711") || strings.Contains(text, "secret") || s.Status != "" {
			t.Errorf("a value is in %s", text)
		}
	}
}

func TestPreparedStatementsBelongToTheTraceOfTheirText(t *testing.T) {
	t.Parallel()
	n, collector := traced(t)
	c := n.open(t)
	exec(t, c, "select library a1")
	if got := value(t, c, "select concat(?, 'x') "+comment(1), "secret"); got != "secretx" {
		t.Errorf("got %q", got)
	}
	names := make(map[string]string)
	eventually(t, "both spans have come", func() bool {
		for _, s := range collector.Spans() {
			if s.TraceID == traceID(1) && s.Parent == "00000000000000aa" {
				names[s.Name] = s.Attributes["db.query.text"]
			}
		}
		return len(names) == 2
	})
	if want := "select concat(?, ?)"; names["mysqlda prepare"] != want && names["mysqlda prepare"] != "select concat(?, ...)" || names["mysqlda statement"] != names["mysqlda prepare"] {
		t.Errorf("got %q", names)
	}
}

func TestOnlySampledStatementsAreTraced(t *testing.T) {
	t.Parallel()
	n, collector := traced(t)
	c := n.open(t)
	exec(t, c, "select library a1")
	exec(t, c, "do 1")
	exec(t, c, "do 1 "+strings.Replace(comment(1), "-01'", "-00'", 1))
	exec(t, c, "do 1 /* traceparent=00 */")
	exec(t, c, "do 1 "+comment(2))
	spansOf(t, collector, traceID(2))
	for _, s := range collector.Spans() {
		if s.TraceID != traceID(2) {
			t.Errorf("got %+v", s)
		}
	}
}
