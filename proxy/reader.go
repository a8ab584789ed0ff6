package proxy

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"

	"github.com/mysqlda/mysqlda/proxy/wire"
)

// bufferSize is what one read takes at most, in either direction. A session
// holds at most two buffers: the client's bytes and the answer under way.
const bufferSize = 32 << 10

type buffer [bufferSize]byte

var buffers = sync.Pool{New: func() any { return new(buffer) }}

// clientReader reads what the client sends. While it waits for a command it
// holds no buffer, so an idle session costs its goroutine and little more.
type clientReader struct {
	conn   net.Conn
	socket syscall.RawConn // under conn; nil: it is not known
	direct bool            // conn is the socket itself: bytes may be read past conn
	buf    *buffer         // nil while nothing is buffered
	r, w   int             // buf[r:w] was read and not yet consumed
	first  bool            // the next bytes are a command's first, which may take long to come

	// woken is called when a read hits the deadline by which an idle session is
	// woken up; nil means that the read goes on.
	woken func() error

	wait clientWait
}

func newClientReader(conn net.Conn, woken func() error) *clientReader {
	c := &clientReader{conn: conn, woken: woken}
	if sc, ok := conn.(syscall.Conn); ok {
		if socket, err := sc.SyscallConn(); err == nil {
			c.socket, c.direct = socket, true
		}
	}
	c.wait.step = c.onReadable
	return c
}

// layer makes the reader read through TLS or compression from now on. Nothing
// may be buffered.
func (c *clientReader) layer(conn net.Conn) {
	c.conn, c.direct = conn, false
}

// consume drops n buffered bytes and returns the buffer when none are left.
func (c *clientReader) consume(n int) {
	c.r += n
	if c.r == c.w {
		c.release()
	}
}

// buffered is how many bytes were read and not yet consumed.
func (c *clientReader) buffered() int { return c.w - c.r }

func (c *clientReader) release() {
	if c.buf != nil {
		buffers.Put(c.buf)
		c.buf = nil
	}
	c.r, c.w = 0, 0
}

// fill makes at least n bytes available and returns them all; n must not be
// larger than bufferSize.
func (c *clientReader) fill(n int) ([]byte, error) {
	for c.w-c.r < n {
		if c.buf != nil && c.r+n > bufferSize {
			c.w = copy(c.buf[:], c.buf[c.r:c.w])
			c.r = 0
		}
		if err := c.read(); err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				err = c.woken()
			}
			if err != nil {
				return nil, err
			}
		}
	}
	return c.buf[c.r:c.w], nil
}

// read adds at least one byte to the buffer.
func (c *clientReader) read() error {
	if c.wait.inside {
		return c.readInside()
	}
	if c.buf == nil {
		first := c.first
		c.first = false
		if first {
			return c.readFirst()
		}
		c.buf = buffers.Get().(*buffer)
	}
	n, err := c.conn.Read(c.buf[c.w:])
	c.w += n
	if n > 0 {
		return nil
	}
	return err
}

// readFirst reads the first bytes of a command without holding a buffer of the
// pool while there are none. The layers over the socket hand out the rest without
// another system call.
func (c *clientReader) readFirst() error {
	var first [wire.HeaderLen]byte
	n, err := c.conn.Read(first[:])
	if n > 0 {
		c.buf = buffers.Get().(*buffer)
		c.r, c.w = 0, copy(c.buf[:], first[:n])
		return nil
	}
	c.first = true
	return err
}

// command is the first physical packet of a command and where the rest is.
type command struct {
	code   byte
	length int    // payload bytes of the first physical packet
	head   []byte // header and as much of the payload as is buffered
	whole  bool   // head holds the whole command
}

// payload returns the buffered part of the payload, command byte included.
func (c command) payload() []byte { return c.head[wire.HeaderLen:] }

// next waits for a command. The command's bytes stay buffered: they are dropped
// by consume, or passed on by the relay.
func (c *clientReader) next() (command, error) {
	c.first = !c.direct
	b, err := c.fill(wire.HeaderLen)
	if err != nil {
		return command{}, err
	}
	length, seq := wire.ParseHeader(b)
	if length == 0 || seq != 0 {
		return command{}, errMalformed
	}
	want := min(wire.HeaderLen+length, bufferSize)
	if b, err = c.fill(want); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return command{}, err
	}
	return newCommand(b[:want:want], length), nil
}

// newCommand makes a command of its first bytes.
func newCommand(head []byte, length int) command {
	return command{
		code:   head[wire.HeaderLen],
		length: length,
		head:   head,
		whole:  len(head) == wire.HeaderLen+length && length < wire.MaxPacketPayload,
	}
}

var errMalformed = errors.New("malformed packet")
