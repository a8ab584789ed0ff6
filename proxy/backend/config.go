package backend

import (
	"cmp"
	"crypto/tls"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// Defaults of Config.
const (
	DefaultDialTimeout         = 5 * time.Second
	DefaultWaitTimeout         = 5 * time.Second
	DefaultResetTimeout        = 3 * time.Second
	DefaultProbeInterval       = time.Second
	DefaultProbeTimeout        = 2 * time.Second
	DefaultMaxPerServer        = 256
	DefaultMaxIdlePerServer    = 64
	DefaultMaxWaitingPerServer = 4096
	DefaultDataInterval        = 10 * time.Minute

	// DefaultIdleTimeout is how long an idle connection is kept while the
	// cluster's settings do not say, or say zero or less.
	DefaultIdleTimeout = time.Minute
)

// Config says how a Manager works. A zero or negative value means the default.
type Config struct {
	Logger     *zap.Logger           // nil: nothing is logged
	Registerer prometheus.Registerer // nil: no metrics

	// TLS holds the node's own material for servers of libraries that ask for
	// TLS: RootCAs, which nil makes the system's, and the certificate to show.
	// Names and checks are added as the library's mode wants them.
	TLS *tls.Config
	// Greeted, unless nil, is called when a server greets for the first time since
	// it was added, and when it greets differently than the last time. Calls come
	// from the goroutines that connect, which they delay, and may come at the same
	// time.
	Greeted func(address string, greeting wire.Greeting)

	// Measured, unless nil, is called with each reading of the bytes in a server's
	// default database, at least 1; and with 0 when they are not known any more.
	// Calls come from one goroutine.
	Measured func(address string, bytes uint64)

	// Lease is asked for libraries that may fail over. Nil: this node needs none.
	Lease Lease
	// Libraries returns those of this moment, with all that was decided before the
	// lease was granted; Update may come a little later. It is asked before each
	// command, from any goroutine, and costs next to nothing. Nil: what Update was
	// told last.
	Libraries func() *fsm.LibrarySet

	// Open gives the clear password of one that the state holds, which may be sealed. Nil: they are all clear.
	Open func(stored string) (clear string, err error)

	// DialTimeout bounds opening one connection to one server, from the name
	// lookup to the end of the login.
	DialTimeout time.Duration
	// WaitTimeout bounds how long Acquire waits for a connection to come free at
	// a full pool.
	WaitTimeout time.Duration
	// ResetTimeout bounds cleaning a released connection.
	ResetTimeout time.Duration
	// ProbeInterval is the pause between two probes of a server. Each pause is
	// up to a tenth longer or shorter, so that nodes do not probe in step. After the
	// first failure of a healthy server, and when something went wrong between a
	// session and a server, it is looked at sooner.
	ProbeInterval time.Duration
	// ProbeTimeout bounds one probe, a new login included.
	ProbeTimeout time.Duration
	// DataInterval is the pause between two readings of the data at a server, up to
	// a tenth longer or shorter. After one that failed it is a tenth of that.
	DataInterval time.Duration

	// MaxPerServer bounds the connections to one server: idle, in use, being
	// opened and being reset together. Those of probes and of readings of data
	// are not counted.
	MaxPerServer int
	// MaxIdlePerServer bounds the idle ones of them.
	MaxIdlePerServer int
	// MaxWaitingPerServer bounds the callers that wait at a full pool; one more
	// gets ErrPoolFull at once.
	MaxWaitingPerServer int
}

func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = zap.NewNop()
	}
	if c.Lease == nil {
		c.Lease = always{}
	}
	if c.Open == nil {
		c.Open = func(stored string) (string, error) { return stored, nil }
	}
	c.DialTimeout = positiveOr(c.DialTimeout, DefaultDialTimeout)
	c.WaitTimeout = positiveOr(c.WaitTimeout, DefaultWaitTimeout)
	c.ResetTimeout = positiveOr(c.ResetTimeout, DefaultResetTimeout)
	c.ProbeInterval = positiveOr(c.ProbeInterval, DefaultProbeInterval)
	c.ProbeTimeout = positiveOr(c.ProbeTimeout, DefaultProbeTimeout)
	c.DataInterval = positiveOr(c.DataInterval, DefaultDataInterval)
	c.MaxPerServer = positiveOr(c.MaxPerServer, DefaultMaxPerServer)
	c.MaxIdlePerServer = positiveOr(c.MaxIdlePerServer, DefaultMaxIdlePerServer)
	c.MaxWaitingPerServer = positiveOr(c.MaxWaitingPerServer, DefaultMaxWaitingPerServer)
	return c
}

func positiveOr[T cmp.Ordered](value, otherwise T) T {
	var zero T
	if value > zero {
		return value
	}
	return otherwise
}
