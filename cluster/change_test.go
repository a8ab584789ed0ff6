package cluster

import (
	"errors"
	"fmt"
	"testing"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
	"github.com/mysqlda/mysqlda/fsm"
)

func TestSettingsChangeThroughEveryNode(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, nil)
	ctx := within(t, patience)
	events := nodes[1].Watch(ctx)
	for i, n := range nodes {
		share, balance := uint32(300+i), fsm.Balance(i%2)
		if err := n.ChangeSettings(ctx, fsm.ChangeSettings{MaxShareMille: &share, Balance: &balance}); err != nil {
			t.Fatalf("through %s: %v", n.ID(), err)
		}
		if s := n.Settings(); s.MaxShareMille != share || s.Balance != balance {
			t.Errorf("%s made the change and has %+v", n.ID(), s)
		}
		eventually(t, "the settings everywhere", func() error {
			for _, other := range nodes {
				if s := other.Settings(); s.MaxShareMille != share || s.Balance != balance || s.User != seed().Settings.User {
					return fmt.Errorf("%s has %+v", other.ID(), s)
				}
			}
			return nil
		})
		select {
		case <-events:
		case <-ctx.Done():
			t.Fatal("no event for the change")
		}
		for _, bad := range []fsm.ChangeSettings{{}, {MaxShareMille: new(uint32(1001))}, {MaxShareMille: new(uint32(400)), Balance: new(fsm.Balance(2))}} {
			if err := n.ChangeSettings(ctx, bad); !errors.Is(err, fsm.ErrBadChange) {
				t.Errorf("%s took %+v: %v", n.ID(), bad, err)
			}
		}
		if s := n.Settings(); s.MaxShareMille != share {
			t.Errorf("half of a bad change was made: %+v", s)
		}
	}
}

func TestSettingsOfNoClusterCannotChange(t *testing.T) {
	t.Parallel()
	n := openNode(t, fastConfig(t, "n1"))
	if err := n.ChangeSettings(within(t, patience), fsm.ChangeSettings{MaxShareMille: new(uint32(300))}); !errors.Is(err, ErrNotMember) {
		t.Errorf("got %v", err)
	}
}

// The leader does not rely on what other nodes check.
func TestBadSettingsOfAnotherNodeAreRefused(t *testing.T) {
	t.Parallel()
	n := startOne(t, fastConfig(t, "n1"))
	answer, err := (&service{node: n}).ChangeSettings(within(t, patience), &clusterpb.ChangeSettingsRequest{})
	if err != nil || !errors.Is(fsm.ErrorFromProto(answer.GetError()), fsm.ErrBadChange) {
		t.Errorf("got %v, %v", answer, err)
	}
	if answer.GetIndex() != 0 {
		t.Errorf("it was put into the log at %d", answer.GetIndex())
	}
}

// Refusals by the state machine itself come back as they are, also from another
// node.
func TestRefusedSettingsAreToldThroughEveryNode(t *testing.T) {
	t.Parallel()
	first := openNode(t, fastConfig(t, "n1"))
	ctx := within(t, patience)
	b := seed("one")
	b.Settings.Database = ""
	if err := first.Bootstrap(ctx, b); err != nil {
		t.Fatal(err)
	}
	waitReady(t, first)
	second := openNode(t, fastConfig(t, "n2"))
	join(t, second, first.Addr())
	waitVoters(t, first, second)
	for _, n := range []*Node{first, second} {
		err := n.ChangeSettings(ctx, fsm.ChangeSettings{Balance: new(fsm.BalanceData)})
		if !errors.Is(err, fsm.ErrBadChange) {
			t.Errorf("%s: %v", n.ID(), err)
		}
	}
}
