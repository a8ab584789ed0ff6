package config

import (
	"math"
	"net/netip"
	"path/filepath"
	"strconv"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy"
	"github.com/mysqlda/mysqlda/proxy/backend"
)

// Bounds of the keys of limits and backend.
const (
	maxSessions          = 1_000_000
	maxConnections       = 100_000 // to one server
	maxTimeoutSeconds    = 3600
	maxIdleLimitSeconds  = 365 * 24 * 3600
	minAllowedPacket     = 1 << 10
	maxAllowedPacketSize = 1 << 30 // the protocol's maximum
	maxProxyAddresses    = 1024
)

// Limits bound what clients may use of this node.
type Limits struct {
	MaxSessions           int
	MaxSessionsPerUser    int           // 0: no bound of its own
	MaxSessionsPerLibrary int           // 0: no bound of its own
	HandshakeTimeout      time.Duration // for a client to log in
	IdleTimeout           time.Duration // for a client to send its next command
	StallTimeout          time.Duration // for a client to go on with what it has begun
	AcquireTimeout        time.Duration // for a statement to get a backend connection
	ParkAfter             time.Duration // an idle session gives its backend connection back; 0: never
	MaxAllowedPacket      int64         // bytes of one command
}

// Backend says how this node uses the MySQL servers.
type Backend struct {
	TLSCA           string // PEM file of the authorities that sign the servers' certificates, absolute; "": those of this machine
	TLSCert, TLSKey string // PEM files of the certificate that this node shows to servers, absolute; "": none
	MaxConnections  int    // to one server
	MaxIdle         int    // of these, to one server
	MaxWaiting      int    // statements that wait for a connection to one server
	WaitTimeout     time.Duration
	DialTimeout     time.Duration
	ResetTimeout    time.Duration
	ProbeInterval   time.Duration
	ProbeTimeout    time.Duration
}

// seconds reads an optional time in whole seconds.
func (o *object) seconds(name string, lo, hi int64, into *time.Duration) (present bool) {
	n := int64(*into / time.Second)
	present = o.whole(name, lo, hi, &n)
	if present {
		*into = time.Duration(n) * time.Second
	}
	return present
}

// count reads an optional whole number that fits an int.
func (o *object) count(name string, lo, hi int64, into *int) {
	n := int64(*into)
	if o.whole(name, lo, min(hi, math.MaxInt), &n) {
		*into = int(n)
	}
}

func (c *Config) decodeLimits(root *object) {
	c.Limits = Limits{
		MaxSessions:      proxy.DefaultMaxSessions,
		HandshakeTimeout: proxy.DefaultHandshakeTimeout,
		IdleTimeout:      proxy.DefaultIdleTimeout,
		StallTimeout:     proxy.DefaultStallTimeout,
		AcquireTimeout:   proxy.DefaultAcquireTimeout,
		ParkAfter:        proxy.DefaultParkAfter,
		MaxAllowedPacket: proxy.DefaultMaxAllowedPacket,
	}
	l := &c.Limits
	root.section("limits", func(o *object) {
		o.count("max_sessions", 1, maxSessions, &l.MaxSessions)
		o.count("max_sessions_per_user", 0, maxSessions, &l.MaxSessionsPerUser)
		o.count("max_sessions_per_library", 0, maxSessions, &l.MaxSessionsPerLibrary)
		o.seconds("handshake_timeout", 1, maxTimeoutSeconds, &l.HandshakeTimeout)
		o.seconds("idle_timeout", 1, maxIdleLimitSeconds, &l.IdleTimeout)
		o.seconds("stall_timeout", 1, maxTimeoutSeconds, &l.StallTimeout)
		o.seconds("acquire_timeout", 1, maxTimeoutSeconds, &l.AcquireTimeout)
		o.seconds("park_after", 0, maxTimeoutSeconds, &l.ParkAfter)
		o.whole("max_allowed_packet", minAllowedPacket, maxAllowedPacketSize, &l.MaxAllowedPacket)
	})
}

