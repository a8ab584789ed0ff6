package wire

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
)

// ConnectConfig says how to log in to a server.
type ConnectConfig struct {
	// User and Password are the account. The password is never part of an error.
	User, Password string
	// Database is the default database; "" means none.
	Database string
	// Capabilities is what is asked for besides the flags of the login itself.
	// What the server does not offer is left out; Greeted is the place to insist.
	// Compression and ClientMultiFactorAuth must not be among them.
	Capabilities Capability
	// Collation is the number that is sent, whether the server knows it or not.
	Collation uint8
	// Attributes are connection attributes besides program_name, which is
	// "mysqlda" unless it is given here.
	Attributes map[string]string
	// TLS, unless nil, makes the connection encrypted before anything is told to
	// the server. It is used as it is, so it must hold a ServerName or check
	// certificates in its own way.
	TLS *tls.Config
	// Greeted, unless nil, is called with the server's greeting. An error ends
	// the login before anything was sent, and Connect returns it as it is.
	Greeted func(Greeting) error
}

// Peer is a server that has let us in.
type Peer struct {
	// Conn is what to go on with: a *tls.Conn if TLS was asked for, else the
	// connection that was given.
	Conn     net.Conn
	Greeting Greeting
	ThreadID uint32
	// Capabilities is what both sides agreed on, with the flags of the login.
	Capabilities Capability
	// Status is the status of the final OK, as Status* flags.
	Status uint16
}

// Errors of Connect; test with errors.Is.
var (
	// ErrNoTLS says that the server cannot encrypt although TLS was asked for.
	ErrNoTLS = errors.New("TLS is required, but the server offers none")
	// ErrAuthMethod says that the server wants a proof of identity that cannot be
	// given. The text says which.
	ErrAuthMethod = errors.New("cannot authenticate")
	// ErrNoServer says that the peer does not speak the protocol.
	ErrNoServer = errors.New("the server breaks the protocol")
)

const (
	// maxConnectPayload bounds the payload of every packet that a server sends
	// during the login, in bytes. The largest honest one is an error or a public
	// key.
	maxConnectPayload = 16 << 10
	// maxAuthSteps bounds the packets from the login to the final OK or ERR that
	// a server may send.
	maxAuthSteps = 8
)

// Connect logs in to a server over a fresh connection. It reads no byte past the
// final OK (under TLS: no byte of plaintext), holds nothing back, and starts no
// goroutine. It sets no deadline: the caller bounds it by those of conn, and
// closes conn when there was an error.
//
// Errors: *ServerError when the server said no; ErrNoTLS; ErrAuthMethod;
// ErrNoServer; what Greeted returned; what TLS or the network said.
func Connect(conn net.Conn, cfg ConnectConfig) (*Peer, error) {
	c := connecting{conn: conn, cfg: cfg}
	if err := c.readGreeting(); err != nil {
		return nil, err
	}
	if cfg.Greeted != nil {
		if err := cfg.Greeted(c.hello.Greeting); err != nil {
			return nil, err
		}
	}
	c.agreed = c.agree()
	if cfg.TLS != nil {
		if err := c.startTLS(); err != nil {
			return nil, err
		}
	}
	if err := c.sendLogin(); err != nil {
		return nil, err
	}
	status, err := c.authenticate()
	if err != nil {
		return nil, err
	}
	return &Peer{
		Conn: c.conn, Greeting: c.hello.Greeting, ThreadID: c.hello.threadID,
		Capabilities: c.agreed, Status: status,
	}, nil
}

// connecting is one login under way.
type connecting struct {
	conn   net.Conn
	cfg    ConnectConfig
	hello  hello
	agreed Capability
	seq    uint8 // of the next packet, in either direction

	plugin   string // whose answer the server has, or waits for
	salt     []byte
	awaitKey bool // the server's public key was asked for
}

func (c *connecting) readGreeting() error {
	payload, err := c.read()
	if err != nil {
		return fmt.Errorf("read the greeting: %w", err)
	}
	if payload[0] == markErr {
		return ParseServerError(payload)
	}
	c.hello, err = parseHello(payload)
	return err
}

// startTLS asks for TLS and goes on over it. The server's name and certificate
// are the configuration's business.
func (c *connecting) startTLS() error {
	if !c.hello.Capabilities.Has(ClientSSL) {
		return ErrNoTLS
	}
	if err := c.write(c.appendLoginHead(nil)); err != nil {
		return fmt.Errorf("ask for TLS: %w", err)
	}
	secure := tls.Client(c.conn, c.cfg.TLS)
	if err := secure.Handshake(); err != nil {
		return fmt.Errorf("TLS: %w", err)
	}
	c.conn = secure
	return nil
}

func (c *connecting) overTLS() bool { return c.cfg.TLS != nil }

// write sends a payload as one packet.
func (c *connecting) write(payload []byte) error {
	packet, start := beginPacket(make([]byte, 0, HeaderLen+len(payload)))
	_, err := c.conn.Write(endPacket(append(packet, payload...), start, c.seq))
	c.seq++
	return err
}

// read returns the payload of the next packet, which is never empty, and reads no
// byte more. An ERR packet may have any sequence number: servers that turn a
// connection down do not agree on one.
func (c *connecting) read() ([]byte, error) {
	var head [HeaderLen]byte
	if _, err := io.ReadFull(c.conn, head[:]); err != nil {
		return nil, err
	}
	length, seq := ParseHeader(head[:])
	if length == 0 || length > maxConnectPayload {
		return nil, fmt.Errorf("%w: a packet of %d bytes", ErrNoServer, length)
	}
	payload := make([]byte, length)
	if _, err := io.ReadFull(c.conn, payload); err != nil {
		return nil, err
	}
	if seq != c.seq && payload[0] != markErr {
		return nil, fmt.Errorf("%w: sequence number %d instead of %d", ErrNoServer, seq, c.seq)
	}
	c.seq = seq + 1
	return payload, nil
}
