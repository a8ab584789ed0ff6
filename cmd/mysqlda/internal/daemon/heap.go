package daemon

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// mostGarbage is how much garbage may gather before it is collected, in bytes.
	mostGarbage = 128 << 20
	// leastGCPercent keeps collections of a very large heap apart.
	leastGCPercent = 5
	// heapInterval is the time between two looks at the heap.
	heapInterval = time.Second
)

// boundGarbage bounds what the garbage collector leaves lying about, until ctx ends.
// By itself it lets a heap double before it looks at it, which for a large directory
// are gigabytes. Looking earlier costs little: in the directory are next to no
// pointers. Who sets GOGC decides for himself.
func boundGarbage(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	ticker := time.NewTicker(heapInterval)
	defer ticker.Stop()
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	set := 100
	for {
		metrics.Read(live)
		if percent := gcPercent(live[0].Value.Uint64()); percent != set {
			debug.SetGCPercent(percent)
			set = percent
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// gcPercent is how much garbage may gather, in hundredths of what lives.
func gcPercent(live uint64) int {
	if live <= mostGarbage {
		return 100
	}
	return max(int(100*mostGarbage/live), leastGCPercent)
}
