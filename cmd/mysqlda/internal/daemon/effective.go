package daemon

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

// Effective implements admin.Node. It names what it shows, one by one, so that a key
// that comes to the config file later is not shown by mistake: it may be a secret.
// What a cluster has once and for all (auth, forwards, ...) is not the node's.
func (d *daemon) Effective() []admin.Effective {
	c := d.cfg
	id := c.Node.ID
	if node := d.cluster.Load(); node != nil {
		id = node.ID()
	}
	ip, port, err := net.SplitHostPort(c.Server.Listen)
	if err != nil { // was checked when the file was read
		ip, port = c.Server.Listen, ""
	}
	var proxies []string
	for _, prefix := range c.Server.ProxyProtocolFrom {
		proxies = append(proxies, prefix.String())
	}
	return []admin.Effective{
		{Key: "node.id", Value: id},
		{Key: "node.data_dir", Value: c.Node.DataDir},
		{Key: "node.advertise", Value: c.Node.Advertise},
		{Key: "node.snapshot_after_kib", Value: strconv.FormatUint(c.Node.SnapshotAfter>>10, 10)},

		{Key: "server.listen_ip", Value: ip},
		{Key: "server.listen_port", Value: port},
		{Key: "server.shutdown_timeout", Value: wholeSeconds(c.Server.ShutdownTimeout)},
		{Key: "server.proxy_protocol_from", Value: strings.Join(proxies, ", ")},
		{Key: "cluster.listen", Value: c.Cluster.Listen},
		{Key: "cluster.gossip", Value: c.Cluster.Gossip},
		{Key: "http.listen", Value: c.HTTP.Listen},
		{Key: "http.debug", Value: strconv.FormatBool(c.HTTP.Debug)},

		{Key: "tls.mode", Value: string(c.TLS.Mode)},
		{Key: "tls.cert", Value: c.TLS.Cert},
		{Key: "tls.client_certificates", Value: string(c.TLS.ClientCertificates)},
		{Key: "tls.client_ca", Value: c.TLS.ClientCA},

		{Key: "limits.max_sessions", Value: strconv.Itoa(c.Limits.MaxSessions)},
		{Key: "limits.max_sessions_per_user", Value: strconv.Itoa(c.Limits.MaxSessionsPerUser)},
		{Key: "limits.max_sessions_per_library", Value: strconv.Itoa(c.Limits.MaxSessionsPerLibrary)},
		{Key: "limits.handshake_timeout", Value: wholeSeconds(c.Limits.HandshakeTimeout)},
		{Key: "limits.idle_timeout", Value: wholeSeconds(c.Limits.IdleTimeout)},
		{Key: "limits.stall_timeout", Value: wholeSeconds(c.Limits.StallTimeout)},
		{Key: "limits.acquire_timeout", Value: wholeSeconds(c.Limits.AcquireTimeout)},
		{Key: "limits.park_after", Value: wholeSeconds(c.Limits.ParkAfter)},
		{Key: "limits.max_allowed_packet", Value: strconv.FormatInt(c.Limits.MaxAllowedPacket, 10)},

		{Key: "backend.tls_ca", Value: c.Backend.TLSCA},
		{Key: "backend.tls_cert", Value: c.Backend.TLSCert},
		{Key: "backend.max_connections_per_server", Value: strconv.Itoa(c.Backend.MaxConnections)},
		{Key: "backend.max_idle_per_server", Value: strconv.Itoa(c.Backend.MaxIdle)},
		{Key: "backend.max_waiting_per_server", Value: strconv.Itoa(c.Backend.MaxWaiting)},
		{Key: "backend.wait_timeout", Value: wholeSeconds(c.Backend.WaitTimeout)},
		{Key: "backend.dial_timeout", Value: wholeSeconds(c.Backend.DialTimeout)},
		{Key: "backend.reset_timeout", Value: wholeSeconds(c.Backend.ResetTimeout)},
		{Key: "backend.probe_interval", Value: wholeSeconds(c.Backend.ProbeInterval)},
		{Key: "backend.probe_timeout", Value: wholeSeconds(c.Backend.ProbeTimeout)},

		{Key: "log.level", Value: d.options.LogLevel.String()},
		{Key: "log.format", Value: c.Log.Format},
		{Key: "log.slow_statement_ms", Value: strconv.FormatInt(c.Log.SlowStatement.Milliseconds(), 10)},
	}
}

// wholeSeconds writes a time as config files do.
func wholeSeconds(d time.Duration) string { return fmt.Sprintf("%.0f", d.Seconds()) }
