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
	conn net.Conn
	raw  syscall.RawConn // nil: conn offers none, a buffer is held while waiting
	buf  *buffer         // nil while nothing is buffered
	r, w int             // buf[r:w] was read and not yet consumed

	// retryTimeout is called when a read hits the deadline by which a graceful
	// stop wakes idle sessions; true means that the read goes on.
	retryTimeout func() bool

	readable func(fd uintptr) bool // tryRead: bound once, not at every read
	readErr  error                 // what it met
}

func newClientReader(conn net.Conn, retryTimeout func() bool) *clientReader {
	c := &clientReader{conn: conn, retryTimeout: retryTimeout}
	if sc, ok := conn.(syscall.Conn); ok {
		if raw, err := sc.SyscallConn(); err == nil {
			c.raw = raw
		}
	}
	c.readable = c.tryRead
	return c
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
			if errors.Is(err, os.ErrDeadlineExceeded) && c.retryTimeout() {
				continue
			}
			return nil, err
		}
	}
	return c.buf[c.r:c.w], nil
}

// read adds at least one byte to the buffer.
func (c *clientReader) read() error {
	if c.buf == nil && c.raw != nil {
		return c.readIdle()
	}
	if c.buf == nil {
		c.buf = buffers.Get().(*buffer)
	}
	n, err := c.conn.Read(c.buf[c.w:])
	c.w += n
	if n > 0 {
		return nil
	}
	return err
}

// readIdle waits without a buffer and takes one when there are bytes to read.
func (c *clientReader) readIdle() error {
	err := c.raw.Read(c.readable)
	switch {
	case err != nil:
		return err
	case c.readErr != nil:
		return os.NewSyscallError("read", c.readErr)
	case c.w == 0:
		return io.EOF
	}
	return nil
}

// tryRead reads into a fresh buffer and reports whether there was anything to
// read: bytes, the end, or an error.
func (c *clientReader) tryRead(fd uintptr) bool {
	buf := buffers.Get().(*buffer)
	n, err := syscall.Read(int(fd), buf[:])
	for err == syscall.EINTR {
		n, err = syscall.Read(int(fd), buf[:])
	}
	c.readErr = err
	if n <= 0 {
		buffers.Put(buf)
		return err != syscall.EAGAIN
	}
	c.buf, c.r, c.w = buf, 0, n
	return true
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
	return command{
		code:   b[wire.HeaderLen],
		length: length,
		head:   b[:want:want],
		whole:  want == wire.HeaderLen+length && length < wire.MaxPacketPayload,
	}, nil
}

var errMalformed = errors.New("malformed packet")
