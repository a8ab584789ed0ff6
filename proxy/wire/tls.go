package wire

import (
	"crypto/tls"
	"fmt"
	"net"
)

// startTLS serves a client that wants TLS. Its request was read to the last byte
// and no further, so what follows it is TLS's. The deadline of the handshake is
// on conn and holds here too. Errors: *RefusedError; any other is TLS's.
func (h *handshake) startTLS(conn net.Conn, request []byte) (*tls.Conn, error) {
	if h.cfg.TLS == nil {
		return nil, &RefusedError{
			codeHandshakeError, stateHandshakeError,
			"this server offers no TLS; connect without it (--skip-ssl, sslMode=DISABLED)",
		}
	}
	if len(request) != tlsRequestLen {
		return nil, &RefusedError{
			codeHandshakeError, stateHandshakeError,
			"the client asks for TLS and sends its login without",
		}
	}
	secure := tls.Server(conn, h.cfg.TLS)
	if err := secure.Handshake(); err != nil {
		return nil, fmt.Errorf("TLS handshake: %w", err)
	}
	h.conn, h.agreed.TLS = secure, true
	return secure, nil
}

// verifiedSubject names the client by its certificate: "" when it has shown none
// or nobody has verified it.
func verifiedSubject(state tls.ConnectionState) string {
	if len(state.VerifiedChains) == 0 {
		return ""
	}
	return state.PeerCertificates[0].Subject.String()
}
