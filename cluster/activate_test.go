package cluster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/cluster/failover"
	"github.com/mysqlda/mysqlda/fsm"
)

const (
	firstOfPair  = "127.0.0.1:3306"
	secondOfPair = "127.0.0.1:3307"
)

func startPair(t *testing.T, size int) []*Node {
	t.Helper()
	nodes := startClusterOf(t, seedFailover(fsm.FailoverOff, fsm.DefaultLease), size, nil)
	for _, n := range nodes {
		n.OnDataPath(servers{})
	}
	return nodes
}

func active(n *Node) string { return n.Libraries().ByName("pair").Active }

func TestAnyNodeActivatesAServer(t *testing.T) {
	t.Parallel()
	nodes := startPair(t, 3)
	for i, n := range nodes {
		server := []string{secondOfPair, firstOfPair}[i%2]
		if err := n.Activate(within(t, patience), failover.Request{Library: "pair", Server: server}); err != nil {
			t.Fatalf("%s activates %s: %v", n.ID(), server, err)
		}
		eventually(t, "every node to know of it", func() error {
			for _, n := range nodes {
				if active(n) != server {
					return fmt.Errorf("%s has %s", n.ID(), active(n))
				}
			}
			return nil
		})
	}
	for _, n := range nodes {
		err := n.Activate(within(t, patience), failover.Request{Library: "none", Server: firstOfPair})
		if !errors.Is(err, fsm.ErrBadChange) {
			t.Errorf("%s activates a server of no library: %v", n.ID(), err)
		}
		err = n.Activate(within(t, patience), failover.Request{Library: "pair", Server: "127.0.0.1:9"})
		if !errors.Is(err, fsm.ErrBadChange) {
			t.Errorf("%s activates a server of no library: %v", n.ID(), err)
		}
	}
}

func TestActivationEndsWithItsContextAndSaysHowFarItIs(t *testing.T) {
	t.Parallel()
	nodes := startPair(t, 2)
	for _, n := range nodes {
		n.OnDataPath(servers{release: func(ctx context.Context, _ uint64) error {
			<-ctx.Done()
			return context.Cause(ctx)
		}})
	}
	_, others := split(t, nodes)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	err := others[0].Activate(ctx, failover.Request{Library: "pair", Server: secondOfPair})
	if err == nil {
		t.Fatal("it succeeded though a node does not let go")
	}
	t.Log(err)
	for _, n := range nodes {
		n.OnDataPath(servers{})
	}
	eventually(t, "it to go on", func() error {
		if active(others[0]) != secondOfPair {
			return errors.New(active(others[0]))
		}
		return nil
	})
}

func TestActivationOutlivesTheLeader(t *testing.T) {
	t.Parallel()
	nodes := startPair(t, 3)
	leader, others := split(t, nodes)
	reached := make(chan struct{})
	var held atomic.Bool
	held.Store(true)
	var first atomic.Bool
	others[0].OnDataPath(servers{release: func(ctx context.Context, _ uint64) error {
		if first.CompareAndSwap(false, true) {
			close(reached)
		}
		if held.Load() {
			<-ctx.Done()
			return context.Cause(ctx)
		}
		return nil
	}})
	done := make(chan error, 1)
	go func() {
		done <- others[1].Activate(within(t, patience), failover.Request{Library: "pair", Server: secondOfPair})
	}()
	select {
	case <-reached:
	case err := <-done:
		t.Fatalf("it was over before the nodes let go: %v", err)
	}
	kill(t, leader)
	held.Store(false)
	// The dead node must let go too, or be gone.
	leader = openNode(t, leader.cfg)
	join(t, leader, others[0].Addr())
	leader.OnDataPath(servers{})
	if err := <-done; err != nil {
		t.Fatalf("after the leader was lost: %v", err)
	}
	if active(others[1]) != secondOfPair {
		t.Errorf("the node that asked has %q", active(others[1]))
	}
}

func TestActivationWithoutALeaderDoesNothing(t *testing.T) {
	t.Parallel()
	nodes := startClusterOf(t, seedFailover(fsm.FailoverOff, fsm.DefaultLease), 2, func(c *Config) { c.DecisionTimeout = time.Second })
	kill(t, nodes[1])
	err := nodes[0].Activate(within(t, patience), failover.Request{Library: "pair", Server: secondOfPair})
	if !errors.Is(err, fsm.ErrNoLeader) || !strings.Contains(err.Error(), "pair") || active(nodes[0]) != firstOfPair {
		t.Errorf("active is %s: %v", active(nodes[0]), err)
	}
	lonely := openNode(t, fastConfig(t, "n9"))
	if err := lonely.Activate(within(t, patience), failover.Request{Library: "pair", Server: secondOfPair}); !errors.Is(err, ErrNotMember) {
		t.Errorf("a lonely node: %v", err)
	}
}
