package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// preambleWriteTimeout bounds the sending of the few bytes of a preamble.
const preambleWriteTimeout = 5 * time.Second

// dial opens a connection to another node's internode port and sends the
// preamble. The context bounds both.
func dial(ctx context.Context, address string, p preamble) (net.Conn, error) {
	head, err := p.append(nil)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{KeepAliveConfig: keepAlive}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	if err := sendPreamble(ctx, conn, head); err != nil {
		return nil, errors.Join(fmt.Errorf("greeting %s: %w", address, err), conn.Close())
	}
	return conn, nil
}

func sendPreamble(ctx context.Context, conn net.Conn, head []byte) error {
	deadline := time.Now().Add(preambleWriteTimeout)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	if err := conn.SetWriteDeadline(deadline); err != nil {
		return err
	}
	if _, err := conn.Write(head); err != nil {
		return err
	}
	return conn.SetWriteDeadline(time.Time{})
}
