package fsm

import (
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"
)

// How large a directory the benchmarks measure: go test -bench . -records 10000000
var benchRecords = flag.Int("records", 1_000_000, "placements, and as many bindings, in benchmarks")

// benchCore returns an 11-digit core object, a phone number.
func benchCore(i int) string { return strconv.Itoa(13_000_000_000 + i*7919%10_000_000_000) }

// benchObject returns an 11-digit correlated object.
func benchObject(i int) string { return strconv.Itoa(33_000_000_000 + i) }

func benchPlacement(i int) Placement {
	return Placement{Core: benchCore(i), Library: LibraryID(1 + i%2), Epoch: 1}
}

func benchBinding(i int) Binding {
	return Binding{Class: "card_no", Object: benchObject(i), Core: benchCore(i)}
}

func benchPlacements(b *testing.B, l *mappingLog) {
	for i := range *benchRecords {
		addPlacement(b, l, benchPlacement(i))
	}
}

func benchBindings(b *testing.B, l *mappingLog) {
	for i := range *benchRecords {
		addBinding(b, l, benchBinding(i))
	}
}

// benchMachine holds as many placements and bindings as the flag says.
func benchMachine(b *testing.B) *Machine {
	m := bootstrapped(b)
	s := m.state.Load()
	benchPlacements(b, s.log.Load())
	benchBindings(b, s.log.Load())
	for i := range *benchRecords {
		s.tally.addPlacement(benchPlacement(i).Library)
	}
	s.advance(m.AppliedIndex()+1, Hash{})
	return m
}

func heapBytes() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func BenchmarkMappingLogMemory(b *testing.B) {
	for b.Loop() {
		records := float64(*benchRecords)
		before := heapBytes()
		l := newMappingLog(1)
		benchPlacements(b, l)
		b.ReportMetric(float64(heapBytes()-before)/records, "B/placement")
		before = heapBytes()
		benchBindings(b, l)
		b.ReportMetric(float64(heapBytes()-before)/records, "B/binding")
		runtime.KeepAlive(l)
	}
}

// The longest single addition is what a growing shard, a new chunk and the
// machine's other work make of it. The collector rests meanwhile.
func BenchmarkAddPlacement(b *testing.B) {
	for b.Loop() {
		l := newMappingLog(1)
		took := make([]time.Duration, 0, *benchRecords)
		for i := range *benchRecords {
			p := benchPlacement(i)
			began := time.Now()
			addPlacement(b, l, p)
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)/2]), "p50-ns")
		b.ReportMetric(float64(took[len(took)-1-len(took)/100_000]), "p99.999-ns")
		b.ReportMetric(float64(took[len(took)-1]), "longest-ns")
	}
}

// The largest step of the index is one shard that grows: how long a single
// addition to a directory of so many records can take.
func BenchmarkGrowShard(b *testing.B) {
	for _, records := range []int{10_000_000, 50_000_000, 100_000_000} {
		b.Run(strconv.Itoa(records), func(b *testing.B) {
			var x index
			shortest := time.Duration(math.MaxInt64)
			k := expandKey(1)
			for i := range uint64(records / shardCount) {
				hash := k.absorb(i, "") >> shardBits // all in the first shard
				p := x.probe(hash)
				for p.next() {
				}
				x.put(p, 1+i)
			}
			s := &x.shards[0]
			full := *s.table.Load()
			for b.Loop() {
				began := time.Now()
				s.grow(full, 0)
				shortest = min(shortest, time.Since(began))
			}
			b.ReportMetric(float64(shortest), "shortest-ns")
		})
	}
}

// A collection's work grows with the pointers that it finds, not with what
// arenas and tables hold.
func BenchmarkCollectGarbage(b *testing.B) {
	m := benchMachine(b)
	runtime.GC()
	b.ResetTimer()
	for b.Loop() {
		runtime.GC()
	}
	runtime.KeepAlive(m)
}

func BenchmarkCaptureSnapshot(b *testing.B) {
	m := benchMachine(b)
	b.ReportAllocs()
	for b.Loop() {
		m.Snapshot()
	}
}

func BenchmarkWriteSnapshot(b *testing.B) {
	m := benchMachine(b)
	var size int64
	for b.Loop() {
		n, err := m.Snapshot().WriteTo(io.Discard)
		if err != nil {
			b.Fatal(err)
		}
		size = n
	}
	b.SetBytes(size)
	perRecord(b)
}

func BenchmarkRestore(b *testing.B) {
	file := benchSnapshot(b)
	for b.Loop() {
		m := New()
		withFile(b, file, func(f *os.File) {
			if err := m.Restore(f); err != nil {
				b.Fatal(err)
			}
		})
	}
	perRecord(b)
}

func BenchmarkReadSnapshot(b *testing.B) {
	file := benchSnapshot(b)
	b.ResetTimer()
	for b.Loop() {
		withFile(b, file, func(f *os.File) {
			if err := ReadSnapshot(f, SnapshotVisitor{}); err != nil {
				b.Fatal(err)
			}
		})
	}
	perRecord(b)
}

// perRecord reports the time that a placement or a binding took.
func perRecord(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(2**benchRecords), "ns/record")
}

func benchSnapshot(b *testing.B) string {
	file := filepath.Join(b.TempDir(), "snapshot")
	f, err := os.Create(file)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := benchMachine(b).Snapshot().WriteTo(f); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	runtime.GC()
	return file
}

func withFile(b *testing.B, name string, do func(*os.File)) {
	f, err := os.Open(name)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	do(f)
}

func BenchmarkApplyBatch(b *testing.B) {
	for _, items := range []int{256, MaxBatchItems} {
		b.Run(strconv.Itoa(items), func(b *testing.B) {
			m := bootstrapped(b)
			batch := Batch{Items: make([]Item, items)}
			next := 0
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				for i := range batch.Items {
					batch.Items[i] = AssignItem(benchCore(next), 1)
					next++
				}
				command := encode(b, batch)
				b.StartTimer()
				if _, err := m.Apply(m.AppliedIndex()+1, command); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(next), "ns/item")
		})
	}
}
