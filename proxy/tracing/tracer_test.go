package tracing

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/mysqlda/mysqlda/proxy/stmt"
	"github.com/mysqlda/mysqlda/test/harness/otlp"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// fixture is a Tracer with what it logs and counts.
type fixture struct {
	*Tracer
	lines    *observer.ObservedLogs
	registry *prometheus.Registry
}

func open(t *testing.T, cfg Config) fixture {
	t.Helper()
	core, lines := observer.New(zap.DebugLevel)
	registry := prometheus.NewRegistry()
	cfg.Logger, cfg.Registerer, cfg.Node = zap.New(core), registry, "n1"
	tracer, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return fixture{tracer, lines, registry}
}

// spans ends n spans.
func (f fixture) spans(n int) {
	parent := stmt.TraceParent{TraceID: [16]byte{1}, SpanID: [8]byte{2}, Sampled: true}
	for range n {
		f.Start(NameStatement, parent, time.Now()).End("", "", false)
	}
}

// counted is the metric of the spans with an outcome.
func (f fixture) counted(t *testing.T, outcome string) int {
	t.Helper()
	families, err := f.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range families[0].GetMetric() {
		if m.GetLabel()[0].GetValue() == outcome {
			return int(m.GetCounter().GetValue())
		}
	}
	t.Fatalf("no outcome %s is counted", outcome)
	return 0
}

// within bounds what a test waits for.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestSpansAreSentWithTheHeadersOfTheConfig(t *testing.T) {
	t.Parallel()
	collector := otlp.Start(t)
	f := open(t, Config{Endpoint: collector.URL() + "/", Timeout: 10 * time.Second, Headers: map[string]string{"Authorization": "Bearer secret"}})
	f.spans(3)
	// What waits when the node stops is sent before.
	if err := f.Close(within(t)); err != nil {
		t.Fatal(err)
	}
	if n := len(collector.Spans()); n != 3 || f.counted(t, "sent") != 3 {
		t.Errorf("%d spans came, %d were counted", n, f.counted(t, "sent"))
	}
	for _, r := range collector.Requests() {
		if r.Header.Get("Authorization") != "Bearer secret" {
			t.Errorf("headers %v", r.Header)
		}
	}
}

func TestSpansAreSentWithoutBeingAskedFor(t *testing.T) {
	t.Parallel()
	collector := otlp.Start(t)
	f := open(t, Config{Endpoint: collector.URL(), Timeout: 10 * time.Second})
	f.spans(1)
	err := wait.For(within(t), "the span comes", func(context.Context) error {
		if len(collector.Spans()) == 1 {
			return nil
		}
		return errors.New("it has not")
	})
	if err != nil {
		t.Error(err)
	}
	if err := f.Close(within(t)); err != nil {
		t.Error(err)
	}
}

// What a collector refuses is counted, and told once.
func TestSpansThatCannotBeSentAreCounted(t *testing.T) {
	t.Parallel()
	collector := otlp.Start(t)
	collector.Refuse(http.StatusForbidden) // which is not tried again
	f := open(t, Config{Endpoint: collector.URL(), Timeout: 10 * time.Second, Headers: map[string]string{"X-Key": "secret"}})
	f.spans(3 * batchSpans)
	err := wait.For(within(t), "all have failed", func(context.Context) error {
		if n := f.counted(t, "failed"); n != 3*batchSpans {
			return fmt.Errorf("%d have", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	collector.Refuse(0)
	f.spans(1)
	if err := f.Close(within(t)); err != nil {
		t.Error(err)
	}
	if f.counted(t, "sent") != 1 || f.counted(t, "dropped") != 0 {
		t.Errorf("%d sent, %d dropped", f.counted(t, "sent"), f.counted(t, "dropped"))
	}
	var told []string
	for _, line := range f.lines.All() {
		told = append(told, line.Message)
		if text := fmt.Sprint(line.ContextMap()); strings.Contains(text, "secret") {
			t.Errorf("logged: %s", text)
		}
	}
	if got := strings.Join(told, "; "); got != "spans cannot be sent, and are lost until they can; spans are sent again" {
		t.Errorf("logged: %s", got)
	}
}

// A collector that does not answer costs statements nothing: what does not fit into
// the queue is dropped.
func TestADeadCollectorDoesNotHoldUpStatements(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // nobody accepts
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	f := open(t, Config{Endpoint: "http://" + silent.Addr().String(), Timeout: time.Hour})
	const ended = 2 * queueSpans
	f.spans(ended) // would never return if anybody waited
	if n := f.counted(t, "dropped"); n < ended-queueSpans-2*batchSpans {
		t.Errorf("%d of %d spans were dropped", n, ended)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // the node may not wait any longer
	if err := f.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("closing: %v", err)
	}
	if n := f.counted(t, "dropped") + f.counted(t, "failed"); n != ended {
		t.Errorf("%d spans were counted as lost", n)
	}
}

func TestNoTracerMakesNoSpans(t *testing.T) {
	t.Parallel()
	var none *Tracer
	s := none.Start(NameStatement, stmt.TraceParent{Sampled: true}, time.Now())
	if s != nil || !s.Now().IsZero() {
		t.Errorf("got %+v", s)
	}
	s.Refused(1)
	s.Assigned(s.Now(), nil)
	s.Waited(s.Now(), nil)
	s.Exchanged(s.Now(), "", 0, nil)
	s.End("", "", true)
}

func TestEndpointsAreChecked(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string]string{
		"http://10.0.0.1:4318":              "http://10.0.0.1:4318/v1/traces",
		"https://collector/":                "https://collector/v1/traces",
		"https://collector:4318/otlp/trace": "https://collector:4318/otlp/trace",
	} {
		if got, err := CheckEndpoint(endpoint); err != nil || got != want {
			t.Errorf("%s: %q, %v", endpoint, got, err)
		}
	}
	for endpoint, want := range map[string]string{
		"": "such as http://", "collector:4318": "such as http://", "127.0.0.1:4318": "such as http://", "ftp://collector": "such as http://",
		"http://": "such as http://", "http://u:secret@collector": "headers_file", "http://collector/?key=secret": "question mark",
		"http://collector/#x": "number sign", "http://coll\nector": "such as http://",
	} {
		if _, err := CheckEndpoint(endpoint); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
}
