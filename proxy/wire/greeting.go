package wire

import (
	"crypto/rand"
	"encoding/binary"
)

// Names of the authentication plugins that we understand.
const (
	pluginNative      = "mysql_native_password"
	pluginCachingSHA2 = "caching_sha2_password"
)

// saltLen is the length of the random bytes that a password is scrambled with.
const saltLen = 20

// newSalt makes a salt as servers do: printable characters, so no NUL, which
// ends it on the wire, and no '$', which some clients cut it at.
func newSalt() []byte {
	const first, last = '!', '~'
	salt := make([]byte, 0, saltLen)
	var random [2 * saltLen]byte
	for len(salt) < saltLen {
		rand.Read(random[:]) // never fails: it ends the process instead
		for _, b := range random {
			// Bytes outside are thrown away and not folded: every character
			// stays equally likely.
			if b &= 0x7f; b >= first && b <= last && b != '$' && len(salt) < saltLen {
				salt = append(salt, b)
			}
		}
	}
	return salt
}

// appendGreeting appends the packet that opens a connection: protocol version
// 10, with mysql_native_password as the plugin, which every client knows.
func appendGreeting(dst []byte, cfg AcceptConfig, salt []byte) []byte {
	const (
		protocolVersion = 10
		saltHead        = 8  // the first part of the salt; the rest comes later
		reserved        = 10 // the last four hold MariaDB's extended capabilities
	)
	dst, start := beginPacket(dst)
	dst = append(dst, protocolVersion)
	dst = append(dst, cfg.ServerVersion...)
	dst = append(dst, 0)
	dst = binary.LittleEndian.AppendUint32(dst, cfg.ConnectionID)
	dst = append(dst, salt[:saltHead]...)
	dst = append(dst, 0)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(cfg.Capabilities))
	dst = append(dst, cfg.Collation)
	dst = binary.LittleEndian.AppendUint16(dst, StatusAutocommit)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(cfg.Capabilities>>16))
	dst = append(dst, saltLen+1)
	dst = append(dst, make([]byte, reserved)...)
	dst = append(dst, salt[saltHead:]...)
	dst = append(dst, 0)
	dst = append(dst, pluginNative...)
	dst = append(dst, 0)
	return endPacket(dst, start, 0)
}
