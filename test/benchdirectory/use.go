package main

import (
	"os"
	"runtime/debug"
	"runtime/metrics"

	"github.com/mysqlda/mysqlda/test/bench/observe"
)

// memoryUse is the memory of this process in bytes, after all that nobody needs was
// given back.
type memoryUse struct {
	Heap     int64 // of live objects
	Resident int64 // in RAM, whoever has asked for it
}

func memoryNow() (u memoryUse, err error) {
	debug.FreeOSMemory() // collects garbage first
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(heap)
	u.Heap = int64(heap[0].Value.Uint64())
	u.Resident, err = observe.ResidentBytes(os.Getpid())
	return u, err
}

// perRecord is memory divided among records, in bytes.
type perRecord struct{ Heap, Resident float64 }

func (u memoryUse) perRecord(before memoryUse, records int) perRecord {
	return perRecord{
		Heap:     float64(u.Heap-before.Heap) / float64(records),
		Resident: float64(u.Resident-before.Resident) / float64(records),
	}
}

// worst is the larger of the two: memory may be outside of Go's heap, and what Go
// needs to keep its heap is not in the sum of the live objects.
func (p perRecord) worst() float64 { return max(p.Heap, p.Resident) }
