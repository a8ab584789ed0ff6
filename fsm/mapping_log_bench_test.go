package fsm

import (
	"io"
	"runtime"
	"strconv"
	"testing"
)

const benchObjects = 1_000_000

// benchCore returns an 11-digit core object, a phone number.
func benchCore(i int) string { return strconv.Itoa(13_000_000_000 + i*7919%10_000_000_000) }

func benchLog(b *testing.B) *mappingLog {
	l := newMappingLog(1)
	for i := range benchObjects {
		addPlacement(b, l, Placement{Core: benchCore(i), Library: LibraryID(1 + i%10), Epoch: 1})
	}
	return l
}

func heapBytes() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func BenchmarkMappingLogMemory(b *testing.B) {
	for b.Loop() {
		before := heapBytes()
		l := benchLog(b)
		b.ReportMetric(float64(heapBytes()-before)/benchObjects, "bytes/placement")
		before = heapBytes()
		for i := range benchObjects {
			addBinding(b, l, Binding{"card_no", strconv.Itoa(330_000_000 + i), benchCore(i)})
		}
		b.ReportMetric(float64(heapBytes()-before)/benchObjects, "bytes/binding")
		runtime.KeepAlive(l)
	}
}

func BenchmarkMappingLog(b *testing.B) {
	l := benchLog(b)
	cores := make([]string, 1<<16)
	for i := range cores {
		cores[i] = benchCore(i * 13 % benchObjects)
	}
	b.Run("hit", func(b *testing.B) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			if _, ok := l.locate(cores[i%len(cores)]); !ok {
				b.Fatal("missed")
			}
			i++
		}
	})
	b.Run("miss", func(b *testing.B) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			if _, ok := l.locate(cores[i%len(cores)][1:]); ok {
				b.Fatal("found")
			}
			i++
		}
	})
	b.Run("view", func(b *testing.B) {
		for b.Loop() {
			l.view()
		}
	})
}

func BenchmarkAddPlacement(b *testing.B) {
	b.ReportAllocs()
	l := newMappingLog(1)
	i := 0
	for b.Loop() {
		addPlacement(b, l, Placement{Core: benchCore(i), Library: 1, Epoch: 1})
		i++
	}
}

func BenchmarkApplyBatch(b *testing.B) {
	m := bootstrapped(b)
	const items = 256
	batch := Batch{Items: make([]Item, items)}
	i := 0
	for b.Loop() {
		b.StopTimer()
		for j := range batch.Items {
			batch.Items[j] = AssignItem(benchCore(i), 1)
			i++
		}
		command := encode(b, batch)
		b.StartTimer()
		if _, err := m.Apply(m.AppliedIndex()+1, command); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(i), "ns/item")
}

func BenchmarkSnapshot(b *testing.B) {
	m := bootstrapped(b)
	m.state.Load().log.Store(benchLog(b))
	for range benchObjects {
		m.state.Load().tally.addPlacement(1)
	}
	// The header must know the libraries that the placements name.
	for i := 3; i <= 10; i++ {
		apply(b, m, ChangeLibraries{Changes: []LibraryChange{AddLibrary{Name: strconv.Itoa(i), Servers: servers("h:1")}}})
	}
	b.Run("write", func(b *testing.B) {
		for b.Loop() {
			n, err := m.Snapshot().WriteTo(io.Discard)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(n)
		}
	})
	b.Run("restore", func(b *testing.B) {
		for b.Loop() {
			r, w := io.Pipe()
			go func() {
				_, err := m.Snapshot().WriteTo(w)
				w.CloseWithError(err)
			}()
			if err := New().Restore(r); err != nil {
				b.Fatal(err)
			}
		}
	})
}
