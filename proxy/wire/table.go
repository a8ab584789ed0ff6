package wire

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Bounds of ReadTable.
const (
	maxTableColumns = 255
	maxTableRows    = 16 << 10
	maxTablePayload = 1 << 20 // of each packet, in bytes
	maxTableBytes   = 4 << 20 // of all packets
)

// Table is the answer to a question of our own, in rows of text. A NULL is nil.
type Table struct {
	Columns []string // their names; none for a statement that gives no rows
	Rows    [][][]byte
}

// ReadTable reads the answer to a COM_QUERY, rows or an OK, and not a byte more. It
// is for what ReadRow is for, where the columns are known by name. Everything is
// bounded.
//
// Errors: *ServerError; ErrNoServer for an answer that is broken, too large, or has
// more results behind it; what reading said.
func ReadTable(from io.Reader, caps Capability) (*Table, error) {
	in := tableReader{from: from, left: maxTableBytes}
	payload, err := in.packet()
	if err != nil {
		return nil, err
	}
	if payload[0] == markOK {
		if err := moreResults(payload); err != nil {
			return nil, err
		}
		return &Table{}, nil
	}
	r := reader{b: payload}
	count, metadata := r.lenenc(), byte(metadataFollows)
	if caps&(ClientOptionalResultsetMetadata|MariadbCacheMetadata) != 0 {
		metadata = r.uint8()
	}
	if r.bad || count == 0 || count > maxTableColumns || metadata == 0 {
		return nil, fmt.Errorf("%w: a result of %d columns", ErrNoServer, count)
	}
	t := &Table{}
	for range count {
		if payload, err = in.packet(); err != nil {
			return nil, err
		}
		name, err := columnName(payload)
		if err != nil {
			return nil, err
		}
		t.Columns = append(t.Columns, name)
	}
	if !caps.Has(ClientDeprecateEOF) {
		if payload, err = in.packet(); err != nil {
			return nil, err
		}
		if payload[0] != markEOF {
			return nil, fmt.Errorf("%w: no end of the columns", ErrNoServer)
		}
	}
	for {
		if payload, err = in.packet(); err != nil {
			return nil, err
		}
		// No value is long enough for a row to begin with this.
		if payload[0] == markEOF {
			if err := moreResults(payload); err != nil {
				return nil, err
			}
			return t, nil
		}
		if len(t.Rows) == maxTableRows {
			return nil, fmt.Errorf("%w: more than %d rows", ErrNoServer, maxTableRows)
		}
		row, err := parseRow(payload, len(t.Columns))
		if err != nil {
			return nil, err
		}
		t.Rows = append(t.Rows, row)
	}
}

// tableReader reads packets up to a bound for all of them together.
type tableReader struct {
	from io.Reader
	left int // bytes
}

func (t *tableReader) packet() ([]byte, error) {
	payload, err := readPacketUpTo(t.from, min(t.left, maxTablePayload))
	t.left -= len(payload)
	return payload, err
}

// columnName finds the name in a column definition.
func columnName(payload []byte) (string, error) {
	r := reader{b: payload}
	for range 4 { // catalog, schema, table, original table
		r.lenencBytes()
	}
	name := string(r.lenencBytes())
	if r.bad {
		return "", fmt.Errorf("%w: a broken column definition", ErrNoServer)
	}
	return name, nil
}

// moreResults fails when the packet, an OK or what ends rows, announces another
// result.
func moreResults(payload []byte) error {
	var status uint16
	ok := true
	if len(payload) == eofLen {
		status = binary.LittleEndian.Uint16(payload[3:])
	} else {
		var head okHead
		head, ok = parseOKHead(payload)
		status = head.status
	}
	if !ok || status&StatusMoreResultsExists != 0 {
		return fmt.Errorf("%w: more than one result", ErrNoServer)
	}
	return nil
}
