package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestBucketsFollowEachOtherWithoutGaps(t *testing.T) {
	t.Parallel()
	last := bucketOf(time.Duration(math.MaxInt64))
	for bucket := range last {
		from, next := lowest(bucket), lowest(bucket+1)
		if from >= next || bucketOf(from) != bucket || bucketOf(next-1) != bucket {
			t.Fatalf("bucket %d goes from %d to %d, which lie in %d and %d", bucket, from, next-1, bucketOf(from), bucketOf(next-1))
		}
		if width := next - from; width > 1 && width > from/64+1 {
			t.Fatalf("bucket %d of %d is %d wide", bucket, from, width)
		}
	}
}

func TestPercentilesAreThoseOfTheSortedValues(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	var h histogram
	var values []time.Duration
	for range 100_000 {
		v := time.Duration(math.Exp(random.Float64() * 20))
		values = append(values, v)
		h.add(v)
	}
	slices.Sort(values)
	for _, share := range []float64{0, 0.5, 0.99, 0.9999, 1} {
		want := values[min(len(values)-1, int(share*float64(len(values))))]
		if got := h.percentile(share); got < want || got > want+want/64+1 {
			t.Errorf("the value at %v is %d, want %d", share, got, want)
		}
	}
	if h.max != values[len(values)-1] {
		t.Errorf("the largest is %d, want %d", h.max, values[len(values)-1])
	}
	if got := new(histogram).latency(); got != (latency{}) {
		t.Errorf("nothing has %+v", got)
	}
}
