package wire

import "encoding/binary"

// paramName is what servers call every parameter.
const paramName = "?"

// AppendPrepareResult appends the complete answer to the preparation of a
// statement of our own: its id, params parameters and the columns of its result
// set (none for a statement that answers OK), every packet with its header, the
// first numbered seq. params and the number of columns must be below 65536.
func AppendPrepareResult(dst []byte, seq uint8, caps Capability, status uint16, id uint32, params int, columns []Column) []byte {
	dst, start := beginPacket(dst)
	dst = append(dst, markOK)
	dst = binary.LittleEndian.AppendUint32(dst, id)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(columns)))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(params))
	dst = append(dst, 0, 0, 0) // filler, warnings
	if caps.Has(ClientOptionalResultsetMetadata) {
		dst = append(dst, metadataFollows)
	}
	dst = endPacket(dst, start, seq)
	seq++
	if params > 0 {
		parameters := make([]Column, params)
		for i := range parameters {
			parameters[i].Name = paramName
		}
		dst, seq = appendColumns(dst, seq, caps, status, parameters)
	}
	if len(columns) > 0 {
		dst, _ = appendColumns(dst, seq, caps, status, columns)
	}
	return dst
}
