package fsm

import "sync/atomic"

// index finds records by the hashes of their names: shards of open addressing
// with linear probing.
//
// The highest shardBits bits of a hash choose the shard. A slot is 0 while it
// is free, and otherwise the lowest tagBits bits of the hash (the tag) above the
// record's offset. The tag chooses the first slot to look at as well, so that a
// shard grows without looking at a single record.
//
// Slots go from 0 to their value once and never change again, by an atomic
// store after the record is complete. Growing fills a new table and shows it by
// an atomic store too; a reader that still looks at the old one sees all that
// was added before its read began.
type index struct {
	shards   [shardCount]shard
	expected uint64 // slots of a shard that will be needed; the adder's own
}

type shard struct {
	table atomic.Pointer[[]uint64] // nil while empty
	used  uint64                   // slots in use; the adder's own
}

const (
	// shardBits makes shards so small that one of them grows within a
	// millisecond when there are 100 million records.
	shardBits  = 11
	shardCount = 1 << shardBits
	tagBits    = 64 - offsetBits

	firstSlots = 16
	// A shard grows by a quarter when four fifths of its slots are in use:
	// 10 to 12.5 bytes a record.
	loadNumerator, loadDenominator = 4, 5
)

func shardOf(hash uint64) uint64 { return hash >> (64 - shardBits) }

func tagOf(hash uint64) uint64 { return hash & (1<<tagBits - 1) }

// put shows a record in the free slot at which probe p has ended. The caller has
// made sure that the name is not in the index yet, and that nothing was put
// there since.
func (x *index) put(p probe, offset uint64) {
	s := &x.shards[shardOf(p.hash)]
	if (s.used+1)*loadDenominator > uint64(len(p.slots))*loadNumerator {
		p.slots = s.grow(p.slots, x.expected)
		p.i = freeSlot(p.slots, tagOf(p.hash))
	}
	atomic.StoreUint64(&p.slots[p.i], tagOf(p.hash)<<offsetBits|offset)
	s.used++
}

// expect prepares for so many records in all, which may turn out to be wrong: no
// memory is taken for records that do not come.
func (x *index) expect(records uint64) {
	// Nine tenths of what a shard holds before it grows: shards differ.
	x.expected = records / shardCount * loadDenominator / loadNumerator * 10 / 9
}

// grow shows a larger table with the same slots. As long as there are fewer than
// expected it takes fourfold ones.
func (s *shard) grow(old []uint64, expected uint64) []uint64 {
	n := uint64(len(old))
	n = max(firstSlots, n+n/4, min(4*n, expected))
	slots := make([]uint64, n)
	for _, slot := range old {
		if slot != 0 {
			slots[freeSlot(slots, slot>>offsetBits)] = slot
		}
	}
	s.table.Store(&slots)
	return slots
}

// freeSlot returns the slot for a record of that tag.
func freeSlot(slots []uint64, tag uint64) int {
	i := firstSlot(tag, len(slots))
	for slots[i] != 0 {
		i = nextSlot(i, len(slots))
	}
	return i
}

// firstSlot spreads tags evenly over n slots, n being no power of two (Daniel
// Lemire's multiply-and-shift range reduction).
func firstSlot(tag uint64, n int) int { return int(tag * uint64(n) >> tagBits) }

func nextSlot(i, n int) int {
	if i+1 == n {
		return 0
	}
	return i + 1
}

// probe walks over the offsets of the records that may have a given hash.
type probe struct {
	hash  uint64
	slots []uint64
	i     int  // the slot looked at last, or the first one to look at
	begun bool // i was looked at
	found bool // slot i may be what is looked for
	at    uint64
}

func (x *index) probe(hash uint64) probe {
	p := probe{hash: hash}
	if table := x.shards[shardOf(hash)].table.Load(); table != nil {
		p.slots = *table
		p.i = firstSlot(tagOf(hash), len(p.slots))
	}
	return p
}

// next moves to the next candidate, whose offset then is offset(); false says
// that there are no more. It ends because a table always has free slots.
func (p *probe) next() bool {
	p.found = false
	if len(p.slots) == 0 {
		return false
	}
	if p.begun {
		p.i = nextSlot(p.i, len(p.slots))
	}
	p.begun = true
	for {
		slot := atomic.LoadUint64(&p.slots[p.i])
		if slot == 0 {
			return false
		}
		if slot>>offsetBits == tagOf(p.hash) {
			p.at, p.found = slot&maxOffset, true
			return true
		}
		p.i = nextSlot(p.i, len(p.slots))
	}
}

func (p *probe) offset() uint64 { return p.at }

// touchAhead is how many probes' slots are loaded before the first of them is
// made: so many loads a processor has under way at once, and so many lines its
// first cache keeps.
const touchAhead = 32

// touch loads the slot that a probe of that hash looks at first. Whoever has
// many probes to make touches touchAhead of them before: then the processor
// waits for memory once instead of once for each.
func (x *index) touch(hash uint64) uint64 {
	table := x.shards[shardOf(hash)].table.Load()
	if table == nil {
		return 0
	}
	return atomic.LoadUint64(&(*table)[firstSlot(tagOf(hash), len(*table))])
}
