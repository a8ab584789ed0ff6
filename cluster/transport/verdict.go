package transport

import (
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// Inside TLS the accepting side answers the preamble, so that the dialling one can
// say why it is turned away: a zero byte, or the length of a text and the text.
const (
	verdictWelcome = 0
	maxVerdictText = 255
	// verdictTimeout bounds the sending of a verdict, or of an alert.
	verdictTimeout = 5 * time.Second
)

// errTurnedAway is what the other side says of a connection.
var errTurnedAway = errors.New("the node there refuses this one")

func writeVerdict(conn net.Conn, refusal error) error {
	verdict := []byte{verdictWelcome}
	if refusal != nil {
		text := refusal.Error()
		text = text[:min(len(text), maxVerdictText)]
		verdict = append([]byte{byte(len(text))}, text...)
	}
	if err := conn.SetWriteDeadline(time.Now().Add(verdictTimeout)); err != nil {
		return err
	}
	if _, err := conn.Write(verdict); err != nil {
		return err
	}
	return conn.SetWriteDeadline(time.Time{})
}

// readVerdict returns nil if the other side takes the connection.
func readVerdict(r io.Reader) error {
	var length [1]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return err
	}
	if length[0] == verdictWelcome {
		return nil
	}
	text := make([]byte, length[0])
	if _, err := io.ReadFull(r, text); err != nil {
		return err
	}
	return fmt.Errorf("%w: %q", errTurnedAway, text)
}
