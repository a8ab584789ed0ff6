package wire

import (
	"encoding/binary"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// First payload bytes of the packets that end something.
const (
	markOK          = 0x00
	markMoreData    = 0x01
	markLocalInfile = 0xfb
	markNull        = 0xfb // of a value in a row of text
	markEOF         = 0xfe
	markErr         = 0xff
)

// OK is the content of an OK packet.
type OK struct {
	AffectedRows uint64
	LastInsertID uint64
	Status       uint16 // Status* flags
	Warnings     uint16
	Info         string // shown to people; cut at maxInfo bytes

	// Changes are told to clients that have agreed on ClientSessionTrack; those
	// beyond 4 KiB are left out.
	Changes []SessionChange
}

// maxInfo bounds the text of an OK packet in bytes.
const maxInfo = 4 << 10

// AppendOK appends a whole OK packet, header included. StatusSessionChanged is
// set and cleared as the packet tells about changes or not, whatever ok.Status
// says: it decides how clients read the packet.
func AppendOK(dst []byte, seq uint8, caps Capability, ok OK) []byte {
	return appendOK(dst, seq, caps, markOK, ok)
}

func appendOK(dst []byte, seq uint8, caps Capability, mark byte, ok OK) []byte {
	var changes []byte
	if caps.Has(ClientSessionTrack) {
		changes = appendSessionChanges(nil, ok.Changes)
	}
	ok.Status &^= StatusSessionChanged
	if len(changes) > 0 {
		ok.Status |= StatusSessionChanged
	}
	dst, start := beginPacket(dst)
	dst = append(dst, mark)
	dst = mysql.AppendLengthEncodedInteger(dst, ok.AffectedRows)
	dst = mysql.AppendLengthEncodedInteger(dst, ok.LastInsertID)
	if caps.Has(ClientProtocol41) {
		dst = binary.LittleEndian.AppendUint16(dst, ok.Status)
		dst = binary.LittleEndian.AppendUint16(dst, ok.Warnings)
	} else if caps.Has(ClientTransactions) {
		dst = binary.LittleEndian.AppendUint16(dst, ok.Status)
	}
	info := clip(ok.Info, maxInfo)
	if caps.Has(ClientSessionTrack) {
		dst = appendLenencString(dst, info)
	} else {
		dst = append(dst, info...)
	}
	if len(changes) > 0 {
		dst = appendLenencString(dst, string(changes))
	}
	return endPacket(dst, start, seq)
}

// appendEnd appends the packet that ends the rows of a result set, or with
// DEPRECATE_EOF off also its column definitions: an EOF packet, or an OK packet
// that begins like one.
func appendEnd(dst []byte, seq uint8, caps Capability, status uint16) []byte {
	if caps.Has(ClientDeprecateEOF) {
		return appendOK(dst, seq, caps, markEOF, OK{Status: status})
	}
	dst, start := beginPacket(dst)
	dst = append(dst, markEOF, 0, 0)
	dst = binary.LittleEndian.AppendUint16(dst, status&^StatusSessionChanged)
	return endPacket(dst, start, seq)
}
