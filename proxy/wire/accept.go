package wire

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// AcceptConfig says how a client is received.
type AcceptConfig struct {
	// ServerVersion is what the greeting says, e.g. "8.0.36-mysqlda".
	ServerVersion string
	// ConnectionID is the thread id that the client will kill by.
	ConnectionID uint32
	// Capabilities is what is offered: a part of SupportedCapabilities that keeps
	// the flags of the handshake itself. Two flags are set or cleared by Accept:
	// ClientLongPassword, which rules out MariaDB's extended capabilities, and
	// ClientSSL.
	Capabilities Capability
	// Collation is the number of the default collation in the greeting.
	Collation uint8
	// Plugin is the authentication plugin that the greeting names:
	// "mysql_native_password", which "" stands for, or "caching_sha2_password".
	// Clients may use others all the same.
	Plugin string
	// Lookup returns the verifiers of the passwords of a user, any of which lets it
	// in; none for a user that is not let in. It is called once.
	Lookup func(user string) []Verifier
	// Timeout bounds the whole handshake, TLS included. It must be positive.
	Timeout time.Duration
	// TLS is what TLS is served with, client certificates included; nil: none is
	// offered.
	TLS *tls.Config
	// RequireTLS refuses clients that come without TLS.
	RequireTLS bool
	// PasswordKey is shared by all handshakes. Where it is nil, a wrong scramble
	// of caching_sha2_password is final, unless there is TLS.
	PasswordKey *PasswordKey
}

// offer is what the greeting offers.
func (c *AcceptConfig) offer() Capability {
	offer := c.Capabilities.offer() &^ ClientSSL
	if c.TLS != nil {
		offer |= ClientSSL
	}
	return offer
}

// plugin is the one that the greeting names.
func (c *AcceptConfig) plugin() string {
	if c.Plugin == pluginCachingSHA2 {
		return pluginCachingSHA2
	}
	return pluginNative
}

// Agreed is what has to be kept of a handshake for a later ChangeUser.
type Agreed struct {
	Capabilities Capability
	Salt         Salt // the last that the client was given
	TLS          bool
}

// Client is who came through the handshake, and what was agreed.
type Client struct {
	Agreed
	// Conn is what to go on with: the connection that was accepted or, with TLS,
	// the *tls.Conn on top of it.
	Conn net.Conn
	// Compression is how everything behind the final OK is compressed; see
	// Compress.
	Compression Compression
	// Certificate is the subject of the certificate that the client has shown,
	// as in "CN=calvin,O=shop"; "" unless it was verified.
	Certificate string
	User        string
	Database    string // "" when the client named none
	Collation   uint8
	Attributes  map[string]string // connection attributes; nil when there are none
	Sequence    uint8             // of the next packet to write: the final OK or ERR
}

// AuthError says that the user is unknown or the password wrong; which of the
// two is not told. The caller answers with ERR 1045 and closes.
type AuthError struct {
	User          string
	UsingPassword bool     // the client sent one
	Sequence      uint8    // of the ERR packet
	Conn          net.Conn // where to send it, as Client.Conn; nil from ChangeUser
}

func (e *AuthError) Error() string {
	using := "NO"
	if e.UsingPassword {
		using = "YES"
	}
	return fmt.Sprintf("access denied for user %q (using password: %s)", e.User, using)
}

// RefusedError says that the client cannot be served whoever it is: it lacks
// what we need or insists on what we do not offer. It has already been told so
// with an ERR packet; the caller closes.
type RefusedError struct {
	Code    uint16
	State   string
	Message string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("client refused: %s (%d)", e.Message, e.Code)
}

// maxHandshakePayload bounds the payload of every packet that a client sends
// during the handshake, in bytes.
const maxHandshakePayload = 64 << 10

