package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"
)

// preambleWriteTimeout bounds the sending of the few bytes of a preamble.
const preambleWriteTimeout = 5 * time.Second

// dial opens a connection to another node's internode port and sends the
// preamble. The context bounds both. Want is the id of the node that must show its
// certificate there, "" for any node.
func (s *Security) dial(ctx context.Context, address string, p preamble, want string) (net.Conn, error) {
	head, err := p.append(nil)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return dialPlain(ctx, address, head)
	}
	conn, spoken, err := s.dialTLS(ctx, address, head, want)
	switch {
	case err == nil:
		return conn, nil
	case spoken || ctx.Err() != nil:
		return nil, err
	case s.Required:
		return nil, fmt.Errorf("%s: %w (%w)", address, errNoTLS, err)
	}
	return dialPlain(ctx, address, head)
}

func dialPlain(ctx context.Context, address string, head []byte) (net.Conn, error) {
	conn, err := connect(ctx, address)
	if err != nil {
		return nil, err
	}
	if err := sendPreamble(ctx, conn, head); err != nil {
		return nil, errors.Join(fmt.Errorf("greeting %s: %w", address, err), conn.Close())
	}
	return conn, nil
}

func connect(ctx context.Context, address string) (net.Conn, error) {
	dialer := net.Dialer{KeepAliveConfig: keepAlive}
	return dialer.DialContext(ctx, "tcp", address)
}

// dialTLS says by spoken whether somebody was reached who speaks TLS, or nobody was
// reached at all: then there is no use in trying without.
func (s *Security) dialTLS(ctx context.Context, address string, head []byte, want string) (conn net.Conn, spoken bool, err error) {
	raw, err := connect(ctx, address)
	if err != nil {
		return nil, true, err
	}
	// The context ends every read and write below.
	stop := context.AfterFunc(ctx, func() {
		raw.SetDeadline(time.Unix(1, 0)) //nolint:errcheck // it is only closed afterwards
	})
	heard := &listeningConn{Conn: raw}
	secured := tls.Client(heard, s.forClient(want))
	if err = secured.HandshakeContext(ctx); err == nil {
		if err = sendPreamble(ctx, secured, head); err == nil {
			err = readVerdict(secured)
		}
	}
	// Without stop the deadline of a context that has just ended would stay.
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		if remote := new(net.OpError); errors.As(err, &remote) && remote.Op == "remote error" && heard.first == recordHandshake {
			err = fmt.Errorf("the node there does not accept this node's certificate, its log says why: %w", err)
		}
		return nil, heard.first == recordHandshake, errors.Join(fmt.Errorf("greeting %s: %w", address, err), raw.Close())
	}
	return &securedConn{Conn: secured, raw: raw}, true, nil
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
