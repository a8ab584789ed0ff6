package backend

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/mysqlda/mysqlda/proxy/wire"
)

const (
	// maxGreeting bounds a server's first packet in bytes. A real one has about
	// a hundred.
	maxGreeting = 4 << 10

	protocolVersion = 10
	errPacket       = 0xff
)

var errBadGreeting = errors.New("it does not greet as a MySQL server does")

// greeting is what a server says of itself before the login.
type greeting struct {
	packet       []byte // with its header, as it came
	version      string
	capabilities wire.Capability
}

// readGreeting reads a server's first packet and not a byte more. A server that
// turns the connection down gives a *RefusedError.
func readGreeting(r io.Reader, server string) (greeting, error) {
	packet := make([]byte, wire.HeaderLen, 128)
	if _, err := io.ReadFull(r, packet); err != nil {
		return greeting{}, fmt.Errorf("read the greeting: %w", err)
	}
	length, _ := wire.ParseHeader(packet)
	if length == 0 || length > maxGreeting {
		return greeting{}, errBadGreeting
	}
	packet = append(packet, make([]byte, length)...)
	if _, err := io.ReadFull(r, packet[wire.HeaderLen:]); err != nil {
		return greeting{}, fmt.Errorf("read the greeting: %w", err)
	}
	payload := packet[wire.HeaderLen:]
	if payload[0] == errPacket {
		return greeting{}, parseRefusal(payload, server)
	}
	g, err := parseGreeting(payload)
	g.packet = packet
	return g, err
}

// parseGreeting reads a greeting of protocol version 10: version, end of
// string, 4 bytes thread id, 8 bytes scramble, 1 filler, 2 bytes capabilities,
// 1 collation, 2 status, the 2 upper bytes of the capabilities. The rest is
// go-mysql's to read.
func parseGreeting(payload []byte) (greeting, error) {
	if payload[0] != protocolVersion {
		return greeting{}, errBadGreeting
	}
	version, rest, ok := bytes.Cut(payload[1:], []byte{0})
	if !ok || len(rest) < 20 {
		return greeting{}, errBadGreeting
	}
	lower := binary.LittleEndian.Uint16(rest[13:])
	upper := binary.LittleEndian.Uint16(rest[18:])
	return greeting{
		version:      string(version),
		capabilities: wire.Capability(lower) | wire.Capability(upper)<<16,
	}, nil
}

// parseRefusal reads an error packet, with or without SQLSTATE: before the
// login some servers give one and some do not.
func parseRefusal(payload []byte, server string) error {
	if len(payload) < 3 {
		return errors.New("a broken error packet")
	}
	refused := &RefusedError{Server: server, Code: binary.LittleEndian.Uint16(payload[1:])}
	text := payload[3:]
	if len(text) >= 6 && text[0] == '#' {
		refused.State, text = string(text[1:6]), text[6:]
	}
	refused.Message = string(text)
	return refused
}
