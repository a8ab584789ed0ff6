package fsm

import (
	"errors"
	"sync/atomic"
)

// chunkLen is the size of one chunk of an arena, in bytes. Chunks are small
// enough that the unfilled last ones of all shards do not matter, and they hold
// no pointers, so that the garbage collector never looks into them.
const (
	chunkBits = 14
	chunkLen  = 1 << chunkBits
)

// maxOffset bounds an arena: an offset has 32 bits.
const maxOffset = 1<<32 - 1

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

// append stores a record of 1 to maxRecordLen bytes and returns its offset.
func (a *arena) append(record []byte) (offset uint32, err error) {
	at := max(a.used, 1)
	if left := chunkLen - at%chunkLen; uint64(len(record)) > left {
		at += left
	}
	if at > maxOffset {
		return 0, errArenaFull
	}
	chunks := a.list()
	if at>>chunkBits == uint64(len(chunks)) {
		chunks = a.extend(chunks)
	}
	copy(chunks[at>>chunkBits][at%chunkLen:], record)
	a.used = at + uint64(len(record))
	return uint32(at), nil
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
func (a *arena) at(offset uint32) []byte {
	return a.list()[offset>>chunkBits][offset%chunkLen:]
}

func (a *arena) list() []*chunk {
	if p := a.chunks.Load(); p != nil {
		return *p
	}
	return nil
}
