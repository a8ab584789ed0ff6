package wire

import "fmt"

// Greeting is what a server says of itself before the login. Greetings can be
// compared with ==.
type Greeting struct {
	// Version is as the server tells it, cut at 128 bytes.
	Version string
	// Capabilities is what the server offers, MariaDB's extended ones included.
	Capabilities Capability
	// Collation is the number of the server's default collation.
	Collation uint8
}

// maxServerVersion bounds Greeting.Version in bytes. Servers allow 60.
const maxServerVersion = 128

// hello is a whole greeting: what the server says of itself, and what concerns
// this one connection.
type hello struct {
	Greeting
	threadID uint32
	salt     []byte
	plugin   string // "" when the server names none
}

// parseHello reads a greeting of protocol version 10 by a server that knows the
// authentication of MySQL 4.1.
func parseHello(payload []byte) (hello, error) {
	const (
		protocolVersion = 10
		saltHead        = 8
		minSaltTail     = 13 // whatever length is announced
	)
	r := reader{b: payload}
	if version := r.uint8(); version != protocolVersion {
		return hello{}, fmt.Errorf("%w: it does not greet as a MySQL server does", ErrNoServer)
	}
	h := hello{Greeting: Greeting{Version: clip(r.text(), maxServerVersion)}}
	h.threadID = r.uint32()
	h.salt = append(h.salt, r.bytes(saltHead)...)
	r.skip(1)
	h.Capabilities = Capability(r.uint16())
	h.Collation = r.uint8()
	r.skip(2) // status
	h.Capabilities |= Capability(r.uint16()) << 16
	saltLength := int(r.uint8())
	r.skip(6)
	extended := Capability(r.uint32())
	if r.bad {
		return hello{}, fmt.Errorf("%w: its greeting of %d bytes is cut short", ErrNoServer, len(payload))
	}
	if !h.Capabilities.Has(ClientLongPassword) {
		h.Capabilities |= extended << 32 // a MariaDB server
	}
	if !h.Capabilities.Has(ClientProtocol41 | ClientSecureConnection) {
		return hello{}, fmt.Errorf("%w: version %q is older than MySQL 4.1", ErrNoServer, h.Version)
	}
	h.salt = append(h.salt, trimNUL(r.bytes(max(saltLength-saltHead, minSaltTail)))...)
	if h.Capabilities.Has(ClientPluginAuth) {
		h.plugin = r.text()
	}
	if r.bad {
		return hello{}, fmt.Errorf("%w: its greeting of %d bytes is cut short", ErrNoServer, len(payload))
	}
	return h, nil
}

// trimNUL takes off the NUL that servers put behind a salt.
func trimNUL(salt []byte) []byte {
	if n := len(salt); n > 0 && salt[n-1] == 0 {
		return salt[:n-1]
	}
	return salt
}
