package wire

import (
	"errors"
	"fmt"
	"io"
	"net"
)

// Read gives what the frames of the client hold.
func (c *compressedConn) Read(b []byte) (int, error) {
	if len(b) == 0 || c.readErr != nil {
		return 0, c.readErr
	}
	n, err := c.read(b)
	if err != nil && (!isTimeout(err) || c.frame != nil && c.frame.began) {
		c.readErr = err
		c.drop()
	}
	return n, err
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

func (c *compressedConn) read(b []byte) (int, error) {
	if c.stored == 0 && c.frame == nil {
		if err := c.open(); err != nil {
			return 0, err
		}
	}
	if c.stored > 0 {
		n, err := c.Conn.Read(b[:min(len(b), c.stored)])
		c.stored -= n
		if n > 0 {
			return n, nil // an error will be met again
		}
		return 0, inside(err)
	}
	n, err := c.frame.read(b)
	if err == nil && c.frame.rest == 0 {
		c.drop()
	}
	return n, err
}

// drop lets go of the compressed payload in hand.
func (c *compressedConn) drop() {
	if c.frame != nil {
		c.frame.release()
		c.frame = nil
	}
}

// open reads the header of the next frame.
func (c *compressedConn) open() error {
	for c.headLen < compressedHeaderLen {
		n, err := c.Conn.Read(c.head[c.headLen:])
		c.headLen += n
		if err != nil && c.headLen < compressedHeaderLen {
			if c.headLen > 0 {
				return inside(err)
			}
			return err
		}
	}
	c.headLen = 0
	length, seq := ParseHeader(c.head[:])
	expanded := int(c.head[4]) | int(c.head[5])<<8 | int(c.head[6])<<16
	// Number 0 begins a command.
	if want := uint8(c.seq.Load()); seq != want && seq != 0 {
		return fmt.Errorf("%w: compressed frame %d instead of %d", errMalformed, seq, want)
	}
	if length == 0 {
		return fmt.Errorf("%w: compressed frame without a payload", errMalformed)
	}
	c.seq.Store(uint32(seq) + 1)
	if expanded == 0 {
		c.stored = length
		return nil
	}
	c.frame = expand(c.Conn, c.compression.Algorithm, length, expanded)
	return nil
}

// inside is what an error means in the middle of a frame.
func inside(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
