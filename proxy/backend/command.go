package backend

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/mysqlda/mysqlda/proxy/wire"
)

const (
	// maxAnswer bounds the answer to a command of our own in bytes. It is an OK
	// packet, which grows with what the server's session tracking reports.
	maxAnswer = 64 << 10
	// answerBuffer holds the answers to several commands, in bytes.
	answerBuffer = 512

	okPacket  = 0x00
	eofPacket = 0xfe // what COM_SET_OPTION is answered with
	errPacket = 0xff
)

var errUnexpectedAnswer = errors.New("unexpected answer")

// command is one of our own, and is answered by a single packet.
type command struct {
	code     byte
	argument string
}

// exchange sends the commands in one write and reads their answers. The first
// error packet gives a *RefusedError, and the commands behind it have been
// carried out all the same. The connection's deadline bounds it.
func (l *link) exchange(commands ...command) error {
	size := 0
	for _, c := range commands {
		size += wire.HeaderLen + 3 + len(c.argument)
	}
	packets := make([]byte, 0, size)
	for _, c := range commands {
		packets = wire.AppendCommand(packets, l.agreed, c.code, c.argument)
	}
	if _, err := l.conn.Write(packets); err != nil {
		return fmt.Errorf("server %s: send command %#x: %w", l.server, commands[0].code, err)
	}
	answers := bufio.NewReaderSize(l.conn, answerBuffer)
	for _, c := range commands {
		if err := readAnswer(answers); err != nil {
			var refused *wire.ServerError
			if errors.As(err, &refused) {
				return refusal(l.server, refused)
			}
			return fmt.Errorf("server %s: the answer to command %#x: %w", l.server, c.code, err)
		}
	}
	if n := answers.Buffered(); n > 0 {
		return fmt.Errorf("server %s: %w: %d bytes behind the last one", l.server, errUnexpectedAnswer, n)
	}
	return nil
}

// readAnswer reads one packet that says OK.
func readAnswer(from io.Reader) error {
	var header [wire.HeaderLen]byte
	if _, err := io.ReadFull(from, header[:]); err != nil {
		return err
	}
	length, _ := wire.ParseHeader(header[:])
	if length == 0 || length > maxAnswer {
		return fmt.Errorf("%w of %d bytes", errUnexpectedAnswer, length)
	}
	answer := make([]byte, length)
	if _, err := io.ReadFull(from, answer); err != nil {
		return err
	}
	switch answer[0] {
	case okPacket, eofPacket:
		return nil
	case errPacket:
		return wire.ParseServerError(answer)
	default:
		return fmt.Errorf("%w, it begins with %#x", errUnexpectedAnswer, answer[0])
	}
}

// refusal says which server sent an error packet.
func refusal(server string, e *wire.ServerError) *RefusedError {
	return &RefusedError{Server: server, Code: e.Code, State: e.State, Message: e.Message}
}
