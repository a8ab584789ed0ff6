package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mysqlda/mysqlda/fsm"
)

// killed is what a node's sessions were asked.
type killed struct {
	mu    sync.Mutex
	calls []string
}

// sessionsOf gives a node one session, of calvin's.
func (k *killed) sessionsOf(n *Node, session uint32) {
	n.OnKill(func(_ context.Context, id uint32, user string, statementOnly bool) (bool, error) {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.calls = append(k.calls, fmt.Sprintf("%s %d %s %v", n.ID(), id, user, statementOnly))
		if user == "susie" {
			return true, errors.New("the server is down")
		}
		return id == session && user == "calvin", nil
	})
}

func TestKillReachesTheNodeOfTheNumber(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, nil)
	var got killed
	numbers := map[uint16]bool{}
	for _, n := range nodes {
		if number := n.NodeNumber(); number == 0 || number > fsm.MaxNodeNumber || numbers[number] {
			t.Fatalf("%s has the number %d", n.ID(), number)
		}
		numbers[n.NodeNumber()] = true
	}
	want := []string{}
	for i, to := range nodes {
		if found, err := nodes[0].Kill(within(t, patience), to.NodeNumber(), 7, "calvin", false); found || err != nil {
			t.Errorf("%s serves no clients yet: %v, %v", to.ID(), found, err)
		}
		session := uint32(1<<30 + i)
		got.sessionsOf(to, session)
		for _, from := range nodes {
			for _, statementOnly := range []bool{false, true} {
				if found, err := from.Kill(within(t, patience), to.NodeNumber(), session, "calvin", statementOnly); !found || err != nil {
					t.Errorf("%s asks %s: %v, %v", from.ID(), to.ID(), found, err)
				}
				want = append(want, fmt.Sprintf("%s %d calvin %v", to.ID(), session, statementOnly))
			}
			if found, err := from.Kill(within(t, patience), to.NodeNumber(), session, "hobbes", false); found || err != nil {
				t.Errorf("%s asks %s for a stranger: %v, %v", from.ID(), to.ID(), found, err)
			}
			want = append(want, fmt.Sprintf("%s %d hobbes false", to.ID(), session))
			if found, err := from.Kill(within(t, patience), to.NodeNumber(), session, "susie", true); !found || err == nil || err.Error() != "the server is down" {
				t.Errorf("%s asks %s for what fails: %v, %v", from.ID(), to.ID(), found, err)
			}
			want = append(want, fmt.Sprintf("%s %d susie true", to.ID(), session))
		}
	}
	if !slices.Equal(got.calls, want) {
		t.Errorf("asked\n%q\nwant\n%q", got.calls, want)
	}
	for _, number := range []uint16{0, 4, fsm.MaxNodeNumber, 1<<16 - 1} {
		if found, err := nodes[0].Kill(within(t, patience), number, 7, "calvin", false); found || err != nil {
			t.Errorf("number %d: %v, %v", number, found, err)
		}
	}
}

func TestKillNamesTheNodeThatIsNotReached(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, nil)
	number := nodes[2].NodeNumber()
	kill(t, nodes[2])
	found, err := nodes[0].Kill(within(t, patience), number, 7, "calvin", false)
	if found || err == nil || !strings.Contains(err.Error(), "of node "+nodes[2].ID()) {
		t.Errorf("got %v, %v", found, err)
	}
}

func TestNodeWithoutClusterHasNoNumber(t *testing.T) {
	t.Parallel()
	n := openNode(t, fastConfig(t, "n1"))
	if number := n.NodeNumber(); number != 0 {
		t.Errorf("it has the number %d", number)
	}
	if _, err := n.Kill(within(t, patience), 1, 7, "calvin", false); !errors.Is(err, ErrNotMember) {
		t.Errorf("got %v", err)
	}
}

func TestNumbersStayOverRestartsAndAreGivenAgainAfterRemoval(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, nil)
	before := nodes[1].NodeNumber()
	closeNode(t, nodes[1])
	nodes[1] = openNode(t, nodes[1].cfg) // on other ports
	waitReady(t, nodes[1])
	waitVoters(t, nodes...)
	if number := nodes[1].NodeNumber(); number != before {
		t.Errorf("after a restart the number is %d, was %d", number, before)
	}
	if err := nodes[1].Leave(within(t, patience)); err != nil {
		t.Fatal(err)
	}
	fourth := openNode(t, fastConfig(t, "n4"))
	join(t, fourth, nodes[0].Addr())
	waitReady(t, fourth)
	if number := fourth.NodeNumber(); number != before {
		t.Errorf("the new node has the number %d, %d is free", number, before)
	}
}

// What a node announces of itself has no number. A leader that took that for a
// change would write the node anew for ever.
func TestNumbersDoNotMakeTheLogGrow(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 2, func(c *Config) { c.CheckpointInterval = patience })
	leader, _ := split(t, nodes)
	m := leader.member.Load()
	if err := m.reconcileMembers(within(t, patience)); err != nil {
		t.Fatal(err)
	}
	before := m.raft.LastIndex()
	if err := m.reconcileMembers(within(t, patience)); err != nil {
		t.Fatal(err)
	}
	if after := m.raft.LastIndex(); after != before {
		t.Errorf("the log has grown from %d to %d", before, after)
	}
}
