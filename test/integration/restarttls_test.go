package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
)

func TestARestartTurnsTLSOfTheHTTPAddressOnAndOff(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	ca.nodes(t, 1)
	tokens := filepath.Join(ca.dir, "tokens")
	must(t, os.WriteFile(tokens, []byte(ca.run(t, "token", "operator", "alice")), 0o600))
	n := cluster.ForTest(t, withOwnProgram(t, options(t, 1))).Nodes[0]
	conn := connect(t, n)
	exec(t, conn, "DO 1")
	address := n.Addresses().HTTP
	secured := func(tokenFile string) func(int, *cluster.ConfigFile) {
		return func(_ int, c *cluster.ConfigFile) {
			pair := ca.section("n1", "")
			c.HTTP.TLS, c.HTTP.TokenFile = &cluster.HTTPTLSSection{Cert: pair.Cert, Key: pair.Key}, tokenFile
		}
	}
	inClear := func(int, *cluster.ConfigFile) {}
	withTLS := []string{"restart", "--http", "https://" + address, "--ca", filepath.Join(ca.dir, "ca.pem")}
	for _, c := range []struct {
		file func(int, *cluster.ConfigFile)
		args []string
		says string
		fail bool
	}{
		{secured(""), []string{"restart", "-f", n.ConfigFile()}, "leave out -f, and say how it is reached until it has restarted, with --http " + address, true},
		{secured(""), []string{"restart", "--http", address}, "1 sessions go on", false},
		{inClear, []string{"restart", "-f", n.ConfigFile()}, "with --http https://" + address + " --ca FILE", true},
		{inClear, withTLS, "1 sessions go on", false},
		{secured(tokens), []string{"restart", "--http", address}, "asks who you are", true},
		{secured(tokens), []string{"restart", "-f", n.ConfigFile()}, "1 sessions go on", false},
	} {
		must(t, n.Reconfigure(c.file))
		said, err := runProgram(t, ca.binary, c.args...)
		if (err != nil) != c.fail || !strings.Contains(said, c.says) {
			t.Fatalf("%q: %v: %s", c.args, err, said)
		}
		exec(t, conn, "DO 1")
	}
}
