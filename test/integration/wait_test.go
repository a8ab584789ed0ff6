package integration

import (
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
)

func TestCommandsWaitUntilAllNodesKnow(t *testing.T) {
	t.Parallel()
	o := options(t, 3)
	c, err := cluster.New(o)
	if err != nil {
		t.Fatal(err)
	}
	cluster.CleanUp(t, c)
	first, second, third := c.Nodes[0], c.Nodes[1], c.Nodes[2]
	if err := first.Start(t.Context(), "--bootstrap"); err != nil {
		t.Fatal(err)
	}
	if err := second.Start(t.Context(), "--join", first.Addresses().Cluster); err != nil {
		t.Fatal(err)
	}
	if err := third.Launch(); err != nil { // belongs to no cluster yet
		t.Fatal(err)
	}
	waitStatus(t, third, "the lonely node answers", func(cluster.Status) bool { return true })

	const patient = "--timeout=80s"
	if out := cli(t, third, "join", "--via", first.Addresses().Cluster, "--wait", patient); !strings.Contains(out, "all nodes know of it: 3\n") {
		t.Errorf("got %q", out)
	}
	for _, n := range c.Nodes {
		s, err := n.Status(t.Context())
		if joined, _ := s.Node("n3"); err != nil || !joined.Voter {
			t.Errorf("after join --wait %s knows %+v, %v", n.ID, s.Nodes, err)
		}
	}

	added := cli(t, second, "library", "add", "gamma", "--server", o.Libraries[0].Servers[0], "--wait", patient)
	if !strings.Contains(added, "library gamma is added\nall nodes know of it: 3\n") {
		t.Errorf("got %q", added)
	}
	cli(t, first, "settings", "set", "max_share=0.3", "--wait", patient)
	for _, n := range c.Nodes {
		s, err := n.Status(t.Context())
		if _, known := s.Library("gamma"); err != nil || !known || s.Settings.MaxShare != "0.3" {
			t.Errorf("after --wait %s knows %+v, %v", n.ID, s, err)
		}
	}

	// A node that stands still is named, and the change is made all the same.
	if err := third.Pause(); err != nil {
		t.Fatal(err)
	}
	out, err := first.CLI(within(t), "library", "close", "gamma", "--wait", "--timeout", "10s")
	if err == nil || !strings.Contains(err.Error(), "it is done, but after 10s these of 3 nodes do not know of it: ") || !strings.Contains(err.Error(), "n3 (") || !strings.Contains(out, "library gamma gets no new core objects") {
		t.Errorf("got %q, %v", out, err)
	}
	if err := third.Resume(); err != nil {
		t.Fatal(err)
	}
	waitStatus(t, third, "the node is there again", func(s cluster.Status) bool {
		l, _ := s.Library("gamma")
		return l.State == "closed" && s.Leader != ""
	})

	if out := cli(t, third, "leave", "--wait", patient); !strings.Contains(out, "all nodes know of it: 2\n") {
		t.Errorf("got %q", out)
	}
	for _, n := range c.Nodes[:2] {
		if s, err := n.Status(t.Context()); err != nil || len(s.Nodes) != 2 {
			t.Errorf("after leave --wait %s knows %+v, %v", n.ID, s.Nodes, err)
		}
	}
	if _, err := first.CLI(within(t), "library", "open", "gamma", "--timeout", "5s"); err == nil || !strings.Contains(err.Error(), "--timeout goes with --wait only") {
		t.Errorf("got %v", err)
	}
}
