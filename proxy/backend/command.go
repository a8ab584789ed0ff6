package backend

import (
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/mysqlda/mysqlda/proxy/wire"
)

// maxAnswer bounds the answer to a command of our own in bytes. It is an OK
// packet, which grows with what the server's session tracking reports.
const maxAnswer = 64 << 10

var errUnexpectedAnswer = errors.New("unexpected answer")

// exchange sends one command that is answered by a single packet, and reads
// that packet. An error packet gives a *RefusedError. The connection's deadline
// bounds it.
func exchange(conn net.Conn, server string, command byte, argument string) error {
	packet := make([]byte, wire.HeaderLen, wire.HeaderLen+1+len(argument))
	wire.PutHeader(packet, 1+len(argument), 0)
	packet = append(append(packet, command), argument...)
	if _, err := conn.Write(packet); err != nil {
		return fmt.Errorf("send command %#x: %w", command, err)
	}
	var header [wire.HeaderLen]byte
	if _, err := io.ReadFull(conn, header[:]); err != nil {
		return fmt.Errorf("read the answer to command %#x: %w", command, err)
	}
	length, _ := wire.ParseHeader(header[:])
	if length == 0 || length > maxAnswer {
		return fmt.Errorf("command %#x: %w of %d bytes", command, errUnexpectedAnswer, length)
	}
	answer := make([]byte, length)
	if _, err := io.ReadFull(conn, answer); err != nil {
		return fmt.Errorf("read the answer to command %#x: %w", command, err)
	}
	switch answer[0] {
	case okPacket, eofPacket:
		return nil
	case errPacket:
		return parseRefusal(answer, server)
	default:
		return fmt.Errorf("command %#x: %w, it begins with %#x", command, errUnexpectedAnswer, answer[0])
	}
}

const (
	okPacket  = 0x00
	eofPacket = 0xfe // what COM_SET_OPTION is answered with
)
