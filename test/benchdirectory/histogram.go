package main

import (
	"math/bits"
	"time"
)

// histogram counts durations in buckets that are 1/64 of their value wide at most,
// in the same memory however many there are. The zero value is empty.
type histogram struct {
	counts [64 << subBits]uint64
	total  uint64
	max    time.Duration
}

const subBits = 6

func bucketOf(d time.Duration) int {
	v := uint64(max(d, 0))
	if v < 1<<subBits {
		return int(v)
	}
	shift := bits.Len64(v) - subBits - 1
	return shift<<subBits + int(v>>shift)
}

// lowest is the smallest value of a bucket.
func lowest(bucket int) time.Duration {
	if bucket < 2<<subBits {
		return time.Duration(bucket)
	}
	shift := bucket>>subBits - 1
	return time.Duration(bucket-shift<<subBits) << shift
}

func (h *histogram) add(d time.Duration) {
	h.counts[bucketOf(d)]++
	h.total++
	h.max = max(h.max, d)
}

// percentile is the value below which that share lies, rounded up to the end of
// its bucket; 0 when there is none.
func (h *histogram) percentile(share float64) time.Duration {
	rank := uint64(share * float64(h.total))
	var seen uint64
	for bucket, n := range h.counts {
		if seen += n; seen > rank {
			return min(lowest(bucket+1)-1, h.max)
		}
	}
	return h.max
}

// latency is what a report says of many durations.
type latency struct {
	Count         uint64
	P50, P99, Max time.Duration
	P9999         time.Duration
}

func (h *histogram) latency() latency {
	return latency{Count: h.total, P50: h.percentile(0.5), P99: h.percentile(0.99), P9999: h.percentile(0.9999), Max: h.max}
}

// merge adds what another one has counted.
func (h *histogram) merge(other *histogram) {
	for i, n := range other.counts {
		h.counts[i] += n
	}
	h.total += other.total
	h.max = max(h.max, other.max)
}
