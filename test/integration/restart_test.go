package integration

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

func TestRestartedNodeRejoinsByItselfOnOtherAddresses(t *testing.T) {
	t.Parallel()
	c := cluster.ForTest(t, options(t, 3))
	home, err := selectLibrary(t.Context(), connect(t, c.Nodes[0]), "cust")
	if err != nil {
		t.Fatal(err)
	}
	followers, err := c.Followers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	leader, err := c.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []*cluster.Node{followers[0], leader} {
		if err := n.Stop(within(t)); err != nil {
			t.Fatalf("stop node %s: %v", n.ID, err)
		}
		elsewhere, err := cluster.FreeAddresses()
		if err != nil {
			t.Fatal(err)
		}
		if err := n.SetAddresses(elsewhere); err != nil {
			t.Fatal(err)
		}
		if err := n.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := c.WaitWhole(t.Context()); err != nil {
			t.Fatal(err)
		}
		checkKnownAt(t, c, n.ID, elsewhere)
		if server, err := selectLibrary(t.Context(), connect(t, n), "cust"); err != nil || server != home {
			t.Fatalf("node %s: server %d instead of %d, %v", n.ID, server, home, err)
		}
	}
}

// checkKnownAt waits until every node's status names the addresses.
func checkKnownAt(t *testing.T, c *cluster.Cluster, id string, a cluster.Addresses) {
	t.Helper()
	err := wait.For(within(t), "every node knows the new addresses", func(ctx context.Context) error {
		for _, n := range c.Nodes {
			s, err := n.Status(ctx)
			if err != nil {
				return err
			}
			if seen, _ := s.Node(id); seen.MySQL != a.MySQL || seen.HTTP != a.HTTP {
				return fmt.Errorf("node %s believes that %s is at %s and %s", n.ID, id, seen.MySQL, seen.HTTP)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFlagsAreHarmlessOnARestart(t *testing.T) {
	t.Parallel()
	c := cluster.ForTest(t, options(t, 1))
	n := c.Nodes[0]
	home, err := selectLibrary(t.Context(), connect(t, n), "cust")
	if err != nil {
		t.Fatal(err)
	}
	for _, flags := range [][]string{{"--bootstrap"}, {"--join", n.Addresses().Cluster}, nil} {
		if err := n.Stop(within(t)); err != nil {
			t.Fatal(err)
		}
		if err := n.Start(t.Context(), flags...); err != nil {
			t.Fatalf("start with %q: %v", flags, err)
		}
		if server, err := selectLibrary(t.Context(), connect(t, n), "cust"); err != nil || server != home {
			t.Fatalf("after a start with %q: server %d instead of %d, %v", flags, server, home, err)
		}
	}
}

func TestDataDirectoryOfAnotherClusterIsRefused(t *testing.T) {
	t.Parallel()
	o := options(t, 1)
	ours, theirs := cluster.ForTest(t, o), cluster.ForTest(t, o)
	n := theirs.Nodes[0]
	ids := []string{clusterID(t, ours.Nodes[0]), clusterID(t, n)}
	if err := n.Stop(within(t)); err != nil {
		t.Fatal(err)
	}
	if err := n.Launch("--join", ours.Nodes[0].Addresses().Cluster); err != nil {
		t.Fatal(err)
	}
	select {
	case <-n.Process().Done():
	case <-within(t).Done():
		t.Fatalf("a node of another cluster was not refused\n%s", n.LogTail())
	}
	if n.Process().Err() == nil {
		t.Fatal("the refused node ended with exit code 0")
	}
	lines := strings.Split(strings.TrimSpace(n.LogTail()), "\n")
	for _, id := range ids {
		if last := lines[len(lines)-1]; !strings.Contains(last, id) {
			t.Errorf("the error does not name the cluster %s: %s", id, last)
		}
	}
	// Nothing happened to either.
	if err := ours.WaitWhole(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func clusterID(t *testing.T, n *cluster.Node) string {
	t.Helper()
	s, err := n.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.ClusterID == "" {
		t.Fatalf("node %s belongs to no cluster", n.ID)
	}
	return s.ClusterID
}
