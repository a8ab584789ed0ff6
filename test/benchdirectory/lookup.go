package main

import (
	"fmt"
	"math"
	"runtime"
)

// lookup is what one lookup costs.
type lookup struct {
	Nanoseconds float64 // of the thread's own time; a lookup waits for nobody
	Allocations float64
}

// allocationsEach leaves out less than one in a thousand lookups: the runtime makes
// some of its own.
func allocationsEach(allocations uint64, lookups int) float64 {
	return math.Floor(1000*float64(allocations)/float64(lookups)) / 1000
}

// passes is how often all names are looked up; the time is the median's.
const passes = 5

// lookUpAll looks the names up one after another; each must be found, or none.
func lookUpAll(names []string, want bool, find func(name string) bool) (lookup, error) {
	defer lockThread()()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var each [passes]float64
	for pass := range each {
		began, err := threadTime()
		if err != nil {
			return lookup{}, err
		}
		for _, name := range names {
			if find(name) != want {
				return lookup{}, fmt.Errorf("%s is found: %t, want %t", name, !want, want)
			}
		}
		ended, err := threadTime()
		if err != nil {
			return lookup{}, err
		}
		each[pass] = float64(ended-began) / float64(len(names))
	}
	runtime.ReadMemStats(&after)
	return lookup{
		Nanoseconds: middle(each[:], func(v float64) float64 { return v }),
		Allocations: allocationsEach(after.Mallocs-before.Mallocs, passes*len(names)),
	}, nil
}
