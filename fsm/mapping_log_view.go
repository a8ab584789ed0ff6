package fsm

import "iter"

// mappingView is what a mapping log held at one moment. Taking one copies a
// few words a shard; reading it does not disturb the log, which goes on growing
// behind the view's ends.
type mappingView struct {
	placements [shardCount]arenaView
	bindings   [shardCount]arenaView
}

type arenaView struct {
	chunks []*chunk
	end    uint64 // offset after the last record
}

// view must be called by the goroutine that adds.
func (l *mappingLog) view() *mappingView {
	v := new(mappingView)
	for i := range shardCount {
		v.placements[i] = l.placements[i].arena.view()
		v.bindings[i] = l.bindings[i].arena.view()
	}
	return v
}

func (a *arena) view() arenaView { return arenaView{chunks: a.list(), end: a.used} }

// eachPlacement yields all placements, shard by shard in the order in which
// they were added.
func (v *mappingView) eachPlacement() iter.Seq[Placement] {
	return func(yield func(Placement) bool) {
		for i := range v.placements {
			for r := range v.placements[i].records(placementLen) {
				library, epoch := placementHome(r)
				if !yield(Placement{Core: placementCore(r), Library: library, Epoch: epoch}) {
					return
				}
			}
		}
	}
}

// eachBinding yields all bindings, shard by shard in the order in which they
// were added.
func (v *mappingView) eachBinding() iter.Seq[Binding] {
	return func(yield func(Binding) bool) {
		for i := range v.bindings {
			for r := range v.bindings[i].records(bindingLen) {
				class, object := bindingName(r)
				ref := bindingCore(r)
				core := placementCore(v.placements[ref.shard].at(ref.offset))
				if !yield(Binding{Class: class, Object: object, Core: core}) {
					return
				}
			}
		}
	}
}

// records yields the bytes from each record's start to the end of its chunk.
func (v arenaView) records(length func(record []byte) int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for at := uint64(1); at < v.end; {
			r := v.at(uint32(at))
			if r[0] == 0 {
				at += uint64(len(r)) // nothing more fitted into this chunk
				continue
			}
			if !yield(r) {
				return
			}
			at += uint64(length(r))
		}
	}
}

func (v arenaView) at(offset uint32) []byte {
	return v.chunks[offset>>chunkBits][offset%chunkLen:]
}
