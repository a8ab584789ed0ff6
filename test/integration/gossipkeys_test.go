package integration

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// gossipKeys are the key files of nodes, one for each.
type gossipKeys struct{ dir string }

func (g gossipKeys) file(id string) string { return filepath.Join(g.dir, id+".gossip") }

func (g gossipKeys) write(t *testing.T, id string, keys ...string) {
	t.Helper()
	replaceFile(t, g.file(id), []byte(strings.Join(keys, "\n")+"\n"))
}

// encrypt is for cluster.Options.Change.
func (g gossipKeys) encrypt(index int, c *cluster.ConfigFile) {
	c.Cluster.GossipKeyFile = g.file(fmt.Sprintf("n%d", index+1))
}

func newGossipKey(t *testing.T) string {
	t.Helper()
	binary, err := cluster.Binary()
	must(t, err)
	out, err := cluster.Run(within(t), binary, "gossip", "keygen")
	must(t, err)
	return strings.TrimSpace(out)
}

// waitLogged waits until a node has written text to its log, at least so many times.
func waitLogged(t *testing.T, n *cluster.Node, text string, times int) {
	t.Helper()
	must(t, wait.For(within(t), fmt.Sprintf("node %s logs %q", n.ID, text), func(context.Context) error {
		log, err := os.ReadFile(n.LogFile())
		if seen := strings.Count(string(log), text); err == nil && seen < times {
			err = fmt.Errorf("%d times of %d", seen, times)
		}
		return err
	}))
}

func TestGossipKeysChangeOnARunningCluster(t *testing.T) {
	t.Parallel()
	keys := gossipKeys{t.TempDir()}
	first, second := newGossipKey(t), newGossipKey(t)
	for _, id := range []string{"n1", "n2", "n3"} {
		keys.write(t, id, first)
	}
	o := options(t, 3)
	o.Change = keys.encrypt
	c := cluster.ForTest(t, o)
	for step, lines := range [][]string{{first, second}, {second, first}, {second}} {
		for _, n := range c.Nodes {
			keys.write(t, n.ID, lines...)
			waitLogged(t, n, "gossip keys changed", step+1)
			must(t, c.WaitWhole(within(t)))
		}
	}
	// A node that comes back knows the new key only, and so do those that it meets.
	must(t, c.Nodes[2].Restart(t.Context()))
	must(t, c.WaitWhole(within(t)))
	// One with the old key is not met, and the others say why.
	must(t, c.Nodes[2].Stop(within(t)))
	keys.write(t, "n3", first)
	must(t, c.Nodes[2].Launch())
	waitLogged(t, c.Nodes[0], "no installed keys could decrypt the message", 1)
	waitLogged(t, c.Nodes[2], "no installed keys could decrypt the message", 1)
	for _, n := range c.Nodes {
		log, err := os.ReadFile(n.LogFile())
		must(t, err)
		if strings.Contains(string(log), first) || strings.Contains(string(log), second) {
			t.Errorf("node %s has logged a key", n.ID)
		}
	}
	// With the right one it is met, without a restart.
	keys.write(t, "n3", second)
	must(t, c.WaitWhole(within(t)))
}

func TestRunningClusterStartsToEncryptItsGossip(t *testing.T) {
	t.Parallel()
	keys := gossipKeys{t.TempDir()}
	key := newGossipKey(t)
	c := cluster.ForTest(t, options(t, 3))
	for _, lines := range [][]string{{"plain", key}, {key, "plain"}, {key}} {
		for _, n := range c.Nodes {
			keys.write(t, n.ID, lines...)
			must(t, n.Stop(within(t)))
			must(t, n.Reconfigure(keys.encrypt))
			must(t, n.Start(t.Context()))
			must(t, c.WaitWhole(within(t)))
		}
	}
	for _, n := range c.Nodes {
		waitLogged(t, n, `"sends_plain": false, "takes_plain": false`, 1)
	}
}

func TestNodesWithAnotherGossipKeyDoNotJoin(t *testing.T) {
	t.Parallel()
	keys := gossipKeys{t.TempDir()}
	right := newGossipKey(t)
	o := options(t, 1)
	o.Change = keys.encrypt
	keys.write(t, "n1", right)
	member := cluster.ForTest(t, o).Nodes[0]
	o.Nodes, o.Dir = 2, t.TempDir()
	others, err := cluster.New(o)
	must(t, err)
	cluster.CleanUp(t, others)
	n := others.Nodes[1]
	join := []string{"--join", member.Addresses().Cluster}
	keys.write(t, "n2", newGossipKey(t))
	if err := n.Start(within(t), join...); err == nil {
		t.Fatal("a node with another key has joined")
	}
	if tail := n.LogTail(); !strings.Contains(tail, "give it the cluster.gossip_key_file of the members") {
		t.Errorf("it does not say why: %s", tail)
	}
	must(t, n.Reconfigure(nil))
	if err := n.Start(within(t), join...); err == nil {
		t.Fatal("a node without a key has joined")
	}
	if tail := n.LogTail(); !strings.Contains(tail, "node n2 uses no key") {
		t.Errorf("it does not say why: %s", tail)
	}
	keys.write(t, "n2", right)
	must(t, n.Reconfigure(keys.encrypt))
	must(t, os.Chmod(keys.file("n2"), 0o640))
	if err := n.Start(within(t), join...); err == nil || !strings.Contains(n.LogTail(), "chmod 600") {
		t.Errorf("a key that others may read: %v: %s", err, n.LogTail())
	}
	must(t, os.Chmod(keys.file("n2"), 0o600))
	must(t, n.Start(within(t), join...))
}
