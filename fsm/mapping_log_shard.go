package fsm

import "sync/atomic"

// shard is one part of the mapping log: records and an open-addressing index of
// them with linear probing.
//
// A slot of the index is 0 while it is free, and otherwise the low 32 bits of
// the name's hash (the tag) above the 32 bits of the record's offset. The tag
// chooses the first slot to look at as well, so that an index grows without
// looking at a single record.
//
// Slots go from 0 to their value once and never change again, by an atomic
// store after the record is complete. Growing fills a new table and shows it by
// an atomic store too; a reader that still looks at the old one sees all that
// was added before its read began.
type shard struct {
	arena arena
	table atomic.Pointer[[]uint64] // nil while empty
	count int                      // slots in use; the adder's own
}

const (
	firstSlots = 16
	// An index grows by half when four fifths of its slots are in use: about
	// 12 bytes a record on average.
	loadNumerator, loadDenominator = 4, 5
)

// add stores a record under its name's hash. The caller has made sure that the
// name is not in the shard yet.
func (s *shard) add(hash uint64, record []byte) error {
	offset, err := s.arena.append(record)
	if err != nil {
		return err
	}
	slots := s.slots()
	if (s.count+1)*loadDenominator > len(slots)*loadNumerator {
		slots = s.grow(slots)
	}
	tag := uint32(hash)
	i := firstSlot(tag, len(slots))
	for slots[i] != 0 {
		i = nextSlot(i, len(slots))
	}
	atomic.StoreUint64(&slots[i], uint64(tag)<<32|uint64(offset))
	s.count++
	return nil
}

func (s *shard) slots() []uint64 {
	if p := s.table.Load(); p != nil {
		return *p
	}
	return nil
}

// grow shows a larger table with the same slots.
func (s *shard) grow(old []uint64) []uint64 {
	slots := make([]uint64, max(firstSlots, len(old)+len(old)/2))
	for _, slot := range old {
		if slot == 0 {
			continue
		}
		i := firstSlot(uint32(slot>>32), len(slots))
		for slots[i] != 0 {
			i = nextSlot(i, len(slots))
		}
		slots[i] = slot
	}
	s.table.Store(&slots)
	return slots
}

// firstSlot spreads tags evenly over n slots, n being no power of two (Daniel
// Lemire's multiply-and-shift range reduction).
func firstSlot(tag uint32, n int) int { return int(uint64(tag) * uint64(n) >> 32) }

func nextSlot(i, n int) int {
	if i+1 == n {
		return 0
	}
	return i + 1
}

// probe walks over the offsets of the records that may have a given hash.
type probe struct {
	slots []uint64
	i     int // the slot to look at next
	tag   uint32
	found uint32
}

func (s *shard) probe(hash uint64) probe {
	slots := s.slots()
	tag := uint32(hash)
	return probe{slots: slots, i: firstSlot(tag, len(slots)), tag: tag}
}

// next moves to the next candidate; false says that there are no more. It ends
// because a table always has free slots.
func (p *probe) next() bool {
	if len(p.slots) == 0 {
		return false
	}
	for {
		slot := atomic.LoadUint64(&p.slots[p.i])
		if slot == 0 {
			return false
		}
		p.i = nextSlot(p.i, len(p.slots))
		if uint32(slot>>32) == p.tag {
			p.found = uint32(slot)
			return true
		}
	}
}

func (p *probe) offset() uint32 { return p.found }
