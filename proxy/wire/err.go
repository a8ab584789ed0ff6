package wire

import "encoding/binary"

// maxMessage bounds the text of an ERR packet in bytes.
const maxMessage = 4 << 10

// AppendErr appends a whole ERR packet, header included. state is the SQLSTATE:
// five bytes; any other length is replaced by the general "HY000". message is
// cut at 4 KiB.
func AppendErr(dst []byte, seq uint8, code uint16, state, message string) []byte {
	if len(state) != 5 {
		state = "HY000"
	}
	dst, start := beginPacket(dst)
	dst = append(dst, markErr)
	dst = binary.LittleEndian.AppendUint16(dst, code)
	dst = append(dst, '#')
	dst = append(dst, state...)
	dst = append(dst, clip(message, maxMessage)...)
	return endPacket(dst, start, seq)
}
