package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

const (
	// refusalWarnings is how many warnings about refused connections are logged in
	// one refusalWindow, of each kind.
	refusalWarnings = 5
	refusalWindow   = 10 * time.Second
)

var (
	errPlain     = errors.New("it sends in the clear, and this node wants TLS (its cluster.tls.mode is required)")
	errTLSOff    = errors.New("it speaks TLS, and this node does not (its cluster.tls.mode is off)")
	errHandshake = errors.New("TLS was not agreed on")
	errRemoved   = errors.New("the node of this certificate was removed from the cluster")
)

// bounded is a logger that drops what comes too often.
func bounded(logger *zap.Logger) *zap.Logger {
	return logger.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
		return zapcore.NewSamplerWithOptions(core, refusalWindow, refusalWarnings, 0)
	}))
}

// greet reads a new connection's preamble and hands it to its service.
func (m *Mux) greet(raw net.Conn) {
	conn, peer, err := m.secure(raw)
	var p preamble
	if err == nil {
		p, err = m.readPreamble(conn)
	}
	if err == nil {
		err = m.check(p, peer)
	}
	tracked, admitErr := m.admit(raw, conn, p.service, peer, err == nil)
	if err == nil {
		err = admitErr
	}
	if conn != nil && peer != "" {
		err = errors.Join(err, writeVerdict(conn, err))
	}
	if err != nil {
		m.refuse(raw, peer, err)
		if tracked != nil {
			tracked.Close() //nolint:errcheck // it is refused anyway
		}
		return
	}
	l := m.Listener(p.service).(*serviceListener)
	select {
	case l.conns <- tracked:
	case <-l.closing:
		tracked.Close() //nolint:errcheck // the service has gone
	case <-m.closing:
		tracked.Close() //nolint:errcheck // everything is being closed
	}
}

// secure looks at the first byte of a connection and speaks TLS if that does. Peer
// is the node that the certificate names, "" in the clear. The handshake and the
// preamble together may take PreambleTimeout.
func (m *Mux) secure(raw net.Conn) (conn net.Conn, peer string, err error) {
	if err := raw.SetDeadline(time.Now().Add(PreambleTimeout)); err != nil {
		return nil, "", err
	}
	first := make([]byte, 1)
	if _, err := io.ReadFull(raw, first); err != nil {
		return nil, "", err
	}
	conn = &resumedConn{Conn: raw, first: first}
	switch {
	case first[0] != recordHandshake && m.security != nil && m.security.Required:
		return nil, "", errors.Join(errPlain, sendAlert(raw, alertWantsTLS))
	case first[0] != recordHandshake:
		return conn, "", nil
	case m.security == nil:
		return nil, "", errors.Join(errTLSOff, sendAlert(raw, alertNoTLS))
	}
	secured := tls.Server(conn, m.security.forServer())
	if err := secured.HandshakeContext(context.Background()); err != nil { // the deadline bounds it
		return nil, "", fmt.Errorf("%w: %w", errHandshake, err)
	}
	peer, err = CertifiedNode(secured.ConnectionState().PeerCertificates[0])
	return &securedConn{Conn: secured, raw: raw}, peer, err
}

// sendAlert tells the other side in a way that both kinds of nodes understand. What
// it has sent is read, since a connection closed with something unread is reset, and
// the alert lost.
func sendAlert(raw net.Conn, alert []byte) error {
	if _, err := raw.Write(alert); err != nil {
		return err
	}
	half, ok := raw.(*net.TCPConn)
	if !ok {
		return nil
	}
	if err := half.CloseWrite(); err != nil {
		return err
	}
	if err := raw.SetReadDeadline(time.Now().Add(alertLinger)); err != nil {
		return err
	}
	_, err := io.CopyN(io.Discard, raw, alertLingerBytes)
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// How long, and for how many bytes, a refused connection is read.
const (
	alertLinger      = time.Second
	alertLingerBytes = 64 << 10
)

func (m *Mux) readPreamble(conn net.Conn) (preamble, error) {
	p, err := readPreamble(conn)
	if err != nil {
		return p, err
	}
	return p, conn.SetDeadline(time.Time{})
}

// refuse closes a connection and says why. Garbage is everyday; what an operator
// has to put right is warned of.
func (m *Mux) refuse(raw net.Conn, peer string, err error) {
	reason := refusal(err)
	m.metrics.refused.WithLabelValues(reason).Inc()
	fields := []zap.Field{zap.Stringer("remote", raw.RemoteAddr()), zap.String("reason", reason), zap.Error(err)}
	if peer != "" {
		fields = append(fields, zap.String("peer", peer))
	}
	switch reason {
	case "plain", "tls_off", "certificate", "removed", "tls":
		m.warnings.Warn("connection on the internode port refused: "+reason, fields...)
	default:
		m.logger.Debug("connection on the internode port refused", fields...)
	}
	raw.Close() //nolint:errcheck // it is refused anyway
}
