package fakeserver

import (
	"encoding/binary"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// First payload bytes of packets.
const (
	markOK       = 0x00
	markMoreData = 0x01
	markEOF      = 0xfe
	markErr      = 0xff
)

// Status flags that scripts name.
const (
	StatusInTrans           uint16 = 0x0001
	StatusAutocommit        uint16 = 0x0002
	StatusMoreResultsExists uint16 = 0x0008
	StatusCursorExists      uint16 = 0x0040
	StatusLastRowSent       uint16 = 0x0080
	StatusPSOutParams       uint16 = 0x1000
	StatusSessionChanged    uint16 = 0x4000
)

// OK is an OK packet. A zero Status becomes StatusAutocommit.
type OK struct {
	AffectedRows, LastInsertID uint64
	Status, Warnings           uint16
	Info                       string
	Session                    []byte // entries made by Variable, Schema and Changed
}

// Payload is the OK packet for a client that has agreed on the capabilities.
func (ok OK) Payload(capabilities uint64) []byte { return ok.payload(markOK, capabilities) }

func (ok OK) payload(mark byte, capabilities uint64) []byte {
	if ok.Status == 0 {
		ok.Status = StatusAutocommit
	}
	track := capabilities&SessionTrack != 0
	if track && len(ok.Session) > 0 {
		ok.Status |= StatusSessionChanged
	}
	out := mysql.AppendLengthEncodedInteger([]byte{mark}, ok.AffectedRows)
	out = mysql.AppendLengthEncodedInteger(out, ok.LastInsertID)
	out = binary.LittleEndian.AppendUint16(out, ok.Status)
	out = binary.LittleEndian.AppendUint16(out, ok.Warnings)
	switch {
	case !track:
		return append(out, ok.Info...)
	case len(ok.Session) > 0:
		return append(append(out, lenenc(ok.Info)...), lenenc(string(ok.Session))...)
	case ok.Info != "": // MySQL sends nothing for an empty text
		return append(out, lenenc(ok.Info)...)
	}
	return out
}

// Variable is the entry of an OK packet that says that a system variable was set.
func Variable(name, value string) []byte {
	return entry(0, append(lenenc(name), lenenc(value)...))
}

// Schema is the entry of an OK packet that names the default database.
func Schema(name string) []byte { return entry(1, lenenc(name)) }

// Changed is the entry of an OK packet that says that something has changed.
func Changed() []byte { return entry(2, []byte("1")) }

// Entry is an entry of an OK packet of any kind.
func Entry(kind byte, data string) []byte { return entry(kind, []byte(data)) }

func entry(kind byte, data []byte) []byte { return append([]byte{kind}, lenenc(string(data))...) }

// Err is an ERR packet.
func Err(code uint16, state, message string) []byte {
	out := binary.LittleEndian.AppendUint16([]byte{markErr}, code)
	return append(append(append(out, '#'), state...), message...)
}

// End is what ends rows: an EOF packet, or the OK packet that stands for one.
func End(capabilities uint64, status uint16) []byte {
	if capabilities&DeprecateEOF != 0 {
		return OK{Status: status}.payload(markEOF, capabilities)
	}
	return EOF(status)
}

// EOF is an EOF packet.
func EOF(status uint16) []byte {
	return binary.LittleEndian.AppendUint16([]byte{markEOF, 0, 0}, status)
}

// Columns are the packets in front of the rows of a result set: the number of
// columns, definitions of strings, and the EOF packet behind them.
func Columns(capabilities uint64, status uint16, names ...string) [][]byte {
	count := mysql.AppendLengthEncodedInteger(nil, uint64(len(names)))
	if capabilities&(OptionalMetadata|MariadbCacheMetadata) != 0 {
		count = append(count, 1)
	}
	return append([][]byte{count}, Definitions(capabilities, status, names...)...)
}

// BareColumns are Columns without the definitions, as clients get them that can do
// without.
func BareColumns(capabilities uint64, status uint16, columns int) [][]byte {
	out := [][]byte{append(mysql.AppendLengthEncodedInteger(nil, uint64(columns)), 0)}
	if capabilities&DeprecateEOF == 0 {
		out = append(out, EOF(status))
	}
	return out
}

// Definitions are definitions of columns or parameters and the EOF packet behind
// them.
func Definitions(capabilities uint64, status uint16, names ...string) [][]byte {
	var out [][]byte
	for _, name := range names {
		d := lenenc("def")
		for _, field := range []string{"", "", "", name, ""} {
			d = append(d, lenenc(field)...)
		}
		if capabilities&MariadbExtendedMetadata != 0 {
			d = append(d, lenenc("")...)
		}
		// Behind the length: collation, length, type, flags, decimals, filler.
		out = append(out, append(d, 12, 45, 0, 0, 1, 0, 0, 253, 0, 0, 31, 0, 0))
	}
	if capabilities&DeprecateEOF == 0 {
		out = append(out, EOF(status))
	}
	return out
}

// Row is a row of text.
func Row(values ...string) []byte {
	var out []byte
	for _, value := range values {
		out = append(out, lenenc(value)...)
	}
	return out
}

// Result is a whole result set of text.
func Result(capabilities uint64, names []string, rows ...[]string) [][]byte {
	out := Columns(capabilities, StatusAutocommit, names...)
	for _, row := range rows {
		out = append(out, Row(row...))
	}
	return append(out, End(capabilities, StatusAutocommit))
}

// Prepared is a whole answer to a COM_STMT_PREPARE.
func Prepared(capabilities uint64, id uint32, params int, columns ...string) [][]byte {
	head := binary.LittleEndian.AppendUint32([]byte{markOK}, id)
	head = binary.LittleEndian.AppendUint16(head, uint16(len(columns)))
	head = binary.LittleEndian.AppendUint16(head, uint16(params))
	head = append(head, 0, 0, 0) // filler, warnings
	if capabilities&OptionalMetadata != 0 {
		head = append(head, 1)
	}
	out := [][]byte{head}
	if params > 0 {
		names := make([]string, params)
		for i := range names {
			names[i] = "?"
		}
		out = append(out, Definitions(capabilities, StatusAutocommit, names...)...)
	}
	if len(columns) > 0 {
		out = append(out, Definitions(capabilities, StatusAutocommit, columns...)...)
	}
	return out
}

func lenenc(s string) []byte {
	return append(mysql.AppendLengthEncodedInteger(nil, uint64(len(s))), s...)
}
