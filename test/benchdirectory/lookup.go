package main

import (
	"fmt"
	"runtime"
	"time"
)

// lookup is what one lookup costs.
type lookup struct {
	Nanoseconds float64
	Allocations float64
}

// passes is how often all names are looked up; the time is the median's.
const passes = 5

// lookUpAll looks the names up one after another; each must be found, or none.
func lookUpAll(names []string, want bool, find func(name string) bool) (lookup, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var each [passes]float64
	for pass := range each {
		began := time.Now()
		for _, name := range names {
			if find(name) != want {
				return lookup{}, fmt.Errorf("%s is found: %t, want %t", name, !want, want)
			}
		}
		each[pass] = float64(time.Since(began)) / float64(len(names))
	}
	runtime.ReadMemStats(&after)
	return lookup{
		Nanoseconds: middle(each[:], func(v float64) float64 { return v }),
		// A few may be the runtime's own; they vanish in the million.
		Allocations: float64(after.Mallocs-before.Mallocs) / float64(passes*len(names)),
	}, nil
}
