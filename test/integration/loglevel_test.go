package integration

import (
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
)

func TestLogLevelOfANodeChangesUntilItRestarts(t *testing.T) {
	t.Parallel()
	c, err := cluster.Start(t.Context(), options(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	cluster.CleanUp(t, c)
	n := c.Nodes[0]
	before := strings.TrimSpace(cli(t, n, "log", "level"))
	if before == "error" {
		t.Fatal("the level of the test's node is the one that the test sets")
	}
	if said := cli(t, n, "log", "level", "error"); !strings.Contains(said, "logs at level error until it restarts") {
		t.Errorf("said %q", said)
	}
	if got := strings.TrimSpace(cli(t, n, "log", "level")); got != "error" {
		t.Errorf("the level is %q", got)
	}
	if said, err := n.CLI(within(t), "log", "level", "loud"); err == nil {
		t.Errorf("a level that there is not was set: %q", said)
	}
	if err := n.Restart(within(t)); err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(cli(t, n, "log", "level")); got != before {
		t.Errorf("after the restart the level is %q, not %q", got, before)
	}
}
