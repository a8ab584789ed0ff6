package wire

import (
	"encoding/binary"
	"io"
	"net"
	"testing"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// A client made by hand: it sends whatever a test wants it to.

// greeting is what a server says first.
type greeting struct {
	version, plugin string
	id              uint32
	capabilities    Capability
	collation       uint8
	salt            []byte
}

func parseGreeting(t *testing.T, payload []byte) greeting {
	t.Helper()
	r := reader{b: payload}
	if v := r.uint8(); v != 10 {
		t.Fatalf("protocol version %d", v)
	}
	g := greeting{version: r.text(), id: r.uint32(), salt: append([]byte{}, r.bytes(8)...)}
	r.skip(1)
	low := r.uint16()
	g.collation = r.uint8()
	r.skip(2) // status
	g.capabilities = Capability(low) | Capability(r.uint16())<<16
	if n := r.uint8(); n != saltLen+1 {
		t.Fatalf("salt of %d bytes", n)
	}
	r.skip(6)
	g.capabilities |= Capability(r.uint32()) << 32
	g.salt = append(g.salt, r.bytes(12)...)
	r.skip(1)
	if g.plugin = r.text(); r.bad || len(r.b) > 0 {
		t.Fatalf("greeting %q", payload)
	}
	return g
}

func native(salt []byte, password string) []byte {
	return mysql.CalcNativePassword(salt, []byte(password))
}

func cachingSHA2(salt []byte, password string) []byte {
	return mysql.CalcCachingSha2Password(salt, []byte(password))
}

// payload writes a login as a client with its capabilities does.
func (l login) payload() []byte {
	out := binary.LittleEndian.AppendUint32(nil, uint32(l.capabilities))
	out = binary.LittleEndian.AppendUint32(out, 1<<24)
	out = append(out, l.collation)
	out = append(out, make([]byte, 19)...)
	if !l.capabilities.Has(ClientLongPassword) {
		out = binary.LittleEndian.AppendUint32(out, uint32(l.capabilities>>32))
	} else {
		out = append(out, 0, 0, 0, 0)
	}
	out = append(out, l.user...)
	out = append(out, 0)
	switch {
	case l.capabilities.Has(ClientPluginAuthLenencData):
		out = appendLenencString(out, string(l.auth))
	case l.capabilities.Has(ClientSecureConnection):
		out = append(append(out, byte(len(l.auth))), l.auth...)
	default:
		out = append(append(out, l.auth...), 0)
	}
	if l.capabilities.Has(ClientConnectWithDB) {
		out = append(append(out, l.database...), 0)
	}
	if l.capabilities.Has(ClientPluginAuth) {
		out = append(append(out, l.plugin...), 0)
	}
	if l.capabilities.Has(ClientConnectAttrs) {
		var attributes []byte
		for name, value := range l.attributes {
			attributes = appendLenencString(appendLenencString(attributes, name), value)
		}
		out = appendLenencString(out, string(attributes))
	}
	if l.capabilities.Has(ClientZstdCompression) {
		out = append(out, l.zstdLevel)
	}
	return out
}

func packetOf(seq uint8, payload []byte) []byte {
	out, start := beginPacket(nil)
	return endPacket(append(out, payload...), start, seq)
}

func readPacket(t *testing.T, conn net.Conn) (seq uint8, payload []byte) {
	t.Helper()
	var head [HeaderLen]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		t.Fatal(err)
	}
	n, seq := ParseHeader(head[:])
	payload = make([]byte, n)
	if _, err := io.ReadFull(conn, payload); err != nil {
		t.Fatal(err)
	}
	return seq, payload
}

func send(t *testing.T, conn net.Conn, b []byte) {
	t.Helper()
	if _, err := conn.Write(b); err != nil {
		t.Fatal(err)
	}
}
