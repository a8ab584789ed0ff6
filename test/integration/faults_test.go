package integration

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/disk"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// errNoLeader is the number of the error that nothing can be decided.
const errNoLeader = 9505

// fewSessions is the load of tests in which the nodes matter and not the crowd.
const fewSessions = 16

func leaderOf(t *testing.T, c *cluster.Cluster) *cluster.Node {
	t.Helper()
	leader, err := c.Leader(within(t))
	if err != nil {
		t.Fatal(err)
	}
	return leader
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// without is the cluster without one of its nodes.
func without(c *cluster.Cluster, gone *cluster.Node) *cluster.Cluster {
	return &cluster.Cluster{Nodes: slices.DeleteFunc(slices.Clone(c.Nodes), func(n *cluster.Node) bool { return n == gone })}
}

func TestLeadersAndAllNodesAreKilledAgainAndAgainUnderLoad(t *testing.T) {
	t.Parallel()
	c := cluster.ForTest(t, options(t, 3))
	l := startLoad(t, c.Nodes, concurrentSessions)
	l.progress(t, concurrentSessions)
	for range 2 {
		leader := leaderOf(t, c)
		must(t, leader.Kill())
		l.progress(t, concurrentSessions) // the others go on
		must(t, leader.Start(t.Context()))
	}
	for range 2 {
		for _, n := range c.Nodes {
			must(t, n.Kill())
		}
		for _, n := range c.Nodes {
			must(t, n.Launch())
		}
		for _, n := range c.Nodes {
			must(t, n.WaitReady(t.Context()))
		}
		l.progress(t, concurrentSessions)
	}
	l.check(t, c)
}

func TestLeaderThatStandsStillInTheMiddleOfCommitsAndGoesOn(t *testing.T) {
	t.Parallel()
	c := cluster.ForTest(t, options(t, 3))
	l := startLoad(t, c.Nodes, fewSessions)
	l.progress(t, fewSessions)
	leader := leaderOf(t, c)
	must(t, leader.Pause())
	// Long enough for the others to choose another leader and to decide without
	// the paused one, which still believes that it leads when it wakes up.
	rest := without(c, leader)
	err := wait.For(within(t), "the others have another leader", func(ctx context.Context) error {
		s, err := rest.Nodes[0].Status(ctx)
		if err == nil && (s.Leader == leader.ID || s.Leader == "") {
			err = fmt.Errorf("the leader is %q", s.Leader)
		}
		return err
	})
	must(t, err)
	l.progress(t, 20*fewSessions)
	must(t, leader.Resume())
	must(t, c.WaitWhole(within(t)))
	l.progress(t, fewSessions)
	l.check(t, c)
}

func TestRollingRestartUnderLoad(t *testing.T) {
	t.Parallel()
	c := cluster.ForTest(t, options(t, 3))
	l := startLoad(t, c.Nodes, fewSessions)
	for _, n := range c.Nodes {
		l.progress(t, fewSessions)
		must(t, n.Restart(within(t)))
		must(t, c.WaitWhole(within(t)))
	}
	l.progress(t, fewSessions)
	l.check(t, c)
	if n := l.refused[errNoLeader]; n > 0 { // leadership is handed over
		t.Errorf("%d sessions were told that there is no leader", n)
	}
}

func TestNodesJoinAndLeaveUnderLoad(t *testing.T) {
	t.Parallel()
	c, err := cluster.New(options(t, 4))
	must(t, err)
	cluster.CleanUp(t, c)
	four := c.Nodes[3]
	three := without(c, four)
	must(t, three.Nodes[0].Start(t.Context(), "--bootstrap"))
	l := startLoad(t, three.Nodes, fewSessions)
	l.progress(t, fewSessions)
	// Two at once, and one after them.
	for _, n := range three.Nodes[1:] {
		must(t, n.Launch("--join", three.Nodes[0].Addresses().Cluster))
	}
	for _, n := range three.Nodes[1:] {
		must(t, n.WaitReady(t.Context()))
	}
	must(t, three.WaitWhole(within(t)))
	must(t, four.Start(t.Context(), "--join", three.Nodes[2].Addresses().Cluster))
	must(t, c.WaitWhole(within(t)))
	l.progress(t, fewSessions)
	leader := leaderOf(t, c)
	cli(t, leader, "leave")
	rest := without(c, leader)
	must(t, rest.WaitWhole(within(t)))
	l.progress(t, fewSessions)
	l.check(t, rest)
}

// smallDisk makes a file system of that many bytes at a directory, for as long
// as the test runs.
func smallDisk(t *testing.T, dir string, size int) {
	t.Helper()
	unmount, err := disk.Small(dir, size)
	if errors.Is(err, disk.ErrUnavailable) {
		t.Skip(err)
	}
	must(t, err)
	t.Cleanup(func() { must(t, unmount()) })
}

// fill writes to the directory until nothing fits in any more, and returns the
// file that takes the room.
func fill(t *testing.T, dir string) string {
	t.Helper()
	ballast, err := disk.Fill(dir)
	must(t, err)
	return ballast
}

func TestLeaderWithAFullDiskStopsWithAClearMessageAndComesBackWithRoom(t *testing.T) {
	t.Parallel()
	o := options(t, 3)
	o.Dir = t.TempDir()
	c, err := cluster.New(o)
	must(t, err)
	full := c.Nodes[0]
	smallDisk(t, full.DataDir(), 8<<20)
	cluster.CleanUp(t, c)
	must(t, full.Start(t.Context(), "--bootstrap"))
	for _, n := range c.Nodes[1:] {
		must(t, n.Start(t.Context(), "--join", full.Addresses().Cluster))
	}
	must(t, c.WaitWhole(within(t)))
	l := startLoad(t, c.Nodes, fewSessions)
	l.progress(t, fewSessions)

	ballast := fill(t, full.DataDir())
	awaitEndOfDisk(t, full)
	l.progress(t, 10*fewSessions) // the others go on

	must(t, os.Remove(ballast))
	must(t, full.Start(t.Context()))
	l.progress(t, fewSessions)
	l.check(t, c)
}

// awaitEndOfDisk waits until a node whose disk is full has ended, and checks what
// it says about it.
func awaitEndOfDisk(t *testing.T, n *cluster.Node) {
	t.Helper()
	last := awaitFailure(t, n)
	for _, part := range []string{"no space left on device", "free space in " + n.DataDir(), "then start the node again"} {
		if !strings.Contains(last, part) {
			t.Errorf("the last words of node %s do not say %q: %s", n.ID, part, last)
		}
	}
}

// awaitFailure waits until a node has ended with exit code 1 and returns its last
// words.
func awaitFailure(t *testing.T, n *cluster.Node) string {
	t.Helper()
	select {
	case <-n.Process().Done():
	case <-within(t).Done():
		t.Fatalf("node %s goes on\n%s", n.ID, n.LogTail())
	}
	if state := n.Process().State(); state != "exit status 1" {
		t.Errorf("node %s ended with %s", n.ID, state)
	}
	if err := n.CheckLog(); err != nil {
		t.Error(err)
	}
	// With a disk that hangs, goroutines of Raft remain, and write to the log at the
	// level debug until the process is gone.
	lines := strings.Split(n.LogTail(), "\n")
	for _, line := range slices.Backward(lines) {
		if strings.HasPrefix(line, "mysqlda: ") {
			return line
		}
	}
	t.Fatalf("node %s ended without a word\n%s", n.ID, n.LogTail())
	return ""
}
