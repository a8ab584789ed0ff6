package main

import (
	"cmp"
	"slices"
	"time"
)

// sample is one run.
type sample struct {
	rate         float64       // operations a second
	p50, p99     time.Duration // latency
	user, system time.Duration // CPU time of the process in between, for each operation
}

func (s sample) cpu() time.Duration { return s.user + s.system }

// medians are the medians of each figure by itself.
func medians(of []sample) sample {
	return sample{
		rate:   median(of, func(s sample) float64 { return s.rate }),
		p50:    median(of, func(s sample) time.Duration { return s.p50 }),
		p99:    median(of, func(s sample) time.Duration { return s.p99 }),
		user:   median(of, func(s sample) time.Duration { return s.user }),
		system: median(of, func(s sample) time.Duration { return s.system }),
	}
}

func median[S any, T cmp.Ordered](of []S, figure func(S) T) T {
	values := make([]T, len(of))
	for i, s := range of {
		values[i] = figure(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// percentile returns the value below which that share of the sorted values lies.
func percentile(sorted []time.Duration, share float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}