func (c *Config) decodeBackend(root *object) {
	c.Backend = Backend{
		MaxConnections: backend.DefaultMaxPerServer,
		MaxIdle:        backend.DefaultMaxIdlePerServer,
		MaxWaiting:     backend.DefaultMaxWaitingPerServer,
		WaitTimeout:    backend.DefaultWaitTimeout,
		DialTimeout:    backend.DefaultDialTimeout,
		ResetTimeout:   backend.DefaultResetTimeout,
		ProbeInterval:  backend.DefaultProbeInterval,
		ProbeTimeout:   backend.DefaultProbeTimeout,
	}
	b := &c.Backend
	root.section("backend", func(o *object) {
		c.decodePath(o, "tls_ca", &b.TLSCA)
		c.decodePair(o, "tls_cert", "tls_key", &b.TLSCert, &b.TLSKey)
		o.count("max_connections_per_server", 1, maxConnections, &b.MaxConnections)
		idle := o.find("max_idle_per_server") != nil
		o.count("max_idle_per_server", 1, maxConnections, &b.MaxIdle)
		switch {
		case b.MaxIdle <= b.MaxConnections:
		case idle:
			o.report("max_idle_per_server", "%d is more than max_connections_per_server, %d", b.MaxIdle, b.MaxConnections)
		default:
			b.MaxIdle = b.MaxConnections
		}
		o.count("max_waiting_per_server", 1, maxSessions, &b.MaxWaiting)
		o.seconds("wait_timeout", 1, maxTimeoutSeconds, &b.WaitTimeout)
		o.seconds("dial_timeout", 1, maxTimeoutSeconds, &b.DialTimeout)
		o.seconds("reset_timeout", 1, maxTimeoutSeconds, &b.ResetTimeout)
		o.seconds("probe_interval", 1, maxTimeoutSeconds, &b.ProbeInterval)
		o.seconds("probe_timeout", 1, maxTimeoutSeconds, &b.ProbeTimeout)
	})
}

// decodePath reads an optional path of a file; a relative one starts at the
// config file's directory.
func (c *Config) decodePath(o *object, name string, into *string) {
	var path string
	if !o.text(name, &path) {
		return
	}
	if path == "" {
		o.report(name, "is empty")
		return
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(c.Path), path)
	}
	*into = filepath.Clean(path)
}

// decodePair reads the paths of a certificate and its private key: both or none.
func (c *Config) decodePair(o *object, certName, keyName string, cert, key *string) {
	c.decodePath(o, certName, cert)
	c.decodePath(o, keyName, key)
	switch {
	case *cert != "" && o.find(keyName) == nil:
		o.report(certName, "needs %s, the file of its private key", keyName)
	case *key != "" && o.find(certName) == nil:
		o.report(keyName, "needs %s, the file of its certificate", certName)
	}
}

// prefixes reads an optional list of addresses and networks.
func (o *object) prefixes(name string, into *[]netip.Prefix) {
	o.texts(name, maxProxyAddresses, func(s string) string {
		if ip, err := netip.ParseAddr(s); err == nil && ip.Zone() == "" {
			*into = append(*into, netip.PrefixFrom(ip.Unmap(), ip.Unmap().BitLen()))
			return ""
		}
		prefix, err := netip.ParsePrefix(s)
		switch {
		case err != nil:
			return "must be an IP address or a network such as 10.0.0.0/8, not " + strconv.Quote(s)
		case prefix.Masked() != prefix:
			return "has bits outside of the network: " + prefix.Masked().String() + " is meant, or an address without a length, not " + strconv.Quote(s)
		case prefix.Addr().Is4In6():
			return "must be written as an IPv4 network, not " + strconv.Quote(s)
		}
		*into = append(*into, prefix)
		return ""
	})
}

// decodeTLS reads how backend connections to a library's servers are protected.
func (f *Forward) decodeTLS(o *object) {
	word := fsm.TLSOff.String()
	f.HasTLS = o.find("tls") != nil
	o.choice("tls", &word, fsm.TLSModes()...)
	f.TLS, _ = fsm.ParseTLSMode(word)
}
