package fakeserver

import (
	"crypto/rand"
	"encoding/binary"
)

// Capability flags that scripts name, laid out as the protocol has them.
const (
	LongPassword             uint64 = 1 << 0
	FoundRows                uint64 = 1 << 1
	LongFlag                 uint64 = 1 << 2
	ConnectWithDB            uint64 = 1 << 3
	Compress                 uint64 = 1 << 5
	LocalFiles               uint64 = 1 << 7
	IgnoreSpace              uint64 = 1 << 8
	Protocol41               uint64 = 1 << 9
	Interactive              uint64 = 1 << 10
	SSL                      uint64 = 1 << 11
	Transactions             uint64 = 1 << 13
	Reserved                 uint64 = 1 << 14
	SecureConnection         uint64 = 1 << 15
	MultiStatements          uint64 = 1 << 16
	MultiResults             uint64 = 1 << 17
	PSMultiResults           uint64 = 1 << 18
	PluginAuth               uint64 = 1 << 19
	ConnectAttrs             uint64 = 1 << 20
	PluginAuthLenencData     uint64 = 1 << 21
	CanHandleExpired         uint64 = 1 << 22
	SessionTrack             uint64 = 1 << 23
	DeprecateEOF             uint64 = 1 << 24
	OptionalMetadata         uint64 = 1 << 25
	ZstdCompression          uint64 = 1 << 26
	QueryAttributes          uint64 = 1 << 27
	MultiFactor              uint64 = 1 << 28
	MariadbProgress          uint64 = 1 << 32
	MariadbBulkOperations    uint64 = 1 << 34
	MariadbExtendedMetadata  uint64 = 1 << 35
	MariadbCacheMetadata     uint64 = 1 << 36
	MariadbBulkUnitResults   uint64 = 1 << 37
	everyServersCapabilities        = FoundRows | LongFlag | ConnectWithDB | LocalFiles | IgnoreSpace |
		Protocol41 | Interactive | Transactions | Reserved | SecureConnection | MultiStatements |
		MultiResults | PSMultiResults | PluginAuth | ConnectAttrs | PluginAuthLenencData |
		CanHandleExpired | SessionTrack | DeprecateEOF
)

// Names of the authentication plugins that steps play.
const (
	PluginNative      = "mysql_native_password"
	PluginCachingSHA2 = "caching_sha2_password"
	PluginEd25519     = "client_ed25519"
)

// saltLen is the length of the random bytes of a greeting.
const saltLen = 20

// Greeting is what a server says first. A zero Salt, ConnectionID or Status is
// filled in.
type Greeting struct {
	Version      string
	ConnectionID uint32
	Capabilities uint64
	Collation    uint8
	Status       uint16
	Plugin       string
	Salt         []byte
}

// MySQL8 is the greeting of a MySQL 8.4 without compression.
func MySQL8() Greeting {
	return Greeting{
		Version:      "8.4.3",
		Capabilities: everyServersCapabilities | LongPassword | OptionalMetadata | QueryAttributes,
		Collation:    255, // utf8mb4_0900_ai_ci
		Plugin:       PluginCachingSHA2,
	}
}

// MariaDB is the greeting of a MariaDB 11 without compression.
func MariaDB() Greeting {
	return Greeting{
		Version: "5.5.5-11.8.2-MariaDB",
		Capabilities: everyServersCapabilities | MariadbProgress | MariadbBulkOperations |
			MariadbExtendedMetadata | MariadbCacheMetadata | MariadbBulkUnitResults,
		Collation: 45, // utf8mb4_general_ci
		Plugin:    PluginNative,
	}
}

// Greet sends the greeting. SSL is offered if and only if the server has TLS.
func Greet(g Greeting) Step {
	return func(c *Conn) error {
		g := g // every connection has its own
		if g.Salt == nil {
			g.Salt = newSalt(saltLen)
		}
		if g.ConnectionID == 0 {
			g.ConnectionID = uint32(c.Number)
		}
		if g.Status == 0 {
			g.Status = StatusAutocommit
		}
		g.Capabilities &^= SSL
		if c.tls != nil {
			g.Capabilities |= SSL
		}
		c.Greeting = g
		c.seq = 0
		return c.Write(g.payload())
	}
}

// RefuseGreeting sends an ERR packet instead of a greeting, as a server does that
// has too many connections. It says no SQLSTATE: nothing is agreed yet.
func RefuseGreeting(code uint16, message string) Step {
	return func(c *Conn) error {
		c.seq = 0
		return c.Write(append(binary.LittleEndian.AppendUint16([]byte{markErr}, code), message...))
	}
}

func (g Greeting) payload() []byte {
	const protocolVersion = 10
	out := append([]byte{protocolVersion}, g.Version...)
	out = append(out, 0)
	out = binary.LittleEndian.AppendUint32(out, g.ConnectionID)
	out = append(append(out, g.Salt[:8]...), 0)
	out = binary.LittleEndian.AppendUint16(out, uint16(g.Capabilities))
	out = append(out, g.Collation)
	out = binary.LittleEndian.AppendUint16(out, g.Status)
	out = binary.LittleEndian.AppendUint16(out, uint16(g.Capabilities>>16))
	out = append(out, saltLen+1)
	out = append(out, make([]byte, 6)...)
	out = binary.LittleEndian.AppendUint32(out, uint32(g.Capabilities>>32))
	out = append(append(out, g.Salt[8:]...), 0)
	return append(append(out, g.Plugin...), 0)
}

// newSalt makes random bytes without a NUL, which ends a salt.
func newSalt(n int) []byte {
	salt := make([]byte, n)
	rand.Read(salt) // never fails: it ends the process instead
	for i := range salt {
		salt[i] = salt[i]&0x3f + '!'
	}
	return salt
}
