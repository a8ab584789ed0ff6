package cluster

import (
	"fmt"
	"testing"
)

// TestANodeVotesForOneThatItDoesNotKnowYet replaces a node while another one is down.
// That one comes back when the leader is lost for good: with its vote, and only with
// it, the new node can be elected, which it has never heard of.
func TestANodeVotesForOneThatItDoesNotKnowYet(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, nil)
	leader, others := split(t, nodes)
	behind, replaced := others[0], others[1]
	cfg := behind.cfg
	cfg.Listen = behind.Addr() // where others still look for it
	closeNode(t, behind)

	fresh := openNode(t, fastConfig(t, "n4"))
	join(t, fresh, leader.Addr())
	votes := func(n *Node) error {
		for _, s := range leader.Status().Nodes {
			if s.ID == n.ID() && s.Voter {
				return nil
			}
		}
		return fmt.Errorf("the leader sees %+v", leader.Status().Nodes)
	}
	eventually(t, "the new node to vote", func() error { return votes(fresh) })
	if err := replaced.Leave(within(t, patience)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other to be gone", func() error {
		if votes(replaced) == nil {
			return fmt.Errorf("%s still votes", replaced.ID())
		}
		return nil
	})
	resolve1(t, leader, "alice")
	kill(t, leader)

	back := openNode(t, cfg)
	waitReady(t, back, fresh)
	if p, ok := back.machine.Locate("alice"); !ok {
		t.Errorf("it does not know what was decided meanwhile: %+v", p)
	}
}
