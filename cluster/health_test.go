package cluster

import (
	"fmt"
	"reflect"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
)

func TestEveryNodeLearnsWhatEveryOtherSees(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, nil)
	sees := func(i, round int) []ServerHealth {
		return []ServerHealth{
			{Address: "127.0.0.1:3306", Healthy: (i+round)%2 == 0},
			{Address: fmt.Sprintf("127.0.0.1:%d", 3307+round), Healthy: true},
		}
	}
	for round := range 2 {
		for i, n := range nodes {
			n.SetHealth(sees(i, round))
		}
		eventually(t, "health everywhere", func() error {
			for _, n := range nodes {
				all := n.Health()
				if len(all) != len(nodes) {
					return fmt.Errorf("%s has %+v", n.ID(), all)
				}
				for i, h := range all {
					if !h.Alive || h.NodeID != nodes[i].ID() || !reflect.DeepEqual(h.Servers, sees(i, round)) {
						return fmt.Errorf("%s has %+v", n.ID(), h)
					}
				}
			}
			return nil
		})
	}
	kill(t, nodes[2])
	eventually(t, "the dead node's view to be marked", func() error {
		if h := nodes[0].Health()[2]; h.Alive {
			return fmt.Errorf("%+v", h)
		}
		return nil
	})
}

func TestHealthSurvivesLossAndDisorder(t *testing.T) {
	none := func(string) bool { return false }
	a, b := newHealthBoard("a", 1, noObjects), newHealthBoard("b", 1, noObjects)
	servers := func() []ServerHealth { return b.view(none)[0].Servers }

	first := a.set([]ServerHealth{{"one", true}, {"two", true}})
	second := a.set([]ServerHealth{{"one", false}, {"three", true}})
	if len(first) != 2 || len(second) != 3 {
		t.Fatalf("%d and %d messages", len(first), len(second))
	}
	if again := a.set([]ServerHealth{{"one", false}, {"three", true}}); len(again) != 0 {
		t.Errorf("%d messages though nothing changed", len(again))
	}
	for _, p := range second { // the newer ones come first
		b.merge(p)
	}
	for _, p := range append(first, second...) {
		b.merge(p)
	}
	want := []ServerHealth{{"one", false}, {"three", true}}
	if got := servers(); !reflect.DeepEqual(got, want) {
		t.Errorf("after disorder: %+v", got)
	}

	a.set([]ServerHealth{{"one", true}}) // lost on the way
	full := proto.Clone(a.all()).(*clusterpb.HealthExchange).Nodes[0]
	b.merge(full)
	want = []ServerHealth{{"one", true}}
	if got := servers(); !reflect.DeepEqual(got, want) {
		t.Errorf("after a complete exchange: %+v", got)
	}
	for _, p := range second { // and an old one, late
		b.merge(p)
	}
	if got := servers(); !reflect.DeepEqual(got, want) {
		t.Errorf("after an old message: %+v", got)
	}

	restarted := newHealthBoard("a", 2, noObjects)
	for _, p := range restarted.set([]ServerHealth{{"four", true}}) {
		b.merge(p)
	}
	b.merge(full) // of the start before
	want = []ServerHealth{{"four", true}}
	if got := servers(); !reflect.DeepEqual(got, want) {
		t.Errorf("after a restart: %+v", got)
	}
	b.merge(&clusterpb.Health{Node: "b", Starts: 99, Servers: []*clusterpb.ServerHealth{{Address: "forged"}}})
	if got := b.view(none); len(got) != 2 || len(got[1].Servers) != 0 {
		t.Errorf("another node changed what this one sees: %+v", got)
	}
}

func TestHealthOfServersThatAreWatchedNoMoreTakesNoRoom(t *testing.T) {
	none := func(string) bool { return false }
	a, b := newHealthBoard("a", 1, noObjects), newHealthBoard("b", 1, noObjects)
	var late []*clusterpb.Health
	for i := range 100 {
		late = append(late, a.set([]ServerHealth{{fmt.Sprintf("server-%d", i), true}})...)
	}
	if got := len(a.nodes["a"].servers); got != 1 {
		t.Errorf("a remembers %d servers", got)
	}
	for _, full := range a.all().GetNodes() {
		b.merge(full)
	}
	for _, p := range late { // overtaken by the complete vector
		b.merge(p)
	}
	want := []ServerHealth{{"server-99", true}}
	if got := b.view(none)[0].Servers; !reflect.DeepEqual(got, want) {
		t.Errorf("b sees %+v", got)
	}
	if got := len(b.nodes["a"].servers); got != 1 {
		t.Errorf("b remembers %d servers of a", got)
	}
}
