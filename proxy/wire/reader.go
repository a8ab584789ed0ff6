package wire

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// errShort says that a packet ends before what it announces.
var errShort = errors.New("packet is too short for what it announces")

// reader takes fields off the front of a payload. A field that is not there
// sets bad and reads as zero; the caller looks at bad once at the end.
type reader struct {
	b   []byte
	bad bool
}

// bytes takes n bytes; the slice points into the payload.
func (r *reader) bytes(n int) []byte {
	if r.bad || n < 0 || n > len(r.b) {
		r.bad = true
		return nil
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) skip(n int) { r.bytes(n) }

func (r *reader) uint8() uint8 {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint16() uint16 {
	if b := r.bytes(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// lenenc takes a length-encoded integer. NULL and the undefined first byte 0xff
// are bad.
func (r *reader) lenenc() uint64 {
	if r.bad || len(r.b) == 0 || len(r.b) < lenencSize(r.b[0]) {
		r.bad = true
		return 0
	}
	n, null, size := mysql.LengthEncodedInt(r.b)
	if null || r.b[0] == 0xff {
		r.bad = true
		return 0
	}
	r.b = r.b[size:]
	return n
}

// lenencSize is how many bytes a length-encoded integer has that begins so.
func lenencSize(first byte) int {
	switch first {
	case 0xfc:
		return 3
	case 0xfd:
		return 4
	case 0xfe:
		return 9
	default:
		return 1
	}
}

func (r *reader) lenencBytes() []byte {
	n := r.lenenc()
	if n > uint64(len(r.b)) {
		r.bad = true
		return nil
	}
	return r.bytes(int(n))
}

// text takes bytes up to a NUL and the NUL itself. Some clients leave out the
// NUL of a packet's last field, so the end of the payload does as well.
func (r *reader) text() string {
	if r.bad {
		return ""
	}
	end := bytes.IndexByte(r.b, 0)
	if end < 0 {
		out := string(r.b)
		r.b = nil
		return out
	}
	out := string(r.b[:end])
	r.b = r.b[end+1:]
	return out
}
