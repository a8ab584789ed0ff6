package cluster

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
)

// BenchmarkAssign gives new core objects a home through all nodes of a cluster
// of three in this process, with real logs on disk.
func BenchmarkAssign(b *testing.B) {
	for _, callers := range []int{1, 64, 512} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			nodes := startCluster(b, 3, func(c *Config) { c.Raft = RaftConfig{} })
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for c := range callers {
				n := nodes[c%len(nodes)]
				wg.Go(func() {
					for {
						o := next.Add(1)
						if o > int64(b.N) {
							return
						}
						if _, err := n.Resolve(context.Background(), fmt.Sprintf("1380%011d", o)); err != nil {
							b.Errorf("%s: %v", n.ID(), err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "assignments/s")
		})
	}
}

// BenchmarkResolveKnown answers from memory.
func BenchmarkResolveKnown(b *testing.B) {
	n := startOne(b, fastConfig(b, "n1"))
	resolve1(b, n, "13800000001")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := n.Resolve(context.Background(), "13800000001"); err != nil {
			b.Fatal(err)
		}
	}
}
