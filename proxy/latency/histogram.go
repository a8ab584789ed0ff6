// Package latency counts how long things took, for Prometheus, at the price of two
// additions in memory. It is for what happens too often for prometheus.Histogram,
// and for collectors that make their series when they are asked. It decides nothing
// about names and labels: packages proxy and backend, who call it, do.
package latency

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// bounds are the longest durations of the buckets. They are never changed.
var bounds = [...]time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond,
	10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
}

// Histogram counts durations by size. The zero value is empty. It may be used from
// any goroutine; those that observe much do better with one each, see Total.
type Histogram struct {
	counts [len(bounds) + 1]atomic.Uint64 // the last is of what is longer than all bounds
	sum    atomic.Int64                   // nanoseconds
}

// Observe counts one duration.
func (h *Histogram) Observe(d time.Duration) {
	i := 0
	for i < len(bounds) && d > bounds[i] {
		i++
	}
	h.counts[i].Add(1)
	h.sum.Add(int64(d))
}

// Total is the sum of some histograms.
type Total struct {
	counts [len(bounds) + 1]uint64
	sum    time.Duration
}

// Add adds what a histogram holds at the moment.
func (t *Total) Add(h *Histogram) {
	for i := range h.counts {
		t.counts[i] += h.counts[i].Load()
	}
	t.sum += time.Duration(h.sum.Load())
}

// Count is how many durations were observed.
func (t *Total) Count() uint64 {
	n := uint64(0)
	for _, count := range t.counts {
		n += count
	}
	return n
}

// Sum is how long all of them took together.
func (t *Total) Sum() time.Duration { return t.sum }

// Bucket is how many of the durations of a Total were not longer than Bound.
type Bucket struct {
	Bound time.Duration
	Count uint64
}

// Buckets returns the buckets by growing Bound. Durations longer than the last are in
// Count of the Total only.
func (t *Total) Buckets() []Bucket {
	buckets := make([]Bucket, len(bounds))
	count := uint64(0)
	for i, bound := range bounds {
		count += t.counts[i]
		buckets[i] = Bucket{bound, count}
	}
	return buckets
}

// Merge adds what another one holds.
func (t *Total) Merge(other Total) {
	for i, n := range other.counts {
		t.counts[i] += n
	}
	t.sum += other.sum
}

// Metric makes it a metric in seconds. It panics where the labels are not those of
// the description.
func (t *Total) Metric(d *prometheus.Desc, labels ...string) prometheus.Metric {
	buckets := make(map[float64]uint64, len(bounds))
	for _, b := range t.Buckets() {
		buckets[b.Bound.Seconds()] = b.Count
	}
	return prometheus.MustNewConstHistogram(d, t.Count(), t.sum.Seconds(), buckets, labels...)
}
