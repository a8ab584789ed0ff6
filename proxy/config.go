package proxy

import (
	"cmp"
	"crypto/tls"
	"errors"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/proxy/backend"
	"github.com/mysqlda/mysqlda/proxy/tracing"
)

// Defaults of a Config.
const (
	DefaultMaxSessions      = 10_000
	DefaultHandshakeTimeout = 10 * time.Second
	DefaultAcquireTimeout   = 10 * time.Second
	DefaultIdleTimeout      = 8 * time.Hour
	DefaultStallTimeout     = time.Minute
	DefaultParkAfter        = 5 * time.Second
	DefaultExpelTimeout     = 30 * time.Second
	// DefaultMaxAllowedPacket is the largest that any server allows.
	DefaultMaxAllowedPacket = 1 << 30
	// DefaultServerVersion is what the greeting says until the cluster knows a
	// server's. "5.5.5-" is how MariaDB 10 and later present themselves to clients
	// that expect one digit.
	DefaultServerVersion = "5.5.5-10.11.0-MariaDB-mysqlda"
	// DefaultCollation is utf8mb4_general_ci, known to all servers.
	DefaultCollation = 45
)

// Config says how a Server works. Zero values mean the defaults above.
type Config struct {
	Directory  Directory             // required
	Backends   *backend.Manager      // required
	Logger     *zap.Logger           // required
	Registerer prometheus.Registerer // required

	// Reports are what SHOW MYSQLDA shows besides the reports that the proxy
	// makes itself, by their names in capitals. Who may see one is in the table of
	// forms.
	Reports map[string]Reporter
	// Console carries out the statements that begin with MYSQLDA. Nil: there are none.
	Console Console

	// TLS is offered to clients, unless nil. It also says what is asked of their
	// certificates.
	TLS        *tls.Config
	RequireTLS bool // clients without TLS are refused
	// ProxyProtocolFrom are the addresses whose connections begin with a PROXY
	// protocol header, version 1 or 2, and which are believed what it says.
	ProxyProtocolFrom []netip.Prefix

	MaxSessions int
	// MaxSessionsPerUser bounds the sessions of one user, MaxSessionsPerLibrary
	// those that are in one library; 0 means no bound of its own.
	MaxSessionsPerUser    int
	MaxSessionsPerLibrary int

	HandshakeTimeout time.Duration // for a client to log in
	AcquireTimeout   time.Duration // for a statement to wait for a backend connection
	// IdleTimeout is how long a session may be idle before it is ended. It is
	// looked at once a second at most.
	IdleTimeout time.Duration
	// StallTimeout is how long a client may keep to itself what it still owes of a
	// command or of a file that it has begun. A backend connection may wait for it.
	StallTimeout time.Duration
	// ParkAfter is how long a session may be idle before it gives a backend
	// connection back to which nothing anchors it. Negative means never.
	ParkAfter time.Duration
	// ExpelTimeout is how long a session whose user was removed or locked may take to
	// come to the end of its transaction.
	ExpelTimeout time.Duration
	// SlowStatement is from which time on a statement is logged as a slow one; 0
	// means never.
	SlowStatement time.Duration
	// StatementDigests is how many digests statements are counted by at most, with
	// their times, bytes and errors; 0 means that they are not. A digest takes about
	// 2 KiB.
	StatementDigests int
	// Tracer, unless nil, gets the spans of statements that say that they are part of
	// a trace.
	Tracer *tracing.Tracer
	// MaxAllowedPacket bounds one command of a client in bytes. What a server
	// allows may be less.
	MaxAllowedPacket int64
}

func (c Config) withDefaults() (Config, error) {
	if c.Directory == nil || c.Backends == nil || c.Logger == nil || c.Registerer == nil {
		return c, errors.New("proxy: Directory, Backends, Logger and Registerer are required")
	}
	if c.RequireTLS && c.TLS == nil {
		return c, errors.New("proxy: TLS cannot be required without being offered")
	}
	c.MaxSessions = cmp.Or(c.MaxSessions, DefaultMaxSessions)
	c.HandshakeTimeout = cmp.Or(c.HandshakeTimeout, DefaultHandshakeTimeout)
	c.AcquireTimeout = cmp.Or(c.AcquireTimeout, DefaultAcquireTimeout)
	c.IdleTimeout = cmp.Or(c.IdleTimeout, DefaultIdleTimeout)
	c.StallTimeout = cmp.Or(c.StallTimeout, DefaultStallTimeout)
	c.ParkAfter = cmp.Or(c.ParkAfter, DefaultParkAfter)
	c.ExpelTimeout = cmp.Or(c.ExpelTimeout, DefaultExpelTimeout)
	c.MaxAllowedPacket = cmp.Or(c.MaxAllowedPacket, DefaultMaxAllowedPacket)
	return c, nil
}
