package fakeserver

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
)

// Login is what a client answers to the greeting.
type Login struct {
	Capabilities uint64
	MaxPacket    uint32
	Collation    uint8
	User         string
	Auth         []byte
	Database     string
	Plugin       string
	Attributes   map[string]string
}

// sslRequestLen is the length of a client's request for TLS, which is the
// beginning of a login.
const sslRequestLen = 4 + 4 + 1 + 23

// ReadLogin reads the client's answer to the greeting, after switching to TLS
// where it asks for that. checks look at it; an error of theirs fails the test.
func ReadLogin(checks ...func(Login) error) Step {
	return func(c *Conn) error {
		payload, err := c.Read()
		if err != nil {
			return fmt.Errorf("wait for the login: %w", err)
		}
		if len(payload) == sslRequestLen && uint64(binary.LittleEndian.Uint32(payload))&SSL != 0 {
			if payload, err = c.startTLS(); err != nil {
				return err
			}
		}
		if c.Login, err = parseLogin(payload); err != nil {
			return err
		}
		for _, check := range checks {
			if err := check(c.Login); err != nil {
				return fmt.Errorf("login: %w", err)
			}
		}
		return nil
	}
}

// startTLS switches to TLS and reads the login that follows.
func (c *Conn) startTLS() ([]byte, error) {
	if c.tls == nil {
		return nil, errors.New("the client asks for TLS that was not offered")
	}
	secure := tls.Server(c.raw, c.tls)
	if err := secure.Handshake(); err != nil {
		return nil, fmt.Errorf("switch to TLS: %w", err)
	}
	c.conn = secure
	payload, err := c.Read()
	if err != nil {
		return nil, fmt.Errorf("wait for the login over TLS: %w", err)
	}
	return payload, nil
}

// parseLogin reads a login of a client that speaks the protocol of 4.1.
func parseLogin(payload []byte) (Login, error) {
	f := fields{b: payload}
	l := Login{Capabilities: uint64(f.uint32()), MaxPacket: f.uint32(), Collation: f.uint8()}
	f.take(19)
	extended := f.uint32()
	if l.Capabilities&LongPassword == 0 {
		l.Capabilities |= uint64(extended) << 32
	}
	l.User = f.text()
	if l.Capabilities&PluginAuthLenencData != 0 {
		l.Auth = f.lenencText()
	} else {
		l.Auth = f.take(int(f.uint8()))
	}
	if l.Capabilities&ConnectWithDB != 0 {
		l.Database = f.text()
	}
	if l.Capabilities&PluginAuth != 0 {
		l.Plugin = f.text()
	}
	if l.Capabilities&ConnectAttrs != 0 {
		l.Attributes = make(map[string]string)
		for all := (fields{b: f.lenencText()}); len(all.b) > 0 && !all.short; {
			name := string(all.lenencText())
			l.Attributes[name] = string(all.lenencText())
		}
	}
	if f.short {
		return Login{}, fmt.Errorf("the login %q is too short", payload)
	}
	return l, nil
}

// fields takes a payload apart from the front.
type fields struct {
	b     []byte
	short bool // it ended too early
}

func (f *fields) take(n int) []byte {
	if n > len(f.b) {
		f.b, f.short = nil, true
		return make([]byte, min(n, 8))
	}
	out := f.b[:n]
	f.b = f.b[n:]
	return out
}

func (f *fields) uint8() uint8   { return f.take(1)[0] }
func (f *fields) uint32() uint32 { return binary.LittleEndian.Uint32(f.take(4)) }

func (f *fields) text() string {
	for i, b := range f.b {
		if b == 0 {
			out := string(f.b[:i])
			f.b = f.b[i+1:]
			return out
		}
	}
	out := string(f.b)
	f.b = nil
	return out
}

// lenencText takes a string behind its length, which is below 65536.
func (f *fields) lenencText() []byte {
	n := int(f.uint8())
	if n == 0xfc {
		n = int(binary.LittleEndian.Uint16(f.take(2)))
	}
	return f.take(n)
}
