package cluster

import "testing"

// ForTest starts a cluster that ends with the test.
func ForTest(tb testing.TB, o Options) *Cluster {
	tb.Helper()
	c, err := Start(tb.Context(), o)
	if err != nil {
		tb.Fatalf("start a cluster: %v", err)
	}
	CleanUp(tb, c)
	return c
}

// CleanUp ends the cluster with the test. When the test has failed, the end of
// every node's log is in its output; a data race or a panic in one fails it.
func CleanUp(tb testing.TB, c *Cluster) {
	tb.Helper()
	tb.Cleanup(func() {
		for _, n := range c.Nodes {
			if err := n.CheckLog(); err != nil {
				tb.Error(err)
			}
		}
		if tb.Failed() {
			tb.Log(c.logTails())
		}
		if err := c.Close(); err != nil {
			tb.Errorf("end the cluster: %v", err)
		}
	})
}
