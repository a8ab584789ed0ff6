package tracing

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.uber.org/zap"
)

const (
	// queueSpans is how many spans wait to be sent at most, and batchSpans how many are
	// sent at once.
	queueSpans = 4096
	batchSpans = 512
	// batchPause is how long spans wait for others at most.
	batchPause = time.Second
	// maxComplaint bounds what is logged of a collector's words, in bytes.
	maxComplaint = 300
)

// queue is between those who end spans, who never wait, and the one goroutine that
// sends them. It implements trace.SpanProcessor.
type queue struct {
	exporter trace.SpanExporter
	timeout  time.Duration
	log      *zap.Logger

	spans chan trace.ReadOnlySpan
	stop  chan struct{} // closed by Shutdown
	once  sync.Once     // of closing it
	done  chan struct{} // closed when nothing is sent any more

	// sending ends when Shutdown may not wait any longer.
	sending context.Context
	cancel  context.CancelFunc

	sent, dropped, failed prometheus.Counter
	failing               bool // the last attempt did; of the sending goroutine
}

func newQueue(exporter trace.SpanExporter, cfg Config) (*queue, error) {
	spans := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "mysqlda_trace_spans_total",
		Help: "Spans of traced statements: sent, dropped because too many waited, failed to be sent.",
	}, []string{"outcome"})
	if err := cfg.Registerer.Register(spans); err != nil {
		return nil, fmt.Errorf("registering metrics: %w", err)
	}
	q := &queue{
		exporter: exporter, timeout: cfg.Timeout, log: cfg.Logger,
		spans: make(chan trace.ReadOnlySpan, queueSpans),
		stop:  make(chan struct{}), done: make(chan struct{}),
		sent: spans.WithLabelValues("sent"), dropped: spans.WithLabelValues("dropped"), failed: spans.WithLabelValues("failed"),
	}
	q.sending, q.cancel = context.WithCancel(context.Background())
	go q.run()
	return q, nil
}

// OnStart implements trace.SpanProcessor.
func (*queue) OnStart(context.Context, trace.ReadWriteSpan) {}

// OnEnd implements trace.SpanProcessor. It never waits.
func (q *queue) OnEnd(span trace.ReadOnlySpan) {
	select {
	case q.spans <- span:
	default:
		q.dropped.Inc()
	}
}

// run sends spans until Shutdown, and then those that are left.
func (q *queue) run() {
	defer close(q.done)
	pause := time.NewTimer(batchPause)
	defer pause.Stop()
	batch := make([]trace.ReadOnlySpan, 0, batchSpans)
	for {
		due, stopping := false, false
		select {
		case span := <-q.spans:
			if batch = append(batch, span); len(batch) == 1 {
				pause.Reset(batchPause)
			}
		case <-pause.C:
			due = true
		case <-q.stop:
			stopping = true
		}
		if len(batch) == batchSpans || due && len(batch) > 0 {
			batch = q.send(batch)
		}
		if stopping {
			q.sendLeft(batch)
			return
		}
	}
}

// sendLeft sends what waits when the node stops.
func (q *queue) sendLeft(batch []trace.ReadOnlySpan) {
	for {
		select {
		case span := <-q.spans:
			if batch = append(batch, span); len(batch) == batchSpans {
				batch = q.send(batch)
			}
			continue
		default:
		}
		if len(batch) > 0 {
			q.send(batch)
		}
		return
	}
}

// send sends spans and returns the empty batch. That it fails is told once, until it
// succeeds again.
func (q *queue) send(batch []trace.ReadOnlySpan) []trace.ReadOnlySpan {
	ctx, cancel := context.WithTimeout(q.sending, q.timeout)
	defer cancel()
	n := float64(len(batch))
	err := q.exporter.ExportSpans(ctx, batch)
	clear(batch) // they are garbage
	switch {
	case err != nil:
		q.failed.Add(n)
		if !q.failing {
			text := err.Error()
			q.log.Warn("spans cannot be sent, and are lost until they can", zap.String("error", text[:min(len(text), maxComplaint)]))
		}
	default:
		q.sent.Add(n)
		if q.failing {
			q.log.Info("spans are sent again")
		}
	}
	q.failing = err != nil
	return batch[:0]
}

// ForceFlush implements trace.SpanProcessor. Spans are sent by themselves: nobody
// here asks for it.
func (*queue) ForceFlush(context.Context) error { return nil }

// Shutdown implements trace.SpanProcessor: it sends what waits, until ctx ends.
func (q *queue) Shutdown(ctx context.Context) error {
	q.once.Do(func() { close(q.stop) })
	var err error
	select {
	case <-q.done:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	q.cancel()
	<-q.done
	return errors.Join(err, q.exporter.Shutdown(ctx))
}
