package cluster

import (
	"errors"
	"fmt"
	"testing"
)

func TestLeavingLeaderHandsOver(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, nil)
	leader, others := split(t, nodes)
	if err := leader.Leave(within(t, patience)); err != nil {
		t.Fatal(err)
	}
	waitVoters(t, others...)
	resolve1(t, others[0], "after-leaving")
	closeNode(t, leader)
	if _, err := Open(within(t, patience), leader.cfg); !errors.Is(err, ErrLeft) {
		t.Errorf("the directory of a node that has left: %v", err)
	}
	cfg := fastConfig(t, leader.ID())
	again := openNode(t, cfg)
	if err := again.Join(within(t, patience), []string{others[0].Addr()}); !errors.Is(err, ErrRemoved) {
		t.Errorf("its id joins again: %v", err)
	}

	if err := others[0].Leave(within(t, patience)); err != nil {
		t.Fatal(err)
	}
	waitVoters(t, others[1])
	if err := others[1].Leave(within(t, patience)); !errors.Is(err, ErrLastNode) {
		t.Errorf("the last node leaves: %v", err)
	}
	resolve1(t, others[1], "on-the-last-node")
}

func TestRemovedNodeIsToldSo(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, nil)
	_, others := split(t, nodes)
	gone, via := others[0], others[1]
	if err := via.Remove(within(t, patience), via.ID()); err == nil {
		t.Error("a node removed itself")
	}
	if err := via.Remove(within(t, patience), "n9"); !errors.Is(err, ErrUnknownNode) {
		t.Errorf("removing a node that does not exist: %v", err)
	}
	if err := via.Remove(within(t, patience), gone.ID()); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-gone.Fatal():
		if !errors.Is(err, ErrRemoved) {
			t.Errorf("it is told %v", err)
		}
	case <-within(t, patience).Done():
		t.Error("it is not told")
	}
	eventually(t, "the node to be gone", func() error {
		for _, n := range nodes {
			if s := n.Status(); n != gone && len(s.Nodes) != 2 {
				return fmt.Errorf("%s sees %+v", n.ID(), s.Nodes)
			}
		}
		return nil
	})
}

func TestRemovalThatWouldLoseTheQuorumIsRefused(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, nil)
	leader, others := split(t, nodes)
	kill(t, others[0])
	if err := leader.Remove(within(t, patience), others[1].ID()); !errors.Is(err, ErrQuorum) {
		t.Fatalf("removing a living node while another is dead: %v", err)
	}
	if err := leader.Remove(within(t, patience), others[0].ID()); err != nil {
		t.Fatalf("removing the dead node: %v", err)
	}
	waitVoters(t, leader, others[1])
	resolve1(t, others[1], "with-two-nodes")
}

func TestInterruptedRemovalIsFinished(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, nil)
	leader, others := split(t, nodes)
	command := removeNodeCommand(t, others[0].ID())
	if _, _, err := leader.member.Load().apply(command); err != nil {
		t.Fatal(err)
	}
	eventually(t, "Raft to forget the node too", func() error {
		if _, ok := leader.member.Load().server(others[0].ID()); ok {
			return errors.New("it is still in Raft's configuration")
		}
		return nil
	})
}

func TestClosingLeaderHandsOver(t *testing.T) {
	t.Parallel()
	// With timeouts this long only a hand-over can give a new leader in time.
	nodes := startCluster(t, 3, func(c *Config) { c.Raft = RaftConfig{} })
	leader, others := split(t, nodes)
	closeNode(t, leader)
	if _, err := others[0].Resolve(within(t, leader.cfg.Raft.HeartbeatTimeout/2), "right-after"); err != nil {
		t.Errorf("an assignment right after the leader was closed: %v", err)
	}
}

func TestInterruptedRemovalOfTheLeaderIsFinishedByTheNext(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, nil)
	leader, others := split(t, nodes)
	command := removeNodeCommand(t, leader.ID())
	if _, _, err := leader.member.Load().apply(command); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-leader.Fatal():
		if !errors.Is(err, ErrRemoved) {
			t.Errorf("it is told %v", err)
		}
	case <-within(t, patience).Done():
		t.Error("the removed node leads on")
	}
	waitVoters(t, others...)
}

func TestLeavingAndClosingAtTheSameTime(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 2, nil)
	_, others := split(t, nodes)
	g := others[0].member.Load().gossip
	closeNode(t, others[0])
	g.leave(within(t, patience)) // memberlist would panic
}
