package fakeserver

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
)

// maxPayload is the largest payload of one physical packet, in bytes.
const maxPayload = 1<<24 - 1

// maxRead bounds what is read of one packet that a client sends, in bytes.
const maxRead = 64 << 20

// Conn is a connection as steps see it. It is used by one goroutine.
type Conn struct {
	// Number counts the server's connections from 1.
	Number int
	// Greeting is what was sent; Login what the client answered. They are set by
	// Greet and ReadLogin.
	Greeting Greeting
	Login    Login

	raw  net.Conn // the TCP connection
	conn net.Conn // raw, or TLS on top of it
	tls  *tls.Config
	seq  uint8 // of the next packet, in either direction
}

// Capabilities are those that both sides have shown.
func (c *Conn) Capabilities() uint64 { return c.Greeting.Capabilities & c.Login.Capabilities }

// OverTLS reports whether the client has switched to TLS.
func (c *Conn) OverTLS() bool { return c.conn != c.raw }

// Read reads one logical packet and checks how it is numbered.
func (c *Conn) Read() ([]byte, error) {
	var payload []byte
	for {
		var header [4]byte
		if _, err := io.ReadFull(c.conn, header[:]); err != nil {
			return nil, fmt.Errorf("read a packet: %w", err)
		}
		length := int(header[0]) | int(header[1])<<8 | int(header[2])<<16
		if header[3] != c.seq {
			return nil, fmt.Errorf("the client numbers a packet %d instead of %d", header[3], c.seq)
		}
		c.seq++
		if len(payload)+length > maxRead {
			return nil, errors.New("the client sends a packet without an end")
		}
		at := len(payload)
		payload = append(payload, make([]byte, length)...)
		if _, err := io.ReadFull(c.conn, payload[at:]); err != nil {
			return nil, fmt.Errorf("read %d bytes of a packet: %w", length, err)
		}
		if length < maxPayload {
			return payload, nil
		}
	}
}

// ReadCommand reads a command: a packet with which counting begins anew.
func (c *Conn) ReadCommand() ([]byte, error) {
	c.seq = 0
	payload, err := c.Read()
	if err == nil && len(payload) == 0 {
		return nil, errors.New("the client sends an empty command")
	}
	return payload, err
}

// Write writes payloads as packets with the next numbers, in one write. One that
// is too long for a packet becomes several.
func (c *Conn) Write(payloads ...[]byte) error {
	var out []byte
	for _, payload := range payloads {
		for {
			n := min(len(payload), maxPayload)
			out = append(append(out, Header(n, c.seq)...), payload[:n]...)
			c.seq++
			payload = payload[n:]
			if n < maxPayload {
				break
			}
		}
	}
	return c.WriteRaw(out)
}

// WriteRaw writes bytes as they are.
func (c *Conn) WriteRaw(b []byte) error {
	if _, err := c.conn.Write(b); err != nil {
		return fmt.Errorf("write %d bytes: %w", len(b), err)
	}
	return nil
}

// Header is a packet header. length is cut to 24 bits.
func Header(length int, seq uint8) []byte {
	return []byte{byte(length), byte(length >> 8), byte(length >> 16), seq}
}

// hungUp reports whether err is how a client that has gone looks.
func hungUp(err error) bool {
	var network *net.OpError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.As(err, &network) && !network.Timeout()
}
