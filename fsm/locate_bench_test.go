package fsm

import (
	"strconv"
	"sync"
	"testing"
)

// benchMachine holds a million placements, each with a binding.
func benchMachine(b *testing.B) *Machine {
	m := bootstrapped(b)
	l := benchLog(b)
	for i := range benchObjects {
		addBinding(b, l, Binding{"card_no", strconv.Itoa(330_000_000 + i), benchCore(i)})
	}
	m.state.Load().log.Store(l)
	return m
}

// BenchmarkLocate is a directory hit as the data path has it: one after the other,
// from all processors at once, and while new core objects are given homes.
func BenchmarkLocate(b *testing.B) {
	m := benchMachine(b)
	cores, cards := make([]string, 1<<16), make([]string, 1<<16)
	for i := range cores {
		object := i * 13 % benchObjects
		cores[i], cards[i] = benchCore(object), strconv.Itoa(330_000_000+object)
	}
	locate := func(b *testing.B, i int) {
		if _, ok := m.Locate(cores[i%len(cores)]); !ok {
			b.Error("missed")
		}
	}
	b.Run("placement", func(b *testing.B) {
		b.ReportAllocs()
		inTurn(b, locate)
	})
	b.Run("binding", func(b *testing.B) {
		b.ReportAllocs()
		inTurn(b, func(b *testing.B, i int) {
			if _, ok := m.FindBinding("card_no", cards[i%len(cards)]); !ok {
				b.Error("missed")
			}
		})
	})
	b.Run("placement, parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				locate(b, i)
			}
		})
	})
	b.Run("placement, during Apply", func(b *testing.B) {
		stop := make(chan struct{})
		var applying sync.WaitGroup
		applying.Go(func() { assignUntil(b, m, stop) })
		inTurn(b, locate)
		close(stop)
		applying.Wait()
	})
}

func inTurn(b *testing.B, do func(*testing.B, int)) {
	i := 0
	for b.Loop() {
		do(b, i)
		i++
	}
}

// assignUntil gives new core objects homes, as many in one command as fit.
func assignUntil(b *testing.B, m *Machine, stop <-chan struct{}) {
	batch := Batch{Items: make([]Item, 256)}
	for next := benchObjects; ; {
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
