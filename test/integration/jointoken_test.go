package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
)

// closedCluster has one member that wants tokens of new nodes. Further are nodes with
// the config files of further ones, which do not run yet.
func closedCluster(t *testing.T, change func(int, *cluster.ConfigFile)) (member *cluster.Node, further []*cluster.Node, create func(args ...string) string) {
	t.Helper()
	binary, err := cluster.Binary()
	must(t, err)
	dir := t.TempDir()
	run := func(args ...string) string {
		out, err := cluster.Run(within(t), binary, args...)
		must(t, err)
		return out
	}
	keys := filepath.Join(dir, "join.key")
	must(t, os.WriteFile(keys, []byte(run("token", "keygen")), 0o600))
	o := options(t, 1)
	o.Change = func(index int, c *cluster.ConfigFile) {
		c.Cluster.JoinKeyFile = keys
		change(index, c)
	}
	member = cluster.ForTest(t, o).Nodes[0]
	o.Nodes, o.Change = 3, change
	others, err := cluster.New(o)
	must(t, err)
	cluster.CleanUp(t, others)
	create = func(args ...string) string {
		file := filepath.Join(t.TempDir(), "token")
		must(t, os.WriteFile(file, []byte(run(append([]string{"token", "create", "-f", member.ConfigFile()}, args...)...)), 0o600))
		return file
	}
	return member, others.Nodes[1:], create
}

func refusesToStart(t *testing.T, n *cluster.Node, says string, flags ...string) {
	t.Helper()
	if err := n.Start(within(t), flags...); err == nil {
		t.Fatalf("node %s has joined with %q", n.ID, flags)
	}
	if tail := n.LogTail(); !strings.Contains(tail, says) {
		t.Errorf("with %q it does not say %q: %s", flags, says, tail)
	}
}

func TestNodesJoinWithTokensOnly(t *testing.T) {
	t.Parallel()
	member, further, create := closedCluster(t, func(int, *cluster.ConfigFile) {})
	n2, n3 := further[0], further[1]
	join := []string{"--join", member.Addresses().Cluster}
	with := func(file string) []string { return append([]string{"--join-token-file", file}, join...) }
	refusesToStart(t, n2, "mysqlda token create --node n2", join...)
	refusesToStart(t, n2, `it is for node \"n9\", and node \"n2\" shows it`, with(create("--node", "n9"))...)
	loose := create()
	must(t, os.Chmod(loose, 0o644))
	refusesToStart(t, n2, "chmod 600", with(loose)...)
	refusesToStart(t, n2, "no such file", with(loose+"-not")...)
	forged := create()
	text, err := os.ReadFile(forged)
	must(t, err)
	must(t, os.WriteFile(forged, []byte(strings.Replace(string(text), ".", ".A", 2)), 0o600))
	refusesToStart(t, n2, "not one of this cluster's", with(forged)...)

	token := create("--node", "n2")
	must(t, n2.Start(t.Context(), with(token)...))
	// A restart needs no token, and does not look for one.
	must(t, n2.Stop(within(t)))
	must(t, os.Remove(token))
	must(t, n2.Start(t.Context(), with(token)...))

	// By command, through the member that does not lead: it has no key itself.
	must(t, n3.Launch())
	waitLogged(t, n3, "belongs to no cluster yet", 1)
	if _, err := n3.CLI(within(t), "join", "--via", n2.Addresses().Cluster); err == nil || !strings.Contains(err.Error(), "--join-token-file") {
		t.Errorf("without a token: %v", err)
	}
	cli(t, n3, "join", "--via", n2.Addresses().Cluster, "--join-token-file", create("--node", "n3", "--ttl", "10m"))
	must(t, n3.WaitReady(t.Context()))
	for _, n := range []*cluster.Node{member, n2, n3} {
		log, err := os.ReadFile(n.LogFile())
		must(t, err)
		if strings.Contains(string(log), "mysqlda-join-1.") {
			t.Errorf("node %s has logged a token", n.ID)
		}
	}
}

func TestCertificatesLetNodesJoinUnlessTokensAreWantedAlways(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	ca.nodes(t, 3)
	always := ""
	member, further, create := closedCluster(t, func(index int, c *cluster.ConfigFile) {
		ca.secure("required")(index, c)
		if c.Cluster.JoinKeyFile != "" {
			c.Cluster.JoinToken = always
		}
	})
	n2, n3 := further[0], further[1]
	join := []string{"--join", member.Addresses().Cluster}
	must(t, n2.Start(t.Context(), join...))
	always = "always"
	must(t, member.SetAddresses(member.Addresses()))
	must(t, member.Restart(t.Context()))
	must(t, n2.WaitReady(t.Context()))
	refusesToStart(t, n3, "mysqlda token create --node n3", join...)
	must(t, n3.Start(t.Context(), append([]string{"--join-token-file", create("--node", "n3")}, join...)...))
}
