package fsm

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// Records of the mapping log, as they stand in memory only (a snapshot has a
// form of its own):
//
//	placement  length of core (1 byte), core, library (uvarint), epoch (uvarint)
//	binding    class (1 byte), length of object (1 byte), name of class, object,
//	           offset of the placement (5 bytes, little endian)
//
// The class is MaxClassLen + 1 + the number of a class that has one, and has no
// name then; or else the length of its name.
//
// Neither begins with a zero byte, which marks the end of a chunk's records.

const maxRecordLen = max(
	1+MaxCoreLen+binary.MaxVarintLen32+binary.MaxVarintLen64,
	2+MaxClassLen+MaxObjectLen+refLen,
)

// refLen is the length of an offset in a record.
const refLen = offsetBits / 8

func appendPlacement(b []byte, p Placement) []byte {
	b = append(b, byte(len(p.Core)))
	b = append(b, p.Core...)
	b = binary.AppendUvarint(b, uint64(p.Library))
	return binary.AppendUvarint(b, p.Epoch)
}

func placementLen(p Placement) int {
	return 1 + len(p.Core) + uvarintLen(uint64(p.Library)) + uvarintLen(p.Epoch)
}

// uvarintLen is how many bytes binary.AppendUvarint makes of v.
func uvarintLen(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }

// placementCore returns the core object of the record at the start of r.
func placementCore(r []byte) string { return stringOf(r[1 : 1+int(r[0])]) }

func placementHome(r []byte) (LibraryID, uint64) {
	r = r[1+int(r[0]):]
	library, n := binary.Uvarint(r)
	epoch, _ := binary.Uvarint(r[n:])
	return LibraryID(library), epoch
}

// classMark is the first byte of a binding's record, and the name that stands in
// the record.
type classMark struct {
	first byte
	name  string
}

func (l *mappingLog) markClass(class string) classMark {
	if n, ok := l.classes.add(class); ok {
		return classMark{first: byte(MaxClassLen + 1 + n)}
	}
	return classMark{first: byte(len(class)), name: class}
}

func appendBinding(b []byte, class classMark, object string, placement uint64) []byte {
	b = append(b, class.first, byte(len(object)))
	b = append(b, class.name...)
	b = append(b, object...)
	return append(binary.LittleEndian.AppendUint32(b, uint32(placement)), byte(placement>>32))
}

func bindingLen(class classMark, object string) int {
	return 2 + len(class.name) + len(object) + refLen
}

// objectAt returns where the object begins in the record at the start of r.
func objectAt(r []byte) int {
	if r[0] > MaxClassLen {
		return 2
	}
	return 2 + int(r[0])
}

// bindingName returns the class and the object of the record at the start of r.
func (c classNames) bindingName(r []byte) (class, object string) {
	at := objectAt(r)
	object = stringOf(r[at : at+int(r[1])])
	if r[0] > MaxClassLen {
		return c[r[0]-MaxClassLen-1], object
	}
	return stringOf(r[2:at]), object
}

// bindingCore returns the offset of the placement's record.
func bindingCore(r []byte) uint64 {
	r = r[objectAt(r)+int(r[1]):]
	return uint64(binary.LittleEndian.Uint32(r)) | uint64(r[4])<<32
}

// stringOf makes a string of bytes that are never modified without copying
// them. It keeps the memory that they are part of alive.
func stringOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// bytesOf is the reverse; the bytes must not be changed.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
