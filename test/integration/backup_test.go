package integration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// offline runs a command that asks no node, and returns what it printed.
func offline(t *testing.T, args ...string) (string, error) {
	t.Helper()
	binary, err := cluster.Binary()
	must(t, err)
	return cluster.Run(within(t), binary, args...)
}

// inspected is what `mysqlda inspect -o json` says of a backup or a directory.
type inspected struct {
	Digest     string `json:"digest"`
	Placements uint64 `json:"placements"`
	Placement  struct {
		Library string `json:"library"`
	} `json:"placement"`
	NodeID    string `json:"node_id"`
	ClusterID string `json:"cluster_id"`
	LastIndex uint64 `json:"last_index"`
	LastTerm  uint64 `json:"last_term"`
}

func inspect(t *testing.T, args ...string) (i inspected) {
	t.Helper()
	out, err := offline(t, append([]string{"inspect", "-o", "json"}, args...)...)
	must(t, err)
	must(t, json.Unmarshal([]byte(out), &i))
	return i
}

// acknowledged is where the core objects live that were answered so far.
func (a *answers) acknowledged() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.server)
}

// checkAcknowledged asks every node where the core objects live.
func checkAcknowledged(t *testing.T, nodes []*cluster.Node, want map[string]int) {
	t.Helper()
	for _, n := range nodes {
		conn := connect(t, n)
		for core, server := range want {
			if got, err := selectLibrary(within(t), conn, core); err != nil || got != server {
				t.Fatalf("node %s: %s lives in %d (%v), %d was acknowledged", n.ID, core, got, err, server)
			}
		}
	}
}

func TestABackupUnderLoadIsRestoredAsANewCluster(t *testing.T) {
	t.Parallel()
	o := options(t, 3)
	c := cluster.ForTest(t, o)
	l := startLoad(t, c.Nodes, fewSessions)
	dir := t.TempDir()
	var file string
	var before map[string]int
	for _, n := range c.Nodes { // the last one is restored
		l.progress(t, 4*fewSessions)
		before = l.answers.acknowledged()
		file = filepath.Join(dir, n.ID+".backup")
		said := cli(t, n, "backup", file)
		if i := inspect(t, file); !strings.Contains(said, i.Digest) || i.Placements < uint64(len(before)) {
			t.Errorf("%d placements were acknowledged; the backup has %+v; the command said %q", len(before), i, said)
		}
	}
	info, err := os.Stat(file)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the mode of a backup is %s", info.Mode())
	}
	if out, err := c.Nodes[0].CLI(within(t), "backup", file); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("over an existing file: %q, %v", out, err)
	}
	oldCluster := clusterID(t, c.Nodes[0])
	l.end()

	restored, err := cluster.New(o)
	must(t, err)
	cluster.CleanUp(t, restored)
	first := restored.Nodes[0]
	out, err := offline(t, "restore", file, "-f", first.ConfigFile())
	must(t, err)
	t.Log(out)
	must(t, first.Start(t.Context()))
	for _, n := range restored.Nodes[1:] {
		must(t, n.Start(t.Context(), "--join", first.Addresses().Cluster))
	}
	must(t, restored.WaitWhole(t.Context()))
	if id := clusterID(t, first); id == oldCluster {
		t.Error("the new cluster has the old one's id")
	}
	again := filepath.Join(dir, "again.backup")
	cli(t, restored.Nodes[2], "backup", again)
	if was, is := inspect(t, file), inspect(t, again); was.Digest != is.Digest || was.Placements != is.Placements {
		t.Errorf("the backup was %+v, the restored cluster's is %+v", was, is)
	}
	checkAcknowledged(t, restored.Nodes, before)
	if _, err := selectLibrary(t.Context(), connect(t, restored.Nodes[1]), "born-after"); err != nil {
		t.Errorf("a new object: %v", err)
	}
	checkSameState(t, restored)

	// Nodes of the old cluster and of the new one do not mix.
	stray := c.Nodes[2]
	must(t, stray.Stop(within(t)))
	checkRefused(t, stray, first)
}

// checkRefused starts a stopped node with the order to join the cluster of
// another one, and waits until it has ended because it belongs elsewhere.
func checkRefused(t *testing.T, stray, via *cluster.Node) {
	t.Helper()
	must(t, stray.Launch("--join", via.Addresses().Cluster))
	select {
	case <-stray.Process().Done():
	case <-within(t).Done():
		t.Fatalf("a node of another cluster was not refused\n%s", stray.LogTail())
	}
	if stray.Process().Err() == nil || !strings.Contains(stray.LogTail(), "different clusters") {
		t.Errorf("the refused node ended with %v\n%s", stray.Process().Err(), stray.LogTail())
	}
}

