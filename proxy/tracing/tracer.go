// Package tracing makes spans of statements that come with a place in a distributed
// trace, and sends them to a collector by OTLP over HTTP. What stands in a statement's
// text it is not told, but for its digest. It is for package proxy, which says what
// happens, and for package daemon, which makes the Tracer. Nobody else imports
// OpenTelemetry.
//
//	tracer.go     what spans are made of, and whom they go to
//	statement.go  the spans of one statement
//	queue.go      what is between making spans and sending them
package tracing

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"
)

// DefaultPath is where collectors take spans, unless the endpoint says otherwise.
const DefaultPath = "/v1/traces"

// service is what the node calls itself to the collector.
const service = "mysqlda"

// Bounds of trying again to send what a collector did not take; Config.Timeout is
// that of all tries together.
const (
	minRetryPause = 500 * time.Millisecond
	maxRetryPause = 5 * time.Second
)

// Config says where spans go to.
type Config struct {
	Endpoint string            // http or https URL; without a path, DefaultPath
	Headers  map[string]string // of each request; they may hold a secret
	Timeout  time.Duration     // for sending some spans, with all tries; required
	Node     string            // the node's id
	Version  string            // the release

	Logger     *zap.Logger
	Registerer prometheus.Registerer
}

// Tracer makes spans and sends them in the background. A nil one makes none. Its
// methods may be called from any goroutine.
type Tracer struct {
	tracer oteltrace.Tracer
	queue  *queue
}

// New makes a Tracer. It does not wait for the collector, nor ask whether it is there.
func New(cfg Config) (*Tracer, error) {
	endpoint, err := CheckEndpoint(cfg.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("tracing.endpoint %w", err)
	}
	exporter, err := otlptracehttp.New(context.Background(),
		otlptracehttp.WithEndpointURL(endpoint),
		otlptracehttp.WithHeaders(cfg.Headers),
		otlptracehttp.WithTimeout(cfg.Timeout),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{
			Enabled: true, InitialInterval: minRetryPause, MaxInterval: maxRetryPause, MaxElapsedTime: cfg.Timeout,
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("making what sends spans: %w", err)
	}
	q, err := newQueue(exporter, cfg)
	if err != nil {
		return nil, errors.Join(err, exporter.Shutdown(context.Background()))
	}
	provider := trace.NewTracerProvider(
		trace.WithSampler(trace.AlwaysSample()), // whether to trace is the client's to say
		trace.WithSpanProcessor(q),
		trace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", service),
			attribute.String("service.instance.id", cfg.Node),
			attribute.String("service.version", cfg.Version),
		)),
	)
	return &Tracer{tracer: provider.Tracer("github.com/mysqlda/mysqlda/proxy"), queue: q}, nil
}

// Close sends what is still there, until ctx ends, and ends sending. It is called once,
// when no statement is under way any more.
func (t *Tracer) Close(ctx context.Context) error {
	// Not by way of the provider, which does nothing when ctx has ended already.
	if err := t.queue.Shutdown(ctx); err != nil {
		return fmt.Errorf("sending the last spans: %w", err)
	}
	return nil
}

// CheckEndpoint checks the address of a collector and gives it a path if it has none.
func CheckEndpoint(endpoint string) (string, error) {
	u, err := url.Parse(endpoint)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return "", errors.New("must be the URL of a collector, such as http://127.0.0.1:4318")
	case u.User != nil:
		return "", errors.New("must not hold a password: put it into tracing.headers_file as an Authorization header")
	case u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("must end with its path: nothing behind a question mark or a number sign is used")
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = DefaultPath
	}
	return u.String(), nil
}
