package fsm

import (
	"strconv"
	"sync"
	"testing"
)

// BenchmarkLocate is a directory hit as the data path has it: one after the other,
// from all processors at once, and while new core objects are given homes. Names
// are asked for all over the directory, so that the processor's caches do not help.
func BenchmarkLocate(b *testing.B) {
	m := benchMachine(b)
	const asked = 1 << 20
	cores, objects, strangers := make([]string, asked), make([]string, asked), make([]string, asked)
	for i := range cores {
		at := i * 7_368_787 % *benchRecords // a prime
		cores[i], objects[i], strangers[i] = benchCore(at), benchObject(at), "s"+strconv.Itoa(1_000_000_000+at)
	}
	locate := func(b *testing.B, i int) {
		if _, ok := m.Locate(cores[i%asked]); !ok {
			b.Error("missed")
		}
	}
	b.Run("hit", func(b *testing.B) { inTurn(b, locate) })
	b.Run("miss", func(b *testing.B) {
		inTurn(b, func(b *testing.B, i int) {
			if _, ok := m.Locate(strangers[i%asked]); ok {
				b.Error("found")
			}
		})
	})
	b.Run("binding", func(b *testing.B) {
		inTurn(b, func(b *testing.B, i int) {
			if _, ok := m.FindBinding("card_no", objects[i%asked]); !ok {
				b.Error("missed")
			}
		})
	})
	b.Run("hit, parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				locate(b, i)
			}
		})
	})
	b.Run("hit, during Apply", func(b *testing.B) {
		stop := make(chan struct{})
		var applying sync.WaitGroup
		applying.Go(func() { assignUntil(b, m, stop) })
		inTurn(b, locate)
		close(stop)
		applying.Wait()
	})
}

func inTurn(b *testing.B, do func(*testing.B, int)) {
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		do(b, i)
		i++
	}
}

// assignUntil gives new core objects homes, as many in one command as fit.
func assignUntil(b *testing.B, m *Machine, stop <-chan struct{}) {
	batch := Batch{Items: make([]Item, 256)}
	for next := 0; ; {
		select {
		case <-stop:
			return
		default:
		}
		for i := range batch.Items {
			batch.Items[i] = AssignItem("new-"+strconv.Itoa(next), 1)
			next++
		}
		if _, err := m.Apply(m.AppliedIndex()+1, encode(b, batch)); err != nil {
			b.Error(err)
			return
		}
	}
}
