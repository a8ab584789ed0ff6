package wire

import (
	"encoding/binary"
	"strconv"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// maxValue bounds one value of a result set of our own, in bytes; a longer one
// is cut. With it a row of up to 255 columns stays within one physical packet.
const maxValue = 32 << 10

// What our own columns are made of: text in utf8mb4, or numbers.
const (
	collationUTF8MB4 = 45  // utf8mb4_general_ci
	collationBinary  = 63  // of everything that is no text
	typeVarString    = 253 // MYSQL_TYPE_VAR_STRING
	typeLonglong     = 8   // MYSQL_TYPE_LONGLONG
	noDecimals       = 0x1f
	digits           = 20 // of the largest number

	flagUnsigned = 0x0020
	flagBinary   = 0x0080
)

// Column is a column of a result set of our own: a string, or a BIGINT UNSIGNED.
type Column struct {
	Name string
	// Unsigned64 says that the values, given as decimal digits, are numbers. A
	// value that is none becomes NULL.
	Unsigned64 bool
}

// TextColumns returns columns of strings with these names.
func TextColumns(names ...string) []Column {
	columns := make([]Column, len(names))
	for i, name := range names {
		columns[i].Name = name
	}
	return columns
}

// AppendTextResult appends a complete result set of the text protocol, every
// packet with its header, the first numbered seq. A row must have as many values
// as there are columns, 1 to 255 of them.
func AppendTextResult(dst []byte, seq uint8, caps Capability, status uint16, columns []Column, rows [][]string) []byte {
	return appendResult(dst, seq, caps, status, columns, rows, appendTextRow)
}

// AppendBinaryResult is AppendTextResult for the answer to the execution of a
// prepared statement.
func AppendBinaryResult(dst []byte, seq uint8, caps Capability, status uint16, columns []Column, rows [][]string) []byte {
	return appendResult(dst, seq, caps, status, columns, rows, appendBinaryRow)
}

// metadataFollows is what a result set says in answer to a client that can do
// without column definitions: ours have them always.
const metadataFollows = 1

func appendResult(dst []byte, seq uint8, caps Capability, status uint16, columns []Column, rows [][]string,
	appendRow func([]byte, []Column, []string) []byte,
) []byte {
	dst, start := beginPacket(dst)
	dst = mysql.AppendLengthEncodedInteger(dst, uint64(len(columns)))
	if caps&(ClientOptionalResultsetMetadata|MariadbCacheMetadata) != 0 {
		dst = append(dst, metadataFollows)
	}
	dst = endPacket(dst, start, seq)
	seq++
	dst, seq = appendColumns(dst, seq, caps, status, columns)
	for _, row := range rows {
		dst, start = beginPacket(dst)
		dst = appendRow(dst, columns, row)
		dst = endPacket(dst, start, seq)
		seq++
	}
	return appendEnd(dst, seq, caps, status)
}

func appendTextRow(dst []byte, columns []Column, row []string) []byte {
	for i, value := range row {
		if columns[i].Unsigned64 {
			if _, err := strconv.ParseUint(value, 10, 64); err != nil {
				dst = append(dst, markNull)
				continue
			}
		}
		dst = appendLenencString(dst, clip(value, maxValue))
	}
	return dst
}

func appendBinaryRow(dst []byte, columns []Column, row []string) []byte {
	const bitmapOffset = 2 // the bitmap of NULLs begins with bits of no column
	dst = append(dst, markOK)
	nulls := len(dst)
	dst = append(dst, make([]byte, (len(row)+7+bitmapOffset)/8)...)
	for i, value := range row {
		if !columns[i].Unsigned64 {
			dst = appendLenencString(dst, clip(value, maxValue))
			continue
		}
		n, err := strconv.ParseUint(value, 10, 64)
		if err != nil {
			bit := i + bitmapOffset
			dst[nulls+bit/8] |= 1 << (bit % 8)
			continue
		}
		dst = binary.LittleEndian.AppendUint64(dst, n)
	}
	return dst
}

// appendColumns appends column definitions and, unless DEPRECATE_EOF is agreed,
// the EOF packet that ends them. It returns the next sequence number.
func appendColumns(dst []byte, seq uint8, caps Capability, status uint16, columns []Column) ([]byte, uint8) {
	for _, column := range columns {
		dst = appendColumn(dst, seq, caps, column)
		seq++
	}
	if !caps.Has(ClientDeprecateEOF) {
		dst = appendEnd(dst, seq, caps, status)
		seq++
	}
	return dst, seq
}

func appendColumn(dst []byte, seq uint8, caps Capability, column Column) []byte {
	const fixedLen = 0x0c // what follows it is 12 bytes
	dst, start := beginPacket(dst)
	dst = appendLenencString(dst, "def")
	dst = appendLenencString(dst, "") // schema
	dst = appendLenencString(dst, "") // table
	dst = appendLenencString(dst, "") // original table
	dst = appendLenencString(dst, clip(column.Name, maxValue))
	dst = appendLenencString(dst, "") // original name
	if caps.Has(MariadbExtendedMetadata) {
		dst = appendLenencString(dst, "") // nothing beyond the type
	}
	dst = append(dst, fixedLen)
	if column.Unsigned64 {
		dst = binary.LittleEndian.AppendUint16(dst, collationBinary)
		dst = binary.LittleEndian.AppendUint32(dst, digits)
		dst = append(dst, typeLonglong)
		dst = binary.LittleEndian.AppendUint16(dst, flagUnsigned|flagBinary)
		dst = append(dst, 0, 0, 0) // decimals, filler
	} else {
		dst = binary.LittleEndian.AppendUint16(dst, collationUTF8MB4)
		dst = binary.LittleEndian.AppendUint32(dst, maxValue)
		dst = append(dst, typeVarString)
		dst = binary.LittleEndian.AppendUint16(dst, 0) // flags
		dst = append(dst, noDecimals, 0, 0)
	}
	return endPacket(dst, start, seq)
}

func appendLenencString(dst []byte, s string) []byte {
	dst = mysql.AppendLengthEncodedInteger(dst, uint64(len(s)))
	return append(dst, s...)
}
