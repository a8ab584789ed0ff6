package latency

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

func TestTotalIsWhatAllHistogramsObserved(t *testing.T) {
	var a, b Histogram
	a.Observe(100 * time.Microsecond) // a bound belongs to its bucket
	a.Observe(101 * time.Microsecond)
	b.Observe(3 * time.Second)
	b.Observe(time.Hour)
	var total Total
	total.Add(&a)
	total.Add(&b)
	var got dto.Metric
	desc := prometheus.NewDesc("some_seconds", "Something.", []string{"library"}, nil)
	if err := total.Metric(desc, "library_1").Write(&got); err != nil {
		t.Fatal(err)
	}
	h := got.GetHistogram()
	if want := (201*time.Microsecond + 3*time.Second + time.Hour).Seconds(); h.GetSampleCount() != 4 || h.GetSampleSum() != want {
		t.Errorf("count %d, sum %v, want 4 and %v", h.GetSampleCount(), h.GetSampleSum(), want)
	}
	want := map[float64]uint64{0.0001: 1, 0.00025: 2, 2.5: 2, 5: 3, 10: 3}
	for _, bucket := range h.GetBucket() {
		if n, ok := want[bucket.GetUpperBound()]; ok && n != bucket.GetCumulativeCount() {
			t.Errorf("up to %v: %d, want %d", bucket.GetUpperBound(), bucket.GetCumulativeCount(), n)
		}
	}
	if len(h.GetBucket()) != len(bounds) {
		t.Errorf("%d buckets, want %d", len(h.GetBucket()), len(bounds))
	}
}

func TestObservingCostsNoAllocation(t *testing.T) {
	var h Histogram
	if n := testing.AllocsPerRun(100, func() { h.Observe(time.Millisecond) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkObserve(b *testing.B) {
	var h Histogram
	for b.Loop() {
		h.Observe(700 * time.Microsecond)
	}
}
