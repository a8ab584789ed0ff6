package config

import (
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/fsm"
)

// Each text begins with the line; the file's name stands before it.
func TestErrorsNameTheLineAndTheKey(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{
			"unknown key", "{\n\"session_pool\": {\n \"unused_forward_sesion_timeout\": 60\n}\n}",
			`:3: session_pool.unused_forward_sesion_timeout: unknown key; did you mean "unused_forward_session_timeout"?`,
		},
		{"unknown section", "{\n\"sever\": {}\n}", `:2: sever: unknown key; did you mean "server"?`},
		{"unknown key that is near nothing", `{"log": {"colour": true}}`, `:1: log.colour: unknown key; known here: level, format, slow_statement_ms`},
		{
			"unknown key in a list", "{\"forwards\": [\n{\"instance\": \"a\", \"forward\": [\n{\"ip\": \"1.1.1.1\", \"port\": 1, \"prot\": 2}]}]}",
			`:3: forwards[0].forward[0].prot: unknown key; did you mean "port"?`,
		},
		{"keys are case-sensitive", `{"Server": {}}`, `:1: Server: unknown key; did you mean "server"?`},

		{"string for a number", "{\"server\": {\n\n\"listen_port\": \"13306\"}}", `:3: server.listen_port: must be a whole number, not a string`},
		{"number for a string", `{"auth": {"user": 1}}`, `:1: auth.user: must be a string, not a number`},
		{"null", `{"auth": {"user": null}}`, `:1: auth.user: must be a string, not null`},
		{"list for an object", `{"auth": []}`, `:1: auth: must be an object {...}, not a list`},
		{"object for a list", `{"forwards": {}}`, `:1: forwards: must be a list [...], not an object`},
		{"root is a list", `[]`, `:1: must be an object {...}, not a list`},
		{"fraction", `{"server": {"listen_port": 1.5}}`, `:1: server.listen_port: must be a whole number from 1 to 65535, not 1.5`},

		{"port too high", `{"server": {"listen_port": 65536}}`, `:1: server.listen_port: must be a whole number from 1 to 65535, not 65536`},
		{
			"negative timeout", `{"session_pool": {"unused_forward_session_timeout": -1}}`,
			`:1: session_pool.unused_forward_session_timeout: must be a whole number from 0 to 2592000, not -1`,
		},
		{
			"weight", `{"forwards": [{"instance": "a", "weight": 1000001, "forward": [{"ip": "1.1.1.1", "port": 1}]}]}`,
			`:1: forwards[0].weight: must be a whole number from 0 to 1000000, not 1000001`,
		},
		{"slow_statement_ms", `{"log": {"slow_statement_ms": -1}}`, `:1: log.slow_statement_ms: must be a whole number from 0 to 3600000, not -1`},
		{"level", `{"log": {"level": "verbose"}}`, `:1: log.level: must be one of debug, info, warn, error, not "verbose"`},
		{
			"host name to listen on", `{"server": {"listen_ip": "localhost"}}`,
			`:1: server.listen_ip: must be an IP address, not "localhost"; 0.0.0.0 stands for every address of this machine`,
		},
		{"address without host", `{"http": {"listen": ":80"}}`, `:1: http.listen: ":80" has no host; 0.0.0.0:80 stands for every address of this machine`},
		{"address without port", `{"http": {"listen": "1.1.1.1"}}`, `:1: http.listen: "1.1.1.1" is not host:port`},
		{"port 0", `{"http": {"listen": "1.1.1.1:0"}}`, `:1: http.listen: "1.1.1.1:0" has no port from 1 to 65535`},
		{"node id", `{"node": {"id": "a b"}}`, `:1: node.id: bad name: the id of the node contains white space or bytes that cannot be printed`},
		{
			"advertise", `{"node": {"advertise": "0.0.0.0"}}`,
			`:1: node.advertise: must be the IP address or host name under which others reach this node, not "0.0.0.0"`,
		},
		{"share as text", `{"max_share": "0.3"}`, `:1: max_share: must be a number, not a string`},
		{"share too large", `{"max_share": 1.5}`, `:1: max_share: must be a number from 0.001 to 1 with at most three decimals, not 1.5`},
		{"share of nothing", `{"max_share": 0}`, `:1: max_share: must be a number from 0.001 to 1 with at most three decimals, not 0`},
		{"balance", `{"balance": "weights"}`, `:1: balance: must be one of placements, data, not "weights"`},
		{
			"balance without a database", `{"auth": {"user": "u"}, "balance": "data"}`,
			`:1: balance: goes by the size of the default database, and auth.db names none`,
		},
		{
			"failover", `{"forwards": [{"instance": "a", "failover": "always", "failback": true, "forward": [{"ip": "1.1.1.1", "port": 1}]}]}`,
			`:1: forwards[0].failover: must be one of off, ordered, follow, promote, not "always"`,
		},
		{
			"failback without order", `{"forwards": [{"instance": "a", "failover": "follow", "failback": true, "forward": [{"ip": "1.1.1.1", "port": 1}]}]}`,
			`:1: forwards[0].failback: goes with failover "ordered" only`,
		},
		{"flag as text", `{"failover": {"require_fencing": "yes"}}`, `:1: failover.require_fencing: must be true or false, not a string`},
		{"lease too long", `{"failover": {"lease": 61}}`, `:1: failover.lease: must be a whole number from 1 to 60, not 61`},
		{"password of nobody", `{"failover": {"pass": "x"}}`, `:1: failover.pass: needs user, whose password it is`},
		{"replication password of nobody", `{"failover": {"replication_pass": "x"}}`, `:1: failover.replication_pass: needs replication_user, whose password it is`},
		{"zero byte in a password", `{"failover": {"user": "u", "pass": "a\u0000b"}}`, `:1: failover.pass: must not contain a zero byte`},
		{"empty user", `{"auth": {"user": ""}}`, `:1: auth.user: is missing or empty`},
		{"zero byte", `{"auth": {"user": "a\u0000b"}}`, `:1: auth.user: must not contain a zero byte`},
		{
			"server", `{"forwards": [{"instance": "a", "forward": [{"ip": "a b", "port": 1}]}]}`,
			`:1: forwards[0].forward[0].ip: "a b" is neither an IP address nor a host name`,
		},
		{
			"no server", `{"forwards": [{"instance": "a", "forward": []}]}`,
			`:1: forwards[0].forward: needs at least one MySQL server {"ip": ..., "port": ...}`,
		},
		{"no instance", "{\"forwards\": [\n{\"forward\": [{\"ip\": \"a\", \"port\": 1}]}]}", `:2: forwards[0].instance: is missing: the name of the library`},

		{"key twice", "{\"log\": {},\n\"log\": {}}", `:2: log: given twice`},
		{
			"library twice", "{\"forwards\": [\n{\"instance\": \"a\", \"forward\": [{\"ip\": \"a\", \"port\": 1}]},\n{\"instance\": \"a\", \"forward\": [{\"ip\": \"a\", \"port\": 1}]}]}",
			`:3: forwards[1].instance: library "a" is given twice`,
		},
		{
			"server twice", "{\"forwards\": [{\"instance\": \"a\", \"forward\": [\n{\"ip\": \"a\", \"port\": 1},\n{\"ip\": \"a\", \"port\": 1}]}]}",
			`:3: forwards[0].forward[1].ip: server a:1 is given twice in library "a"`,
		},
		{"port twice", `{"cluster": {"listen": "127.0.0.1:13306"}}`, `:1: cluster.listen: 127.0.0.1:13306 is taken by server.listen_port`},
		{"port of every address", `{"http": {"listen": "0.0.0.0:13306"}}`, `:1: http.listen: 0.0.0.0:13306 is taken by server.listen_port`},
		{"port of a default", `{"cluster": {"listen": "127.0.0.1:13308"}}`, `:1: cluster.listen: 127.0.0.1:13308 is taken by the default of cluster.gossip`},
		{
			"no room for defaults", `{"server": {"listen_port": 65534}}`,
			`:1: server.listen_port: leaves no port for the default of cluster.gossip, http.listen; set it`,
		},
		{"session time-out", "{\"limits\": {\n\"idle_timeout\": 0}}", `:2: limits.idle_timeout: must be a whole number from 1 to 31536000, not 0`},
		{"no session", `{"limits": {"max_sessions": 0}}`, `:1: limits.max_sessions: must be a whole number from 1 to 1000000, not 0`},
		{"packet above the protocol's", `{"limits": {"max_allowed_packet": 1073741825}}`, `:1: limits.max_allowed_packet: must be a whole number from 1024 to 1073741824, not 1073741825`},
		{
			"more idle than connections", `{"backend": {"max_connections_per_server": 10, "max_idle_per_server": 11}}`,
			`:1: backend.max_idle_per_server: 11 is more than max_connections_per_server, 10`,
		},
		{"key without certificate", "{\"tls\": {\n\"key\": \"k.pem\"}}", `:2: tls.key: needs cert, the file of its certificate`},
		{"certificate without key", `{"backend": {"tls_cert": "c.pem"}}`, `:1: backend.tls_cert: needs tls_key, the file of its private key`},
		{"empty path", `{"backend": {"tls_ca": ""}}`, `:1: backend.tls_ca: is empty`},
		{"TLS mode", `{"tls": {"mode": "on"}}`, `:1: tls.mode: must be one of off, optional, required, not "on"`},
		{
			"client certificates that nobody signs", `{"tls": {"client_certificates": "optional"}}`,
			`:1: tls.client_certificates: needs client_ca, the file of the authorities that sign them`,
		},
		{
			"client certificates without TLS", `{"tls": {"client_certificates": "required", "client_ca": "a"}}`,
			`:1: tls.client_certificates: needs mode required: clients without TLS show no certificate`,
		},
		{
			"TLS of a library", `{"forwards": [{"instance": "a", "tls": "verify", "forward": [{"ip": "a", "port": 1}]}]}`,
			`:1: forwards[0].tls: must be one of off, required, verify_ca, verify_identity, not "verify"`,
		},
		{"no network", "{\"server\": {\"proxy_protocol_from\": [\"10.0.0.1\",\n\"lb\"]}}", `:2: server.proxy_protocol_from[1]: must be an IP address or a network such as 10.0.0.0/8, not "lb"`},
		{
			"address with a length", `{"server": {"proxy_protocol_from": ["10.0.0.1/8"]}}`,
			`:1: server.proxy_protocol_from[0]: has bits outside of the network: 10.0.0.0/8 is meant, or an address without a length, not "10.0.0.1/8"`,
		},
		{"list of numbers", `{"server": {"proxy_protocol_from": [1]}}`, `:1: server.proxy_protocol_from[0]: must be a string, not a number`},
		{"string for a list", `{"server": {"proxy_protocol_from": "10.0.0.1"}}`, `:1: server.proxy_protocol_from: must be a list [...], not a string`},
		{"core object", `{"auth": {"user": "u", "default_core": "a b"}}`, `:1: auth.default_core: bad name: the core object contains white space or bytes that cannot be printed`},
		{"default library", `{"auth": {"user": "u", "default_library": "x"}, "forwards": []}`, `:1: auth.default_library: "x" is no library of forwards`},

		{
			"the first in the file is told", "{\n\"x\": 1,\n\"server\": {\"listen_port\": 0},\n\"auth\": 1}",
			`:2: x: unknown key; known here: server, tls, limits, auth, session_pool, backend, forwards, max_share, balance, failover, node, cluster, http, secrets, log (and 2 more problems)`,
		},
		{"not closed", "{\n\"server\": {", `:2: not JSON: column 12: parsing value: unexpected EOF`},
		{"no comma", "{\n\"a\": 1\n\"b\": 2}", `:3: not JSON: column 1: invalid character '"' after object value (expecting ',' or '}')`},
		{"a password that is not closed does not show", "{\"auth\": {\"pass\": \"sesame\n\"}}", `:1: not JSON: column 19: invalid literal`},
		{"line break in a key", `{"a\nb": 1}`, `:1: a?b: unknown key; known here: server, tls, limits, auth, session_pool, backend, forwards, max_share, balance, failover, node, cluster, http, secrets, log`},
		{"empty file", "", `:1: not JSON: column 1: parsing value: unexpected EOF`},
		{"something after the end", "{}\n{}", `:2: not JSON: column 1: invalid character '{' after top-level value`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse("n.conf", []byte(c.src))
			if err == nil {
				t.Fatal("no error")
			}
			if got := err.Error(); got != "n.conf"+c.want {
				t.Errorf("\ngot  %s\nwant n.conf%s", got, c.want)
			}
		})
	}
}

func TestTooManyLibrariesAreRefused(t *testing.T) {
	src := `{"forwards": [` + strings.Repeat("{},", fsm.MaxLibraries+1) + `]}`
	_, err := Parse("n.conf", []byte(src))
	if want := "n.conf:1: forwards: has 1025 entries, at most 1024 are allowed"; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func TestSamePortOnAnotherAddressIsFine(t *testing.T) {
	mustParse(t, `{"cluster": {"listen": "127.0.0.2:13306"}}`)
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"server": {"listen_port": 1}, "forwards": [{"instance": "a", "forward": [{"ip": "a", "port": 1}]}]}`))
	f.Add([]byte("{\n\"a\": [1, null, {}], // x\n}"))
	f.Fuzz(func(t *testing.T, src []byte) {
		cfg, err := Parse("n.conf", src)
		if (cfg == nil) == (err == nil) {
			t.Fatalf("config %v and error %v", cfg, err)
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Fatalf("error of more than one line: %q", err)
		}
	})
}
