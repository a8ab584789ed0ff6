package config

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
)

func mustParse(t *testing.T, src string) *Config {
	t.Helper()
	cfg, err := Parse("/etc/mysqlda/n.conf", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestFileOfTheOriginalLoadsUnchanged(t *testing.T) {
	cfg, err := Load("testdata/original.conf")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Path:        filepath.Join(dir, "original.conf"),
		Server:      Server{Listen: "127.0.0.1:13306", ShutdownTimeout: 10 * time.Second, RestartDrain: 10 * time.Second},
		TLS:         ClientTLS{Mode: TLSOptional, ClientCertificates: TLSOff},
		Limits:      defaultLimits,
		Backend:     defaultBackend,
		Auth:        Auth{User: "calvin", Password: "calvin", Database: "calvindb"},
		IdleTimeout: time.Minute,
		Forwards:    []Forward{{Library: "mysqlda1", Weight: 100, Servers: []string{"127.0.0.1:3306"}, Failover: fsm.Failover{Policy: fsm.FailoverOrdered}}},
		Balancing:   Balancing{MaxShareMille: 500, Balance: fsm.BalancePlacements},
		Failover:    defaultFailover,
		Node:        Node{DataDir: filepath.Join(dir, "mysqlda-data"), SnapshotAfter: 32 << 20},
		Cluster:     Cluster{Listen: "127.0.0.1:13307", Gossip: "127.0.0.1:13308", TLS: NodeTLS{Mode: TLSOff}},
		HTTP:        HTTP{Listen: "127.0.0.1:13309", Access: HTTPAccess{Open: []string{PageProbes}}},
		Log:         Log{Level: "info", Format: "console", StatementDigests: 1000},
		Tracing:     Tracing{Timeout: 10 * time.Second},
	}
	cfg.Warnings, cfg.Exposed = nil, false // they depend on how the file was checked out
	if !reflect.DeepEqual(cfg, want) {
		t.Errorf("got  %+v\nwant %+v", cfg, want)
	}
	if err := cfg.Seed(); err != nil {
		t.Errorf("it must be able to start a cluster: %v", err)
	}
}

// What the file's keys are when it does not say. docs and the template name them.
var (
	defaultLimits = Limits{
		MaxSessions: 10_000, HandshakeTimeout: 10 * time.Second, IdleTimeout: 8 * time.Hour, StallTimeout: time.Minute,
		AcquireTimeout: 10 * time.Second, ParkAfter: 5 * time.Second, MaxAllowedPacket: 1 << 30,
	}
	defaultBackend = Backend{
		MaxConnections: 256, MaxIdle: 64, MaxWaiting: 4096, WaitTimeout: 5 * time.Second, DialTimeout: 5 * time.Second,
		ResetTimeout: 3 * time.Second, ProbeInterval: time.Second, ProbeTimeout: 2 * time.Second,
	}
	defaultFailover = Failover{Wait: 15 * time.Second, Lease: 6 * time.Second, Cooldown: 10 * time.Second}
)

func TestFewConnectionsLeaveNoMoreIdle(t *testing.T) {
	if cfg := mustParse(t, `{"backend": {"max_connections_per_server": 10}}`); cfg.Backend.MaxIdle != 10 {
		t.Errorf("got %+v", cfg.Backend)
	}
}

func TestEveryKeyIsRead(t *testing.T) {
	cfg := mustParse(t, `{
  // line comment
  "server": { "listen_ip": "0.0.0.0", "listen_port": 23306, "shutdown_timeout": 3, "restart_drain": 4, "proxy_protocol_from": ["10.1.2.3", "::ffff:10.1.2.4", "fd00::/8", "0.0.0.0/0"], },
  "tls": { "mode": "required", "cert": "c.pem", "key": "../k.pem", "client_ca": "/a.pem", "client_certificates": "required" },
  "limits": { "max_sessions": 1, "max_sessions_per_user": 2, "max_sessions_per_library": 3, "handshake_timeout": 4, "idle_timeout": 5, "stall_timeout": 9,
    "acquire_timeout": 6, "park_after": 0, "max_allowed_packet": 1024 },
  "backend": { "tls_ca": "a.pem", "tls_cert": "c.pem", "tls_key": "k.pem", "max_connections_per_server": 2, "max_idle_per_server": 1,
    "max_waiting_per_server": 3, "wait_timeout": 4, "dial_timeout": 5, "reset_timeout": 6, "probe_interval": 7, "probe_timeout": 8 },
  "auth": { "user": "u", "pass": "p", "db": "d", "default_library": "b", "default_core": "c" }, /* block
  comment */
  "session_pool": { "unused_forward_session_timeout": 0 },
  "forwards": [
    { "instance": "a", "weight": 0, "tls": "verify_ca", "forward": [ { "ip": "db1.example.com", "port": 3306 }, { "ip": "::1", "port": 3307 } ] },
    { "instance": "b", "forward": [ { "ip": "10.0.0.1", "port": 3306 } ], },
    { "instance": "c", "failover": "promote", "forward": [ { "ip": "10.0.0.2", "port": 3306 } ], },
    { "instance": "d", "failback": true, "forward": [ { "ip": "10.0.0.3", "port": 3306 } ], },
  ],
  "failover": { "user": "f", "pass": "fp", "replication_user": "r", "replication_pass": "rp", "wait": 1, "lease": 2, "cooldown": 3, "require_fencing": true },
  "max_share": 0.25, "balance": "data",
  "node": { "id": "n1", "data_dir": "../n1-data", "advertise": "node1", "snapshot_after_kib": 64 },
  "cluster": { "listen": "[::1]:1", "gossip": "127.0.0.1:1", "tls": { "ca": "ca.pem", "cert": "n.pem", "key": "/n.key" }, "gossip_key_file": "g.key", "join_key_file": "j.key", "join_token": "always" },
  "http": {
    "listen": "localhost:65535", "debug": true, "token_file": "tokens", "open": ["status", "metrics"],
    "tls": { "cert": "h.pem", "key": "h.key", "client_ca": "/ca.pem" },
  },
  "log": { "level": "debug", "format": "json", "slow_statement_ms": 250, "statement_digests": 50 },
  "tracing": { "endpoint": "https://collector:4318", "headers_file": "headers", "timeout": 7 },
}`)
	want := &Config{
		Path: "/etc/mysqlda/n.conf",
		Server: Server{Listen: "0.0.0.0:23306", ShutdownTimeout: 3 * time.Second, RestartDrain: 4 * time.Second, ProxyProtocolFrom: []netip.Prefix{
			netip.MustParsePrefix("10.1.2.3/32"), netip.MustParsePrefix("10.1.2.4/32"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("0.0.0.0/0"),
		}},
		TLS: ClientTLS{Mode: TLSRequired, Cert: "/etc/mysqlda/c.pem", Key: "/etc/k.pem", ClientCA: "/a.pem", ClientCertificates: TLSRequired},
		Limits: Limits{
			MaxSessions: 1, MaxSessionsPerUser: 2, MaxSessionsPerLibrary: 3, HandshakeTimeout: 4 * time.Second, IdleTimeout: 5 * time.Second, StallTimeout: 9 * time.Second,
			AcquireTimeout: 6 * time.Second, ParkAfter: 0, MaxAllowedPacket: 1024,
		},
		Backend: Backend{
			TLSCA: "/etc/mysqlda/a.pem", TLSCert: "/etc/mysqlda/c.pem", TLSKey: "/etc/mysqlda/k.pem", MaxConnections: 2, MaxIdle: 1, MaxWaiting: 3,
			WaitTimeout: 4 * time.Second, DialTimeout: 5 * time.Second, ResetTimeout: 6 * time.Second, ProbeInterval: 7 * time.Second, ProbeTimeout: 8 * time.Second,
		},
		Auth:        Auth{User: "u", Password: "p", Database: "d", DefaultLibrary: "b", DefaultCore: "c"},
		IdleTimeout: time.Second,
		Forwards: []Forward{
			{Library: "a", Weight: 0, HasWeight: true, TLS: fsm.TLSVerifyCA, HasTLS: true, Servers: []string{"db1.example.com:3306", "[::1]:3307"}, Failover: fsm.Failover{Policy: fsm.FailoverOrdered}},
			{Library: "b", Weight: 100, Servers: []string{"10.0.0.1:3306"}, Failover: fsm.Failover{Policy: fsm.FailoverOrdered}},
			{Library: "c", Weight: 100, Servers: []string{"10.0.0.2:3306"}, Failover: fsm.Failover{Policy: fsm.FailoverPromote}, HasFailover: true},
			{Library: "d", Weight: 100, Servers: []string{"10.0.0.3:3306"}, Failover: fsm.Failover{Policy: fsm.FailoverOrdered, Failback: true}, HasFailover: true},
		},
		Failover: Failover{
			User: "f", Password: "fp", ReplicationUser: "r", ReplicationPassword: "rp",
			Wait: time.Second, Lease: 2 * time.Second, Cooldown: 3 * time.Second, RequireFencing: true,
			Named: FailoverKeys{Wait: true, Lease: true, Cooldown: true, RequireFencing: true, Account: true, ReplicationAccount: true},
		},
		Balancing: Balancing{MaxShareMille: 250, HasMaxShare: true, Balance: fsm.BalanceData, HasBalance: true},
		Node:      Node{ID: "n1", DataDir: "/etc/n1-data", Advertise: "node1", SnapshotAfter: 64 << 10},
		Cluster: Cluster{
			Present: true, Listen: "[::1]:1", Gossip: "127.0.0.1:1",
			GossipKeyFile: "/etc/mysqlda/g.key", JoinKeyFile: "/etc/mysqlda/j.key", JoinTokenAlways: true,
			TLS: NodeTLS{Mode: TLSRequired, CA: "/etc/mysqlda/ca.pem", Cert: "/etc/mysqlda/n.pem", Key: "/n.key"},
		},
		HTTP: HTTP{Listen: "localhost:65535", Debug: true, Access: HTTPAccess{
			Cert: "/etc/mysqlda/h.pem", Key: "/etc/mysqlda/h.key", ClientCA: "/ca.pem",
			TokenFile: "/etc/mysqlda/tokens", Open: []string{PageStatus, PageMetrics},
		}},
		Log:     Log{Level: "debug", Format: "json", SlowStatement: 250 * time.Millisecond, StatementDigests: 50},
		Tracing: Tracing{Endpoint: "https://collector:4318/v1/traces", HeadersFile: "/etc/mysqlda/headers", Timeout: 7 * time.Second},
	}
	if !reflect.DeepEqual(cfg, want) {
		t.Errorf("got  %+v\nwant %+v", cfg, want)
	}
}

func TestSeedNamesWhatANewClusterNeeds(t *testing.T) {
	for src, want := range map[string]string{
		`{}`:                      "auth.user is missing",
		`{"auth": {"user": "u"}}`: "forwards is missing",
	} {
		if err := mustParse(t, src).Seed(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", src, err, want)
		}
	}
	if err := mustParse(t, `{"auth": {"user": "u"}, "forwards": []}`).Seed(); err != nil {
		t.Errorf("an empty list of libraries is a choice: %v", err)
	}
}

func TestPasswordDoesNotShow(t *testing.T) {
	cfg := mustParse(t, `{"auth": {"user": "u", "pass": "open sesame"},
		"failover": {"user": "u", "pass": "sesame 2", "replication_user": "u", "replication_pass": "sesame 3"}}`)
	asJSON, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{fmt.Sprint(cfg), fmt.Sprintf("%+v", cfg), fmt.Sprintf("%#v", *cfg), string(asJSON)} {
		if strings.Contains(shown, "sesame") {
			t.Errorf("the password shows: %s", shown)
		}
	}
}

func TestReadablePasswordIsWarnedOf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "n.conf")
	for _, text := range []string{
		`{"auth": {"user": "u", "pass": "p"}}`,
		`{"failover": {"user": "u", "pass": "p"}}`,
		`{"failover": {"replication_user": "u", "replication_pass": "p"}}`,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for mode, warnings := range map[os.FileMode]int{0o600: 0, 0o640: 0, 0o644: 1} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			cfg, err := Load(path)
			if err != nil {
				t.Fatal(err)
			}
			if len(cfg.Warnings) != warnings {
				t.Errorf("%s with mode %o: warnings %q, want %d", text, mode, cfg.Warnings, warnings)
			}
		}
	}
}

