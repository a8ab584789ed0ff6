package wire

import (
	"crypto/rand"
	"encoding/binary"
)

// Where the parts of a greeting and of a login lie that MariaDB has put into
// bytes that the protocol reserves: an extended capability set is the last four.
const (
	greetingReserved = 10
	loginReserved    = 23
	extendedLen      = 4
)

// saltLen is the length of the random bytes that a password is scrambled with.
const saltLen = 20

// Salt is what a client scrambles its password with.
type Salt [saltLen]byte

// newSalt makes a salt as servers do: printable characters, so no NUL, which
// ends it on the wire, and no '$', which some clients cut it at.
func newSalt() (salt Salt) {
	const first, last = '!', '~'
	var random [2 * saltLen]byte
	for n := 0; n < saltLen; {
		rand.Read(random[:]) // never fails: it ends the process instead
		for _, b := range random {
			// Bytes outside are thrown away and not folded: every character
			// stays equally likely.
			if b &= 0x7f; b >= first && b <= last && b != '$' && n < saltLen {
				salt[n] = b
				n++
			}
		}
	}
	return salt
}

// appendGreeting appends the packet that opens a connection: protocol version
// 10, with the plugin that cfg names.
func appendGreeting(dst []byte, cfg *AcceptConfig, salt *Salt) []byte {
	const (
		protocolVersion = 10
		saltHead        = 8 // the first part of the salt; the rest comes later
	)
	offer := cfg.offer()
	dst, start := beginPacket(dst)
	dst = append(dst, protocolVersion)
	dst = append(dst, cfg.ServerVersion...)
	dst = append(dst, 0)
	dst = binary.LittleEndian.AppendUint32(dst, cfg.ConnectionID)
	dst = append(dst, salt[:saltHead]...)
	dst = append(dst, 0)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(offer))
	dst = append(dst, cfg.Collation)
	dst = binary.LittleEndian.AppendUint16(dst, StatusAutocommit)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(offer>>16))
	dst = append(dst, saltLen+1)
	dst = append(dst, make([]byte, greetingReserved-extendedLen)...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(offer>>extendedShift))
	dst = append(dst, salt[saltHead:]...)
	dst = append(dst, 0)
	dst = append(dst, cfg.plugin()...)
	dst = append(dst, 0)
	return endPacket(dst, start, 0)
}
