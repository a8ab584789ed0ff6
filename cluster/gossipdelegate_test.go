package cluster

import (
	"testing"

	"github.com/hashicorp/memberlist"
	"google.golang.org/protobuf/proto"

	"github.com/mysqlda/mysqlda/fsm"
)

func TestOnlyWhoDescribesItselfIsAlive(t *testing.T) {
	meta, err := proto.Marshal(record{info: fsm.NodeInfo{ID: "n1", Cluster: "h:1", Gossip: "h:2"}, starts: 1}.proto())
	if err != nil {
		t.Fatal(err)
	}
	good := memberlist.Node{Name: "n1", Meta: meta, PMin: 1, PMax: 5, PCur: 2}
	g := new(gossip)
	if err := g.NotifyAlive(&good); err != nil {
		t.Errorf("a member: %v", err)
	}
	for name, spoil := range map[string]func(*memberlist.Node){
		"nobody":               func(n *memberlist.Node) { *n = memberlist.Node{PMin: 1, PMax: 5, PCur: 2} },
		"another's words":      func(n *memberlist.Node) { n.Name = "n2" },
		"no words":             func(n *memberlist.Node) { n.Meta = nil },
		"an older version":     func(n *memberlist.Node) { n.PCur = 1 },
		"only older versions":  func(n *memberlist.Node) { n.PMax = 1 },
		"only newer versions":  func(n *memberlist.Node) { n.PMin = 3 },
		"another delegate":     func(n *memberlist.Node) { n.DCur = 1 },
		"newer delegates only": func(n *memberlist.Node) { n.DMin = 1 },
	} {
		bad := good
		spoil(&bad)
		if g.NotifyAlive(&bad) == nil {
			t.Errorf("%s: taken for a member", name)
		}
	}
}
