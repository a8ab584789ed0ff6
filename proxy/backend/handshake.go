package backend

import (
	"net"

	"github.com/mysqlda/mysqlda/proxy/wire"
)

// collationOffset is where the collation's number stands in a client's first
// packet: behind the header, 4 bytes of capabilities and 4 of packet size.
const collationOffset = wire.HeaderLen + 8

// handshakeConn is the connection as go-mysql sees it during the login. It does
// three things that go-mysql cannot be asked for:
//
//   - it replays the greeting, which was read before to check capabilities;
//   - it never hands over a byte beyond the packet that is being read, so that
//     nothing is left in go-mysql's buffer when the raw connection is taken;
//   - it sends the collation by the number that the client gave. go-mysql knows
//     collations by the names of one server version only.
type handshakeConn struct {
	net.Conn
	greeting  []byte // still to be replayed
	collation uint8
	sent      bool // the login packet was written

	header  [wire.HeaderLen]byte
	got     int // bytes of header that have been read
	payload int // bytes of the current packet's payload still to come
}

func (c *handshakeConn) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	if len(c.greeting) > 0 {
		n := copy(b, c.greeting)
		c.greeting = c.greeting[n:]
		return n, nil
	}
	if c.payload > 0 {
		n, err := c.Conn.Read(b[:min(len(b), c.payload)])
		c.payload -= n
		return n, err
	}
	n, err := c.Conn.Read(b[:min(len(b), wire.HeaderLen-c.got)])
	c.got += copy(c.header[c.got:], b[:n])
	if c.got == wire.HeaderLen {
		c.payload, _ = wire.ParseHeader(c.header[:])
		c.got = 0
	}
	return n, err
}

func (c *handshakeConn) Write(b []byte) (int, error) {
	if !c.sent && len(b) > collationOffset {
		b[collationOffset] = c.collation
	}
	c.sent = true
	return c.Conn.Write(b)
}
