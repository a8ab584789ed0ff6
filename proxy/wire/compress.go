package wire

import (
	"errors"
	"fmt"
	"net"
	"sync/atomic"
)

// compressedHeaderLen is the size of the header of a compressed frame in bytes:
// the length of its payload, its number, and the length of the payload
// when it is expanded or 0 when it is stored as it is.
const compressedHeaderLen = 7

// Compress wraps a connection whose client has agreed on a compression, from the
// first byte behind the final OK of the handshake. Without a compression it
// returns conn itself.
//
// Frames neither begin nor end where packets do. A Write of up to 32 KiB becomes one
// frame, a larger one several. What a client announces is not trusted: a frame
// is expanded as it is read. Between two frames the connection holds no buffer.
//
// At most one goroutine may read and one write at the same time. A read that met
// its deadline can be repeated, except in the middle of a frame that does not fit
// in a buffer of 16 KiB: that error stays, as do all others. The connection has
// CloseWrite, and NetConn for the connection below.
//
// Clients number the packets inside of frames as they like, and servers do not
// look at these numbers: whoever passes such packets on has to number them anew
// wherever a client's packet does not begin a command.
func Compress(conn net.Conn, c Compression) net.Conn {
	if c.Algorithm == Uncompressed {
		return conn
	}
	return &compressedConn{Conn: conn, compression: c}
}

type compressedConn struct {
	net.Conn
	compression Compression
	seq         atomic.Uint32 // of the next frame in either direction; its low byte

	// The reader's.
	head    [compressedHeaderLen]byte
	headLen int        // how much of head has come, until it is whole
	stored  int        // bytes still to come of a payload that is as it is
	frame   *expansion // the compressed payload in hand; nil between frames
	readErr error

	writeErr error // the writer's
}

// NetConn is the connection below.
func (c *compressedConn) NetConn() net.Conn { return c.Conn }

// CloseWrite ends the stream to the client where the connection below can.
func (c *compressedConn) CloseWrite() error {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok {
		return fmt.Errorf("half-close of a %T: %w", c.Conn, errors.ErrUnsupported)
	}
	return half.CloseWrite()
}
