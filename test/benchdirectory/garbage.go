package main

import (
	"runtime"
	"runtime/metrics"
	"slices"
	"time"
)

// collection is what it costs Go to look for garbage once.
type collection struct {
	Wall  time.Duration // until the heap is marked and swept
	Mark  time.Duration // CPU time of marking
	Pause time.Duration // in which the whole program stood still
}

// collections is how many are forced; the figures are medians.
const collections = 5

func collect() collection {
	collectOnce() // rid of what is left of before
	all := make([]collection, collections)
	for i := range all {
		all[i] = collectOnce()
	}
	return collection{
		Wall:  middle(all, func(c collection) time.Duration { return c.Wall }),
		Mark:  middle(all, func(c collection) time.Duration { return c.Mark }),
		Pause: middle(all, func(c collection) time.Duration { return c.Pause }),
	}
}

func collectOnce() collection {
	mark, pause := collectorTime()
	began := time.Now()
	runtime.GC()
	wall := time.Since(began)
	markAfter, pauseAfter := collectorTime()
	return collection{Wall: wall, Mark: markAfter - mark, Pause: pauseAfter - pause}
}

// collectorTime is what the collector has used so far.
func collectorTime() (mark, pause time.Duration) {
	cpu := []metrics.Sample{
		{Name: "/cpu/classes/gc/mark/assist:cpu-seconds"},
		{Name: "/cpu/classes/gc/mark/dedicated:cpu-seconds"},
		{Name: "/cpu/classes/gc/mark/idle:cpu-seconds"},
	}
	metrics.Read(cpu)
	for _, s := range cpu {
		mark += time.Duration(s.Value.Float64() * float64(time.Second))
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return mark, time.Duration(stats.PauseTotalNs)
}

// middle is the median of one figure.
func middle[T any, V time.Duration | float64](of []T, figure func(T) V) V {
	values := make([]V, len(of))
	for i, v := range of {
		values[i] = figure(v)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
