package wire

import (
	"encoding/binary"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// maxValue bounds one value of a result set of our own, in bytes; a longer one
// is cut. With it a row of up to 255 columns stays within one physical packet.
const maxValue = 32 << 10

// definitionsFollow says, where a client can do without, that the definitions of
// columns are not left out.
const definitionsFollow = 1

// What our own columns are made of: text in utf8mb4.
const (
	collationUTF8MB4 = 45  // utf8mb4_general_ci
	typeVarString    = 253 // MYSQL_TYPE_VAR_STRING
	noDecimals       = 0x1f
)

// AppendTextResult appends a complete result set of the text protocol, every
// packet with its header, the first numbered seq. All columns are strings. A row
// must have as many values as there are columns, 1 to 255 of them.
func AppendTextResult(dst []byte, seq uint8, caps Capability, status uint16, columns []string, rows [][]string) []byte {
	return appendResult(dst, seq, caps, status, columns, rows, appendTextRow)
}

// AppendBinaryResult is AppendTextResult for the answer to the execution of a
// prepared statement.
func AppendBinaryResult(dst []byte, seq uint8, caps Capability, status uint16, columns []string, rows [][]string) []byte {
	return appendResult(dst, seq, caps, status, columns, rows, appendBinaryRow)
}

func appendResult(dst []byte, seq uint8, caps Capability, status uint16, columns []string, rows [][]string,
	appendRow func([]byte, []string) []byte,
) []byte {
	dst, start := beginPacket(dst)
	if caps.Has(ClientOptionalResultsetMetadata) {
		dst = append(dst, definitionsFollow)
	}
	dst = mysql.AppendLengthEncodedInteger(dst, uint64(len(columns)))
	if caps.Has(MariadbCacheMetadata) {
		dst = append(dst, definitionsFollow)
	}
	dst = endPacket(dst, start, seq)
	seq++
	dst, seq = appendColumns(dst, seq, caps, status, columns)
	for _, row := range rows {
		dst, start = beginPacket(dst)
		dst = appendRow(dst, row)
		dst = endPacket(dst, start, seq)
		seq++
	}
	return appendEnd(dst, seq, caps, status)
}

func appendTextRow(dst []byte, row []string) []byte {
	for _, value := range row {
		dst = appendLenencString(dst, clip(value, maxValue))
	}
	return dst
}

func appendBinaryRow(dst []byte, row []string) []byte {
	dst = append(dst, markOK)
	for range (len(row) + 7 + 2) / 8 { // the bitmap of NULLs: there are none
		dst = append(dst, 0)
	}
	return appendTextRow(dst, row)
}

// appendColumns appends column definitions and, unless DEPRECATE_EOF is agreed,
// the EOF packet that ends them. It returns the next sequence number.
func appendColumns(dst []byte, seq uint8, caps Capability, status uint16, columns []string) ([]byte, uint8) {
	for _, name := range columns {
		dst = appendColumn(dst, seq, caps, name)
		seq++
	}
	if !caps.Has(ClientDeprecateEOF) {
		dst = appendEnd(dst, seq, caps, status)
		seq++
	}
	return dst, seq
}

func appendColumn(dst []byte, seq uint8, caps Capability, name string) []byte {
	const fixedLen = 0x0c // what follows it is 12 bytes
	dst, start := beginPacket(dst)
	dst = appendLenencString(dst, "def")
	dst = appendLenencString(dst, "") // schema
	dst = appendLenencString(dst, "") // table
	dst = appendLenencString(dst, "") // original table
	dst = appendLenencString(dst, clip(name, maxValue))
	dst = appendLenencString(dst, "") // original name
	if caps.Has(MariadbExtendedMetadata) {
		dst = appendLenencString(dst, "") // nothing more to say of the type
	}
	dst = append(dst, fixedLen)
	dst = binary.LittleEndian.AppendUint16(dst, collationUTF8MB4)
	dst = binary.LittleEndian.AppendUint32(dst, maxValue)
	dst = append(dst, typeVarString)
	dst = binary.LittleEndian.AppendUint16(dst, 0) // flags
	dst = append(dst, noDecimals, 0, 0)
	return endPacket(dst, start, seq)
}

func appendLenencString(dst []byte, s string) []byte {
	dst = mysql.AppendLengthEncodedInteger(dst, uint64(len(s)))
	return append(dst, s...)
}
