package fsm

import (
	"bytes"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

func concurrentCore(i int) string { return fmt.Sprint("core-", i) }

func concurrentHome(i int) LibraryID { return LibraryID(1 + i%2) }

// Readers run while commands are applied: what was applied before a read began
// must be found, and what is found must be right.
func TestReadsWhileCommandsAreApplied(t *testing.T) {
	const batches, perBatch, readers = 100, 64, 4
	m := bootstrapped(t)
	var applied atomic.Int64
	var wg sync.WaitGroup
	for reader := range readers {
		wg.Go(func() {
			for at := reader; applied.Load() < batches*perBatch; at++ {
				known := int(applied.Load())
				i := at * 7919 % (batches * perBatch)
				p, ok := m.Locate(concurrentCore(i))
				if !ok && i < known || ok && p != (Placement{concurrentCore(i), concurrentHome(i), 1}) {
					t.Errorf("%d applied: core object %d is at %+v, %v", known, i, p, ok)
					return
				}
				core, ok := m.FindBinding("number", fmt.Sprint(i))
				if !ok && i < known || ok && core != concurrentCore(i) {
					t.Errorf("%d applied: number %d is bound to %q, %v", known, i, core, ok)
					return
				}
				if c := m.Counts(); c.Placements < uint64(known) || c.Placements < c.Bindings {
					t.Errorf("%d applied: counts %+v", known, c)
					return
				}
				index := m.AppliedIndex() // before the node is looked for
				if _, ok := m.Node("n1"); index > 1 && !ok || len(m.Libraries().All()) < 2 || m.Settings() == nil {
					t.Error("node, libraries or settings are missing")
					return
				}
			}
		})
	}
	apply(t, m, SetNode{NodeInfo{ID: "n1"}})
	for batch := range batches {
		var items []Item
		for i := batch * perBatch; i < (batch+1)*perBatch; i++ {
			items = append(items, AssignItem(concurrentCore(i), concurrentHome(i)), BindItem("number", fmt.Sprint(i), concurrentCore(i)))
		}
		applyItems(t, m, items...)
		if batch%10 == 0 {
			apply(t, m, ChangeLibraries{Changes: []LibraryChange{AddLibrary{Name: fmt.Sprint("more-", batch), Servers: servers("h:1")}}})
			apply(t, m, SetNode{NodeInfo{ID: fmt.Sprint("n-", batch)}})
		}
		applied.Add(perBatch)
	}
	wg.Wait()
}

// One shard grows again and again while readers look for what is in it.
func TestReadsWhileAShardGrows(t *testing.T) {
	const names, rounds = 600, 50
	l := newMappingLog(1)
	var cores []string
	for i := 0; len(cores) < names; i++ {
		if core := concurrentCore(i); shardOf(l.hashCore(core)) == 0 {
			cores = append(cores, core)
		}
	}
	for range rounds {
		checkReadsWhileAdding(t, cores)
	}
}

func checkReadsWhileAdding(t *testing.T, cores []string) {
	const readers = 2
	l := newMappingLog(1)
	var added, reading atomic.Int64
	var wg sync.WaitGroup
	for reader := range readers {
		wg.Go(func() {
			for at := reader; added.Load() < int64(len(cores)); at++ {
				known := int(added.Load())
				if at == reader {
					reading.Add(1)
				}
				i := at * 7919 % max(known, 1)
				if p, ok := l.locate(cores[i]); !ok && i < known || ok && p != (Placement{cores[i], concurrentHome(i), 1}) {
					t.Errorf("%d added: core object %d is at %+v, %v", known, i, p, ok)
					return
				}
				if core, ok := l.find("number", cores[i]); !ok && i < known || ok && core != cores[i] {
					t.Errorf("%d added: number %d is bound to %q, %v", known, i, core, ok)
					return
				}
			}
		})
	}
	for reading.Load() < readers {
		runtime.Gosched()
	}
	for i, core := range cores {
		addPlacement(t, l, Placement{core, concurrentHome(i), 1})
		addBinding(t, l, Binding{"number", core, core})
		added.Add(1)
	}
	wg.Wait()
	if n := len(*l.placements.index.shards[0].table.Load()); n < len(cores) || n > 2*len(cores) {
		t.Errorf("the shard has %d slots for %d names", n, len(cores))
	}
}

// Snapshots are written while commands are applied; each must be exactly the
// state at its index.
func TestSnapshotsWhileCommandsAreApplied(t *testing.T) {
	const batches, perBatch, every = 60, 64, 10
	m := bootstrapped(t)
	var wg sync.WaitGroup
	for batch := range batches {
		var items []Item
		for i := batch * perBatch; i < (batch+1)*perBatch; i++ {
			items = append(items, AssignItem(concurrentCore(i), concurrentHome(i)), BindItem("number", fmt.Sprint(i), concurrentCore(i)))
		}
		applyItems(t, m, items...)
		if batch%every != 0 {
			continue
		}
		apply(t, m, SetNode{NodeInfo{ID: fmt.Sprint("n-", batch)}})
		snapshot := m.Snapshot()
		index, hash, digest := m.Fingerprint()
		counts := m.Counts()
		wg.Go(func() {
			var b bytes.Buffer
			if _, err := snapshot.WriteTo(&b); err != nil {
				t.Error(err)
				return
			}
			restored := New()
			if err := restored.Restore(&b); err != nil {
				t.Error(err)
				return
			}
			if i, h, d := restored.Fingerprint(); i != index || h != hash || d != digest || snapshot.Index() != index {
				t.Errorf("restored entry %d hash %s digest %s, want entry %d hash %s digest %s", i, h, d, index, hash, digest)
			}
			if got := restored.Counts(); got.Placements != counts.Placements || got.Bindings != counts.Bindings {
				t.Errorf("entry %d: counts %+v, want %+v", index, got, counts)
			}
			for i := range (batch + 1) * perBatch {
				if p, ok := restored.Locate(concurrentCore(i)); !ok || p.Library != concurrentHome(i) {
					t.Errorf("entry %d: core object %d is at %+v, %v", index, i, p, ok)
					return
				}
				if core, ok := restored.FindBinding("number", fmt.Sprint(i)); !ok || core != concurrentCore(i) {
					t.Errorf("entry %d: number %d is bound to %q, %v", index, i, core, ok)
					return
				}
			}
		})
	}
	wg.Wait()
}

// Readers see either the old state or the new one, as a whole.
func TestReadsWhileAStateIsRestored(t *testing.T) {
	old, other := bootstrapped(t), bootstrapped(t)
	applyItems(t, old, AssignItem("alice", 1))
	applyItems(t, other, AssignItem("alice", 2), AssignItem("bob", 2))
	before, after := snapshotBytes(t, old.Snapshot()), snapshotBytes(t, other.Snapshot())

	var done atomic.Bool
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for !done.Load() {
				if p, ok := old.Locate("alice"); !ok || p.Library != 1 && p.Library != 2 {
					t.Errorf("alice is at %+v, %v", p, ok)
					return
				}
				if c := old.Counts(); c.ByLibrary[1]+c.ByLibrary[2] != c.Placements {
					t.Errorf("counts %+v", c)
					return
				}
			}
		})
	}
	for i := range 200 {
		if err := old.Restore(bytes.NewReader([][]byte{after, before}[i%2])); err != nil {
			t.Error(err)
		}
	}
	done.Store(true)
	wg.Wait()
}
