package cluster

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
	"github.com/mysqlda/mysqlda/fsm"
)

func TestEveryNodeLearnsWhatEveryOtherSees(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, nil)
	sees := func(i, round int) []ServerHealth {
		return []ServerHealth{
			{
				Address: "127.0.0.1:3306", Healthy: (i+round)%2 == 0,
				Facts: ServerFacts{Known: true, ReadOnly: i == 0, Source: "127.0.0.1:3305", Receiving: round == 1, Lag: 7 * time.Second, LagKnown: true},
			},
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

	first := a.set([]ServerHealth{{Address: "one", Healthy: true}, {Address: "two", Healthy: true}})
	second := a.set([]ServerHealth{{Address: "one", Healthy: false}, {Address: "three", Healthy: true}})
	if len(first) != 2 || len(second) != 3 {
		t.Fatalf("%d and %d messages", len(first), len(second))
	}
	if again := a.set([]ServerHealth{{Address: "one", Healthy: false}, {Address: "three", Healthy: true}}); len(again) != 0 {
		t.Errorf("%d messages though nothing changed", len(again))
	}
	for _, p := range second { // the newer ones come first
		b.merge(p)
	}
	for _, p := range append(first, second...) {
		b.merge(p)
	}
	want := []ServerHealth{{Address: "one", Healthy: false}, {Address: "three", Healthy: true}}
	if got := servers(); !reflect.DeepEqual(got, want) {
		t.Errorf("after disorder: %+v", got)
	}

	a.set([]ServerHealth{{Address: "one", Healthy: true}}) // lost on the way
	full := proto.Clone(a.all()).(*clusterpb.HealthExchange).Nodes[0]
	b.merge(full)
	want = []ServerHealth{{Address: "one", Healthy: true}}
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
	for _, p := range restarted.set([]ServerHealth{{Address: "four", Healthy: true}}) {
		b.merge(p)
	}
	b.merge(full) // of the start before
	want = []ServerHealth{{Address: "four", Healthy: true}}
	if got := servers(); !reflect.DeepEqual(got, want) {
		t.Errorf("after a restart: %+v", got)
	}
	b.merge(&clusterpb.Health{Node: "b", Starts: 99, Servers: []*clusterpb.ServerHealth{{Address: "forged"}}})
	if got := b.view(none); len(got) != 2 || len(got[1].Servers) != 0 {
		t.Errorf("another node changed what this one sees: %+v", got)
	}
}

func TestWhatServersSayOfThemselvesIsGossipedWhenItIsNews(t *testing.T) {
	a, b := newHealthBoard("a", 1, noObjects), newHealthBoard("b", 1, noObjects)
	now := time.Now()
	a.now = func() time.Time { return now }
	facts := ServerFacts{Known: true, ReadOnly: true, Source: "h:1", Receiving: true, Applying: true, LagKnown: true}
	tell := func(change func(*ServerFacts)) int {
		change(&facts)
		news := a.set([]ServerHealth{{Address: "one", Healthy: true, Facts: facts}})
		for _, p := range news {
			b.merge(proto.Clone(p).(*clusterpb.Health))
		}
		return len(news)
	}
	seen := func() ServerFacts { return b.view(func(string) bool { return true })[0].Servers[0].Facts }

	for _, c := range []struct {
		what   string
		passed time.Duration
		change func(*ServerFacts)
		told   bool
	}{
		{"the first", 0, func(*ServerFacts) {}, true},
		{"nothing", time.Hour, func(*ServerFacts) {}, false},
		{"a lag of less than a second", 0, func(f *ServerFacts) { f.Lag = 900 * time.Millisecond }, false},
		{"a second", 0, func(f *ServerFacts) { f.Lag = 1900 * time.Millisecond }, true},
		{"a larger one, soon", lagInterval - 1, func(f *ServerFacts) { f.Lag = 100 * time.Second }, false},
		{"the same, later", 1, func(*ServerFacts) {}, true},
		{"one of that size", time.Hour, func(f *ServerFacts) { f.Lag = 120 * time.Second }, false},
		{"stopped", 0, func(f *ServerFacts) { f.Receiving = false }, true},
		{"promoted", 0, func(f *ServerFacts) { *f = ServerFacts{Known: true} }, true},
		{"not known any more", 0, func(f *ServerFacts) { *f = ServerFacts{} }, true},
	} {
		now = now.Add(c.passed)
		if told := tell(c.change) > 0; told != c.told {
			t.Errorf("%s: told %v", c.what, told)
		}
		if want := facts.told(); c.told && seen() != want {
			t.Errorf("%s: %+v arrived, not %+v", c.what, seen(), want)
		}
	}

	// A lag that goes up and down all the time is told once in a while.
	news := 0
	facts = ServerFacts{Known: true, Source: "h:1", LagKnown: true}
	for i := range 600 {
		now = now.Add(100 * time.Millisecond)
		news += tell(func(f *ServerFacts) { f.Lag = time.Duration(i%2) * time.Minute })
	}
	if limit := int(time.Minute/lagInterval) + 1; news == 0 || news > limit {
		t.Errorf("told %d times in a minute, at most %d are allowed", news, limit)
	}
	long := ServerFacts{Known: true, ReadOnly: true, Source: strings.Repeat("x", fsm.MaxAddressLen+1), Lag: -1, LagKnown: true}
	if got := long.told(); got != (ServerFacts{Known: true, ReadOnly: true}) {
		t.Errorf("told %+v", got)
	}
}

func TestServersAreSuspectedWhenSomeNodeSeesThemOtherwise(t *testing.T) {
	a, b := newHealthBoard("a", 1, noObjects), newHealthBoard("b", 1, noObjects)
	suspected := func() bool {
		select {
		case <-b.suspected:
			return true
		default:
			return false
		}
	}
	both := func(one, two bool) []ServerHealth {
		return []ServerHealth{{Address: "one", Healthy: one}, {Address: "two", Healthy: two}}
	}
	arrive := func(news []*clusterpb.Health) {
		for _, p := range news {
			b.merge(p)
		}
	}
	all := func(string) bool { return true }
	b.set(both(true, true))
	arrive(a.set(both(true, true)))
	suspected()
	arrive(a.all().GetNodes())
	arrive(a.setData("one", 1<<30))
	b.set(both(true, true))
	if suspected() {
		t.Error("suspected though nothing changed")
	}
	arrive(a.set(both(false, true)))
	if !suspected() || suspected() {
		t.Error("another node's news are not one token")
	}
	b.set(both(true, false))
	if !suspected() {
		t.Error("this node's own news are no token")
	}
	if got := b.sees(all); !reflect.DeepEqual(got, map[string]bool{"one": false, "two": false}) {
		t.Errorf("all see %v", got)
	}
	if got := b.sees(func(id string) bool { return id != "a" }); !reflect.DeepEqual(got, map[string]bool{"one": true, "two": false}) {
		t.Errorf("without a: %v", got)
	}
	arrive(a.set([]ServerHealth{{Address: "one", Healthy: true, Facts: ServerFacts{Known: true, ReadOnly: true}}}))
	if !suspected() {
		t.Error("a server that became read-only is no token")
	}
	arrive(a.set(nil))
	if got := b.sees(all); !reflect.DeepEqual(got, map[string]bool{"one": true, "two": false}) {
		t.Errorf("after a watches none: %v", got)
	}
}

func TestHealthOfServersThatAreWatchedNoMoreTakesNoRoom(t *testing.T) {
	none := func(string) bool { return false }
	a, b := newHealthBoard("a", 1, noObjects), newHealthBoard("b", 1, noObjects)
	var late []*clusterpb.Health
	for i := range 100 {
		late = append(late, a.set([]ServerHealth{{Address: fmt.Sprintf("server-%d", i), Healthy: true}})...)
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
	want := []ServerHealth{{Address: "server-99", Healthy: true}}
	if got := b.view(none)[0].Servers; !reflect.DeepEqual(got, want) {
		t.Errorf("b sees %+v", got)
	}
	if got := len(b.nodes["a"].servers); got != 1 {
		t.Errorf("b remembers %d servers of a", got)
	}
}