// recoverFrom recovers a cluster from a node that has ended, and lets the others
// join with empty data directories.
func recoverFrom(t *testing.T, c *cluster.Cluster, survivor *cluster.Node) {
	t.Helper()
	was := inspect(t, survivor.DataDir())
	if was.NodeID != survivor.ID || was.LastIndex == 0 || was.LastTerm == 0 {
		t.Errorf("the survivor's directory: %+v", was)
	}
	out, err := offline(t, "recover", "-f", survivor.ConfigFile())
	if err == nil || !strings.Contains(out, fmt.Sprintf("%d of term %d", was.LastIndex, was.LastTerm)) || inspect(t, survivor.DataDir()) != was {
		t.Fatalf("without --yes: %v\n%s", err, out)
	}
	out, err = offline(t, "recover", "-f", survivor.ConfigFile(), "--yes", "-o", "json")
	must(t, err)
	var recovered struct {
		LastIndex uint64 `json:"last_index"`
		LastTerm  uint64 `json:"last_term"`
		Founded   struct{ Node string }
	}
	if err := json.Unmarshal([]byte(out), &recovered); err != nil ||
		recovered.LastIndex != was.LastIndex || recovered.LastTerm != was.LastTerm || recovered.Founded.Node != survivor.ID {
		t.Errorf("recover as JSON: %v\n%s", err, out)
	}
	if is := inspect(t, survivor.DataDir()); is.ClusterID == was.ClusterID || is.LastIndex != was.LastIndex {
		t.Errorf("the directory was %+v and is %+v", was, is)
	}
	must(t, survivor.Start(t.Context()))
	others := without(c, survivor).Nodes

	// The old members cannot harm: one is refused, and one that waits for its old
	// cluster serves nobody.
	checkRefused(t, others[0], survivor)
	must(t, others[1].Launch())
	waitStatus(t, others[1], "the old member runs", func(s cluster.Status) bool { return s.ClusterID == was.ClusterID })
	for _, n := range others {
		if n.Running() {
			if s, err := n.Status(within(t)); err != nil || s.Leader != "" {
				t.Errorf("the old member: %+v, %v", s, err)
			}
			must(t, n.Kill())
		}
		must(t, os.RemoveAll(n.DataDir()))
		must(t, n.Start(t.Context(), "--join", survivor.Addresses().Cluster))
	}
	must(t, c.WaitWhole(t.Context()))
}

func TestASurvivorThatLedKeepsEverythingWhenTheOthersAreLost(t *testing.T) {
	t.Parallel()
	c := cluster.ForTest(t, options(t, 3))
	l := startLoad(t, c.Nodes, fewSessions)
	l.progress(t, 8*fewSessions)
	survivor := leaderOf(t, c)
	for _, n := range without(c, survivor).Nodes {
		must(t, n.Kill())
	}
	waitStatus(t, survivor, "the majority is missed", func(s cluster.Status) bool { return s.Leader == "" })
	if _, err := offline(t, "recover", "-f", survivor.ConfigFile(), "--yes"); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("recovery of a node that runs: %v", err)
	}
	must(t, survivor.Kill())
	recoverFrom(t, c, survivor)
	l.progress(t, fewSessions) // the sessions find their way by themselves
	l.check(t, c)
}

func TestASurvivorThatLaggedKeepsWhatItHad(t *testing.T) {
	t.Parallel()
	c := cluster.ForTest(t, options(t, 3))
	followers, err := c.Followers(t.Context())
	must(t, err)
	survivor := followers[0]
	others := without(c, survivor)

	l := startLoad(t, c.Nodes, fewSessions)
	l.progress(t, 4*fewSessions)
	l.end()
	had := l.answers.acknowledged()
	err = wait.For(within(t), "the follower has everything", func(ctx context.Context) error {
		leader, err := leaderOf(t, c).Status(ctx)
		own, ownErr := survivor.Status(ctx)
		if err := errors.Join(err, ownErr); err != nil {
			return err
		}
		if own.Placements != leader.Placements {
			return fmt.Errorf("%d of %d placements", own.Placements, leader.Placements)
		}
		return nil
	})
	must(t, err)
	must(t, survivor.Pause())
	lost := make(map[string]int)
	conn := connect(t, leaderOf(t, others))
	for i := range 20 {
		core := fmt.Sprintf("only-with-the-others-%d", i)
		lost[core], err = selectLibrary(within(t), conn, core)
		must(t, err)
	}
	for _, n := range others.Nodes {
		must(t, n.Kill())
	}
	must(t, survivor.Resume())
	must(t, survivor.Kill())
	recoverFrom(t, c, survivor)
	checkAcknowledged(t, c.Nodes, had)
	for core := range lost {
		if home, err := survivor.Locate(within(t), core); err != nil || home != "" {
			t.Errorf("%s was decided without the survivor, which has it in %q: %v", core, home, err)
		}
	}
	checkSameState(t, c)
}
