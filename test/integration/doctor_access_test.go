package integration

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
)

func TestDoctorSeesWhoMayGetIn(t *testing.T) {
	t.Parallel()
	ca, foreign := newAuthority(t), newAuthority(t)
	ca.nodes(t, 2)
	foreign.nodes(t, 1)
	secret := filepath.Join(ca.dir, "secret")
	write := func(t *testing.T, mode os.FileMode, text string) {
		t.Helper()
		must(t, os.WriteFile(secret, []byte(text), 0o600))
		chmod(t, secret, mode)
	}
	for _, c := range []struct {
		name                       string
		change                     func(c *cluster.ConfigFile)
		mode                       os.FileMode
		text                       string
		level, check, seen, advice string
	}{
		{
			name: "open to everybody", change: func(c *cluster.ConfigFile) {
				_, port, err := net.SplitHostPort(c.HTTP.Listen)
				must(t, err)
				c.HTTP.Listen = "0.0.0.0:" + port
			},
			level: "warning", check: "config file", seen: "whoever reaches it may change the cluster", advice: "change",
		},
		{
			name: "another node's certificate", change: func(c *cluster.ConfigFile) { c.Cluster.TLS = ca.section("n2", "") },
			level: "problem", check: "cluster.tls.cert, cluster.tls.key", seen: "it is that of node n2", advice: "mysqlda ca issue --node n1",
		},
		{
			name: "another authority's certificate", change: func(c *cluster.ConfigFile) {
				c.Cluster.TLS = foreign.section("n1", "")
				c.Cluster.TLS.CA = ca.section("n1", "").CA
			},
			level: "problem", check: "cluster.tls.cert, cluster.tls.key", seen: "unknown authority", advice: "mysqlda ca issue --node n1",
		},
		{
			name: "a changeover that did not end", change: func(c *cluster.ConfigFile) { c.Cluster.TLS = ca.section("n1", "optional") },
			level: "warning", check: "config file", seen: "cluster.tls.mode is optional", advice: "change",
		},
		{
			name: "tokens for everybody", change: func(c *cluster.ConfigFile) { c.HTTP.TokenFile = secret },
			mode: 0o644, text: "alice:0123456789abcdef",
			level: "problem", check: "http.token_file mode", seen: "0644", advice: "chmod 600",
		},
		{
			name: "no tokens", change: func(c *cluster.ConfigFile) { c.HTTP.TokenFile = secret },
			mode: 0o600, text: "alice",
			level: "problem", check: "http access", seen: "is not NAME:TOKEN", advice: "http.token_file",
		},
		{
			name: "the last token taken away", change: func(c *cluster.ConfigFile) { c.HTTP.TokenFile = secret },
			mode: 0o600, text: "# nobody",
			level: "problem", check: "http access", seen: "holds no token", advice: "http.token_file",
		},
		{
			name: "no gossip keys", change: func(c *cluster.ConfigFile) { c.Cluster.GossipKeyFile = secret },
			mode: 0o600, text: "plain",
			level: "problem", check: "cluster.gossip_key_file", seen: "there is no gossip key", advice: "mysqlda gossip keygen",
		},
		{
			name: "no join keys", change: func(c *cluster.ConfigFile) { c.Cluster.JoinKeyFile = secret },
			mode: 0o600, text: "nothing",
			level: "problem", check: "cluster.join_key_file", seen: "is not 32 bytes in base64", advice: "mysqlda token keygen",
		},
		{
			name: "gossip keys for everybody", change: func(c *cluster.ConfigFile) { c.Cluster.GossipKeyFile = secret },
			mode: 0o604, text: newGossipKey(t),
			level: "problem", check: "cluster.gossip_key_file mode", seen: "0604", advice: "chmod 600",
		},
		{
			name: "join keys for everybody", change: func(c *cluster.ConfigFile) { c.Cluster.JoinKeyFile = secret },
			mode: 0o604, text: newGossipKey(t),
			level: "problem", check: "cluster.join_key_file mode", seen: "0604", advice: "chmod 600",
		},
	} {
		t.Run(c.name, func(t *testing.T) { // one after another: they share a file
			if c.text != "" {
				write(t, c.mode, c.text)
			}
			o := cluster.Options{Nodes: 1, Change: func(_ int, config *cluster.ConfigFile) { c.change(config) }}
			sick, err := cluster.New(o)
			must(t, err)
			cluster.CleanUp(t, sick)
			d, code := diagnose(t, sick.Nodes[0].ConfigFile())
			if !d.has(c.level, c.check, c.seen, c.advice) {
				t.Errorf("no such finding: %s %s: %s -> %s", c.level, c.check, c.seen, c.advice)
			}
			if c.level == "problem" && code != 1 || c.level == "warning" && code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}
