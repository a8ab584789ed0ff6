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
//	binding    length of class (1 byte), length of object (1 byte), class,
//	           object, offset of the placement (5 bytes, little endian)
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

func appendBinding(b []byte, binding Binding, placement uint64) []byte {
	b = append(b, byte(len(binding.Class)), byte(len(binding.Object)))
	b = append(b, binding.Class...)
	b = append(b, binding.Object...)
	return append(binary.LittleEndian.AppendUint32(b, uint32(placement)), byte(placement>>32))
}

func bindingLen(b Binding) int { return 2 + len(b.Class) + len(b.Object) + refLen }

// bindingName returns the class and the object of the record at the start of r.
func bindingName(r []byte) (class, object string) {
	object0 := 2 + int(r[0])
	return stringOf(r[2:object0]), stringOf(r[object0 : object0+int(r[1])])
}

// bindingCore returns the offset of the placement's record.
func bindingCore(r []byte) uint64 {
	r = r[2+int(r[0])+int(r[1]):]
	return uint64(binary.LittleEndian.Uint32(r)) | uint64(r[4])<<32
}

// stringOf makes a string of bytes that are never modified without copying
// them. It keeps the memory that they are part of alive.
func stringOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// bytesOf is the reverse; the bytes must not be changed.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
