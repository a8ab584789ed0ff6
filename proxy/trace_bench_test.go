package proxy

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/proxy/tracing"
)

// BenchmarkTraceText is what a text pays that is part of no trace, with tracing off
// and on.
func BenchmarkTraceText(b *testing.B) {
	tracer, err := tracing.New(tracing.Config{
		Endpoint: "http://127.0.0.1:1", Timeout: time.Second, Logger: zap.NewNop(), Registerer: prometheus.NewRegistry(),
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := tracer.Close(b.Context()); err != nil {
			b.Log(err)
		}
	})
	text := []byte("select c from sbtest1 where id = 50123")
	for name, t := range map[string]*tracing.Tracer{"off": nil, "on": tracer} {
		b.Run(name, func(b *testing.B) {
			s := &session{server: &Server{cfg: Config{Tracer: t}, born: time.Now()}}
			b.ReportAllocs()
			began := processorTime(b)
			for b.Loop() {
				s.traceText(tracing.NameStatement, text)
			}
			b.ReportMetric(float64(processorTime(b)-began)/float64(b.N), "cpu-ns/op")
		})
	}
}