// Accept greets a client and checks its password, up to and not including the
// final OK or ERR, which the caller writes to the Conn and with the sequence
// number that Client or AuthError gives. It never reads past the packet that it
// needs, so what the client sends ahead stays in Conn. No byte of a password is
// kept.
//
// Errors: *AuthError, *RefusedError; any other means that the connection failed,
// timed out or speaks no MySQL, and is to be closed. The deadline of Timeout
// stays on conn when there was an error, so that a last ERR cannot block; it is
// cleared on success.
func Accept(conn net.Conn, cfg AcceptConfig) (*Client, error) {
	if err := conn.SetDeadline(time.Now().Add(cfg.Timeout)); err != nil {
		return nil, fmt.Errorf("set handshake deadline: %w", err)
	}
	h := handshake{conn: conn, cfg: cfg}
	client, err := h.run(conn)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return nil, fmt.Errorf("clear handshake deadline: %w", err)
	}
	return client, nil
}

// handshake is one handshake under way.
type handshake struct {
	conn   io.ReadWriter
	cfg    AcceptConfig
	seq    uint8 // of the next packet, in either direction
	agreed Agreed
	again  bool // a change of user: the salt is not fresh
}

func (h *handshake) run(conn net.Conn) (*Client, error) {
	h.agreed.Salt = newSalt()
	if err := h.write(appendGreeting(nil, &h.cfg, &h.agreed.Salt)); err != nil {
		return nil, fmt.Errorf("send greeting: %w", err)
	}
	payload, err := h.read()
	if err != nil {
		return nil, fmt.Errorf("read login: %w", err)
	}
	var certificate string
	if requestsTLS(payload) {
		secure, err := h.startTLS(conn, payload)
		if err != nil {
			return nil, h.refuse(err)
		}
		conn, certificate = secure, verifiedSubject(secure.ConnectionState())
		if payload, err = h.read(); err != nil {
			return nil, fmt.Errorf("read login: %w", err)
		}
	}
	login, err := parseLogin(payload)
	if err == nil && h.cfg.RequireTLS && !h.agreed.TLS {
		err = &RefusedError{codeTLSRequired, stateTLSRequired, "connections without TLS are refused by this server"}
	}
	if err != nil {
		return nil, h.refuse(err)
	}
	h.agreed.Capabilities = login.capabilities & h.cfg.offer()
	if err := h.authenticate(login); err != nil {
		var denied *AuthError
		if errors.As(err, &denied) {
			denied.Conn = conn
		}
		return nil, err
	}
	client := h.client(login)
	client.Conn, client.Certificate = conn, certificate
	client.Compression = agreedCompression(h.agreed.Capabilities, login.zstdLevel)
	return client, nil
}

func (h *handshake) client(l *login) *Client {
	return &Client{
		Agreed:     h.agreed,
		User:       l.user,
		Database:   l.database,
		Collation:  l.collation,
		Attributes: l.attributes,
		Sequence:   h.seq,
	}
}

// refuse tells the client when err is a RefusedError, and returns err.
func (h *handshake) refuse(err error) error {
	refused, ok := err.(*RefusedError)
	if !ok {
		return err
	}
	if werr := h.write(AppendErr(nil, h.seq, refused.Code, refused.State, refused.Message)); werr != nil {
		return fmt.Errorf("%w; telling it failed: %w", refused, werr)
	}
	return refused
}

// write sends one whole packet and counts it.
func (h *handshake) write(packet []byte) error {
	_, err := h.conn.Write(packet)
	h.seq++
	return err
}

// writePayload sends one packet with that payload.
func (h *handshake) writePayload(payload ...byte) error {
	packet, start := beginPacket(nil)
	return h.write(endPacket(append(packet, payload...), start, h.seq))
}

// read returns the payload of one packet, and reads no byte more.
func (h *handshake) read() ([]byte, error) {
	var head [HeaderLen]byte
	if _, err := io.ReadFull(h.conn, head[:]); err != nil {
		return nil, err
	}
	length, seq := ParseHeader(head[:])
	if length > maxHandshakePayload {
		return nil, fmt.Errorf("packet of %d bytes, at most %d are allowed", length, maxHandshakePayload)
	}
	if seq != h.seq {
		return nil, fmt.Errorf("sequence number %d instead of %d", seq, h.seq)
	}
	h.seq++
	payload := make([]byte, length)
	if _, err := io.ReadFull(h.conn, payload); err != nil {
		return nil, err
	}
	return payload, nil
}
