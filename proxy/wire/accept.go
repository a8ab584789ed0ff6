package wire

import (
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
	// Capabilities is what is offered: OfferedCapabilities or a part of it that
	// keeps the flags of the handshake itself.
	Capabilities Capability
	// Collation is the number of the default collation in the greeting.
	Collation uint8
	// Lookup returns the clear password of a user. It is called once.
	Lookup func(user string) (password string, ok bool)
	// Timeout bounds the whole handshake. It must be positive.
	Timeout time.Duration
}

// Client is who came through the handshake, and what was agreed.
type Client struct {
	User         string
	Database     string // "" when the client named none
	Capabilities Capability
	Collation    uint8
	Attributes   map[string]string // connection attributes; nil when there are none
	Sequence     uint8             // of the next packet to write: the final OK or ERR
}

// AuthError says that the user is unknown or the password wrong; which of the
// two is not told. The caller answers with ERR 1045 and closes.
type AuthError struct {
	User          string
	UsingPassword bool  // the client sent one
	Sequence      uint8 // of the ERR packet
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
// final OK or ERR, which the caller writes with the sequence number that Client
// or AuthError gives. It never reads past the packet that it needs, so what the
// client sends ahead stays in conn. No byte of a password is kept.
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
	client, err := h.run()
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
	conn net.Conn
	cfg  AcceptConfig
	seq  uint8 // of the next packet, in either direction
}

func (h *handshake) run() (*Client, error) {
	salt := newSalt()
	if err := h.write(appendGreeting(nil, h.cfg, salt)); err != nil {
		return nil, fmt.Errorf("send greeting: %w", err)
	}
	payload, err := h.read()
	if err != nil {
		return nil, fmt.Errorf("read login: %w", err)
	}
	login, err := parseLogin(payload)
	if err != nil {
		return nil, h.refuse(err)
	}
	if err := h.authenticate(login, salt); err != nil {
		return nil, h.refuse(err)
	}
	return &Client{
		User:         login.user,
		Database:     login.database,
		Capabilities: login.capabilities & h.cfg.Capabilities,
		Collation:    login.collation,
		Attributes:   login.attributes,
		Sequence:     h.seq,
	}, nil
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