func TestMissingFileSaysHowToMakeOne(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "n.conf"))
	if err == nil || !strings.Contains(err.Error(), "mysqlda init -f") {
		t.Errorf("got %v", err)
	}
}

func TestTooLargeFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "n.conf")
	if err := os.WriteFile(path, make([]byte, MaxFileBytes+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "more than 4194304 bytes") {
		t.Errorf("got %v", err)
	}
}

func TestOperatorsPortsAreNotOpenedToEveryoneByDefault(t *testing.T) {
	const servers = `"auth": {"user": "u", "pass": "p", "db": "d"}, "forwards": [{"instance": "l", "forward": [{"ip": "10.0.0.9", "port": 3306}]}]`
	for _, c := range []struct{ file, cluster, gossip, http string }{
		{`{"server": {"listen_ip": "0.0.0.0", "listen_port": 13306}, ` + servers + `}`, "127.0.0.1:13307", "127.0.0.1:13308", "127.0.0.1:13309"},
		{`{"server": {"listen_ip": "0.0.0.0", "listen_port": 13306}, "cluster": {}, ` + servers + `}`, "0.0.0.0:13307", "0.0.0.0:13308", "127.0.0.1:13309"},
		{`{"server": {"listen_ip": "10.0.0.1", "listen_port": 13306}, ` + servers + `}`, "10.0.0.1:13307", "10.0.0.1:13308", "10.0.0.1:13309"},
	} {
		path := filepath.Join(t.TempDir(), "n.conf")
		if err := os.WriteFile(path, []byte(c.file), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if cfg.Cluster.Listen != c.cluster || cfg.Cluster.Gossip != c.gossip || cfg.HTTP.Listen != c.http {
			t.Errorf("%s\ngives %s, %s, %s", c.file, cfg.Cluster.Listen, cfg.Cluster.Gossip, cfg.HTTP.Listen)
		}
	}
}

func TestAdvertisedAddress(t *testing.T) {
	for _, c := range []struct{ advertise, listen, want string }{
		{"", "10.1.2.3:13306", "10.1.2.3:13306"},
		{"node1", "0.0.0.0:13306", "node1:13306"},
		{"10.9.9.9", "10.1.2.3:13306", "10.9.9.9:13306"},
		{"10.9.9.9", "127.0.0.1:13309", "127.0.0.1:13309"},
		{"fe80::1", "[::]:13306", "[fe80::1]:13306"},
	} {
		got, err := (&Config{Node: Node{Advertise: c.advertise}}).Advertised(c.listen)
		if err != nil || got != c.want {
			t.Errorf("%+v: got %q, %v", c, got, err)
		}
	}
}

func TestDialableAddress(t *testing.T) {
	for listen, want := range map[string]string{
		"0.0.0.0:1":  "127.0.0.1:1",
		"[::]:1":     "[::1]:1",
		"10.0.0.1:1": "10.0.0.1:1",
	} {
		if got := Dialable(listen); got != want {
			t.Errorf("%s: got %s, want %s", listen, got, want)
		}
	}
}
