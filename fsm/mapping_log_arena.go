package fsm

import (
	"errors"
	"sync/atomic"
)

// chunkLen is the size of one chunk of an arena, in bytes. Chunks hold no
// pointers, so that the garbage collector never looks into them, and are large
// enough that it finds few of them: 6,000 for 100 million records.
const (
	chunkBits = 18
	chunkLen  = 1 << chunkBits
)

// maxOffset bounds an arena: an offset has offsetBits bits.
const (
	offsetBits = 40
	maxOffset  = 1<<offsetBits - 1
)

var errArenaFull = errors.New("the mapping log is full")

type chunk [chunkLen]byte

// arena is an append-only sequence of records. A record never crosses the end
// of a chunk; zero bytes fill what is left over. Offset 0 holds no record, so
// that 0 can mean "none".
//
// One goroutine at a time appends; any may read what was appended before it got
// the offset.
type arena struct {
	chunks atomic.Pointer[[]*chunk] // nil while empty; shown lists never change
	used   uint64                   // offset of the next record; the appender's own
}

// reserve makes room for a record of 1 to maxRecordLen bytes and returns it,
// empty, with its offset. The caller appends exactly length bytes to it before
// it shows the offset to anybody.
func (a *arena) reserve(length int) (record []byte, offset uint64, err error) {
	at := max(a.used, 1)
	if left := chunkLen - at%chunkLen; uint64(length) > left {
		at += left
	}
	if at > maxOffset {
		return nil, 0, errArenaFull
	}
	chunks := a.list()
	if at>>chunkBits == uint64(len(chunks)) {
		chunks = a.extend(chunks)
	}
	a.used = at + uint64(length)
	return chunks[at>>chunkBits][at%chunkLen:][:0:length], at, nil
}

// extend shows a list with one more chunk. Older lists that readers hold may
// share its array, but end before the element that is written here.
func (a *arena) extend(chunks []*chunk) []*chunk {
	chunks = append(chunks, new(chunk))
	a.chunks.Store(&chunks)
	return chunks
}

// at returns the bytes from offset to the end of its chunk. They must not be
// changed.
func (a *arena) at(offset uint64) []byte {
	return a.list()[offset>>chunkBits][offset%chunkLen:]
}

func (a *arena) list() []*chunk {
	if p := a.chunks.Load(); p != nil {
		return *p
	}
	return nil
}
