package wire

// HeaderLen is the size of a packet header in bytes.
const HeaderLen = 4

// MaxPacketPayload is the largest payload of one physical packet in bytes. A
// logical packet that is longer goes on in the next physical one; one whose
// length is an exact multiple ends with an empty one.
const MaxPacketPayload = 1<<24 - 1

// ParseHeader reads a packet header. b must hold at least HeaderLen bytes.
func ParseHeader(b []byte) (length int, seq uint8) {
	_ = b[3]
	return int(b[0]) | int(b[1])<<8 | int(b[2])<<16, b[3]
}

// PutHeader writes a packet header to the first HeaderLen bytes of b. length is
// the payload's, 0 to MaxPacketPayload.
func PutHeader(b []byte, length int, seq uint8) {
	_ = b[3]
	b[0] = byte(length)
	b[1] = byte(length >> 8)
	b[2] = byte(length >> 16)
	b[3] = seq
}

// beginPacket appends room for a header; endPacket fills it in once the payload
// has been appended. Payloads stay below MaxPacketPayload: everything that we
// write ourselves is bounded.
func beginPacket(dst []byte) (out []byte, start int) {
	return append(dst, 0, 0, 0, 0), len(dst)
}

func endPacket(dst []byte, start int, seq uint8) []byte {
	PutHeader(dst[start:], len(dst)-start-HeaderLen, seq)
	return dst
}
