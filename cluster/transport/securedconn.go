package transport

import (
	"crypto/tls"
	"net"
)

// securedConn is a connection with TLS that ends at once when it is closed. TLS
// would say goodbye first, for which it may wait seconds; both services know by
// themselves where a message ends.
type securedConn struct {
	*tls.Conn
	raw net.Conn
}

// Close closes the connection under TLS.
func (c *securedConn) Close() error { return c.raw.Close() }

// listeningConn notes the first byte that the other side sends: that of a
// TLS record says whether it speaks TLS. Only one goroutine reads.
type listeningConn struct {
	net.Conn
	first byte // 0: none yet
}

// Read implements net.Conn.
func (c *listeningConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 && c.first == 0 {
		c.first = b[0]
	}
	return n, err
}

// plainConn is a dialled connection in the clear whose first answer may be that the
// other side wants TLS. No service's first answer begins with that byte. Only one
// goroutine reads.
type plainConn struct {
	net.Conn
	answered bool
}

// Read implements net.Conn.
func (c *plainConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 && !c.answered {
		c.answered = true
		if b[0] == recordAlert {
			return 0, errWantsTLS
		}
	}
	return n, err
}

// resumedConn is a connection of which the first byte was read already.
type resumedConn struct {
	net.Conn
	first []byte // empty once it was read again
}

// Read implements net.Conn.
func (c *resumedConn) Read(b []byte) (int, error) {
	if len(c.first) > 0 && len(b) > 0 {
		n := copy(b, c.first)
		c.first = c.first[n:]
		return n, nil
	}
	return c.Conn.Read(b)
}
