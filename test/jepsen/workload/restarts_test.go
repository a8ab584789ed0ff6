package workload

import (
	"testing"

	harness "github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/hosts"
	"github.com/mysqlda/mysqlda/test/jepsen/cluster"
)

func TestANodeThatMovesTwiceOnItsHostIsWhereItWas(t *testing.T) {
	o := &operator{stage: &stage{Site: &Site{Cluster: &cluster.Cluster{Network: &hosts.Network{}}}}}
	first := harness.Addresses{MySQL: "10.0.0.1:13306", Cluster: "10.0.0.1:13307", Gossip: "10.0.0.1:13308", HTTP: "10.0.0.1:13309"}
	other, err := o.elsewhere(first)
	if err != nil || other.MySQL != "10.0.0.1:13316" || other.HTTP != "10.0.0.1:13319" {
		t.Fatalf("%+v, %v", other, err)
	}
	if back, err := o.elsewhere(other); err != nil || back != first {
		t.Fatalf("%+v, %v", back, err)
	}
}
