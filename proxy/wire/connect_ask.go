package wire

import (
	"fmt"
	"io"
)

// AppendCommand appends a command with its argument as one packet. A COM_QUERY
// gets an empty list of query attributes where both sides agreed on them. The
// argument is bounded by the caller to less than MaxPacketPayload.
func AppendCommand(dst []byte, caps Capability, command byte, argument string) []byte {
	dst, start := beginPacket(dst)
	dst = append(dst, command)
	if command == ComQuery && caps.Has(ClientQueryAttributes) {
		dst = append(dst, 0, 1) // no attributes, in one set
	}
	dst = append(dst, argument...)
	return endPacket(dst, start, 0)
}

const (
	// maxRowPayload bounds each packet that ReadRow reads, in bytes.
	maxRowPayload = 64 << 10

	rowNull = 0xfb // in place of a length
)

// ReadRow reads the answer to a COM_QUERY that gives one row of that many
// columns, and not a byte more. A NULL is nil. It is for short questions of our
// own, not for what clients ask: everything is bounded.
//
// Errors: *ServerError; ErrNoServer for any other answer; what reading said.
func ReadRow(from io.Reader, caps Capability, columns int) ([][]byte, error) {
	payload, err := readRowPacket(from)
	if err != nil {
		return nil, err
	}
	r := reader{b: payload}
	count, metadata := r.lenenc(), byte(metadataFollows)
	if caps&(ClientOptionalResultsetMetadata|MariadbCacheMetadata) != 0 {
		metadata = r.uint8()
	}
	if r.bad || count != uint64(columns) {
		return nil, fmt.Errorf("%w: a result of %d columns instead of %d", ErrNoServer, count, columns)
	}
	skip := 0
	if metadata != 0 {
		skip = columns
	}
	if !caps.Has(ClientDeprecateEOF) {
		skip++
	}
	for range skip {
		if _, err := readRowPacket(from); err != nil {
			return nil, err
		}
	}
	if payload, err = readRowPacket(from); err != nil {
		return nil, err
	}
	row, err := parseRow(payload, columns)
	if err != nil {
		return nil, err
	}
	if payload, err = readRowPacket(from); err != nil {
		return nil, err
	}
	if payload[0] != markEOF {
		return nil, fmt.Errorf("%w: more than one row", ErrNoServer)
	}
	return row, nil
}

// readRowPacket returns the payload of one packet, which is never empty. An ERR
// packet is an error.
func readRowPacket(from io.Reader) ([]byte, error) { return readPacketUpTo(from, maxRowPayload) }

// readPacketUpTo is readRowPacket for payloads of at most that many bytes.
func readPacketUpTo(from io.Reader, most int) ([]byte, error) {
	var head [HeaderLen]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return nil, err
	}
	length, _ := ParseHeader(head[:])
	if length == 0 || length > most {
		return nil, fmt.Errorf("%w: a packet of %d bytes", ErrNoServer, length)
	}
	payload := make([]byte, length)
	if _, err := io.ReadFull(from, payload); err != nil {
		return nil, err
	}
	if payload[0] == markErr {
		return nil, ParseServerError(payload)
	}
	return payload, nil
}

// parseRow takes a row of the text protocol apart.
func parseRow(payload []byte, columns int) ([][]byte, error) {
	if payload[0] == markEOF {
		return nil, fmt.Errorf("%w: no row", ErrNoServer)
	}
	r := reader{b: payload}
	row := make([][]byte, 0, columns)
	for range columns {
		if len(r.b) > 0 && r.b[0] == rowNull {
			r.skip(1)
			row = append(row, nil)
			continue
		}
		value := r.lenencBytes()
		if value == nil { // an empty slice is a value, nil is NULL
			value = []byte{}
		}
		row = append(row, value)
	}
	if r.bad || len(r.b) > 0 {
		return nil, fmt.Errorf("%w: a broken row", ErrNoServer)
	}
	return row, nil
}
