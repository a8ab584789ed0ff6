package fsm

import (
	"encoding/binary"
	"unsafe"
)

// Records of the mapping log, as they stand in memory only (a snapshot has a
// form of its own):
//
//	placement  length of core (1 byte), core, library (uvarint), epoch (uvarint)
//	binding    length of class (1 byte), length of object (1 byte), class,
//	           object, shard of the placement (1 byte), its offset (4 bytes,
//	           little endian)
//
// Neither begins with a zero byte, which marks the end of a chunk's records.

const maxRecordLen = max(
	1+MaxCoreLen+binary.MaxVarintLen32+binary.MaxVarintLen64,
	2+MaxClassLen+MaxObjectLen+refLen,
)

// placementRef says where the record of a placement is.
type placementRef struct {
	shard  uint8
	offset uint32
}

const refLen = 1 + 4

func appendPlacement(b []byte, p Placement) []byte {
	b = append(b, byte(len(p.Core)))
	b = append(b, p.Core...)
	b = binary.AppendUvarint(b, uint64(p.Library))
	return binary.AppendUvarint(b, p.Epoch)
}

// placementCore returns the core object of the record at the start of r.
func placementCore(r []byte) string { return view(r[1 : 1+int(r[0])]) }

func placementHome(r []byte) (LibraryID, uint64) {
	r = r[1+int(r[0]):]
	library, n := binary.Uvarint(r)
	epoch, _ := binary.Uvarint(r[n:])
	return LibraryID(library), epoch
}

func placementLen(r []byte) int {
	at := 1 + int(r[0])
	_, n := binary.Uvarint(r[at:])
	at += n
	_, n = binary.Uvarint(r[at:])
	return at + n
}

func appendBinding(b []byte, class, object string, ref placementRef) []byte {
	b = append(b, byte(len(class)), byte(len(object)))
	b = append(b, class...)
	b = append(b, object...)
	b = append(b, ref.shard)
	return binary.LittleEndian.AppendUint32(b, ref.offset)
}

// bindingName returns the class and the object of the record at the start of r.
func bindingName(r []byte) (class, object string) {
	object0 := 2 + int(r[0])
	return view(r[2:object0]), view(r[object0 : object0+int(r[1])])
}

func bindingCore(r []byte) placementRef {
	r = r[2+int(r[0])+int(r[1]):]
	return placementRef{shard: r[0], offset: binary.LittleEndian.Uint32(r[1:])}
}

func bindingLen(r []byte) int { return 2 + int(r[0]) + int(r[1]) + refLen }

// view makes a string of a record's bytes without copying them: records are
// never modified, and the string keeps its chunk alive.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
