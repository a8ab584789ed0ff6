package daemon

import (
	"reflect"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
	"github.com/mysqlda/mysqlda/proxy/backend"
)

// sees makes what an alive node sees of server h:1.
func sees(node string, healthy bool) cluster.NodeHealth {
	return cluster.NodeHealth{NodeID: node, Alive: true, Servers: []cluster.ServerHealth{{Address: "h:1", Healthy: healthy}}}
}

func TestServerIsHealthyWhenMostNodesThatReportReachIt(t *testing.T) {
	dead := sees("n9", false)
	dead.Alive = false
	silent := cluster.NodeHealth{NodeID: "n8", Alive: true}
	for _, c := range []struct {
		name    string
		seen    []cluster.NodeHealth
		healthy bool
		by      int
	}{
		{"nobody reports", nil, false, 0},
		{"all reach it", []cluster.NodeHealth{sees("n1", true), sees("n2", true)}, true, 2},
		{"most reach it", []cluster.NodeHealth{sees("n1", true), sees("n2", false), sees("n3", true)}, true, 3},
		{"half reach it", []cluster.NodeHealth{sees("n1", true), sees("n2", false)}, false, 2},
		{"what a dead node saw does not count", []cluster.NodeHealth{sees("n1", true), dead}, true, 1},
		{"a node that has not probed it does not count", []cluster.NodeHealth{sees("n1", true), silent}, true, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := serverStatus("h:1", c.seen)
			if got.Healthy != c.healthy || len(got.SeenBy) != c.by {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestStatusSaysWhyAServerCannotBeUsed(t *testing.T) {
	list := []admin.LibraryStatus{{Servers: []admin.ServerStatus{{Address: "h:1"}, {Address: "h:2"}, {Address: "h:3"}}}}
	explain(list, []backend.ServerHealth{
		{Address: "h:1", LastError: "server h:1: connection refused"},
		{Address: "h:2", LastError: "server h:2 refused with error 1045"},
		{Address: "h:3", Healthy: true, LastError: "server h:3: it was down a while ago"},
	})
	for i, want := range []string{"connection refused", "refused with error 1045", ""} {
		if got := list[0].Servers[i].LastError; got != want {
			t.Errorf("server %d: got %q, want %q", i+1, got, want)
		}
	}
}

func TestNodesTellEachOtherWhatServersSay(t *testing.T) {
	health := []backend.ServerHealth{{Address: "h:1", Healthy: true}, {Address: "h:2", Healthy: true}, {Address: "h:3"}}
	got := seenHealth(health, map[string]topology.Observation{
		"h:1": {Facts: topology.Facts{Flavour: topology.MariaDB}},
		"h:2": {Facts: topology.Facts{Flavour: topology.MySQL, ReadOnly: true, Source: &topology.Source{Address: "h:1", Receiving: true, Lag: 3 * time.Second, LagKnown: true}}},
	})
	want := []cluster.ServerHealth{
		{Address: "h:1", Healthy: true, Facts: cluster.ServerFacts{Known: true}},
		{Address: "h:2", Healthy: true, Facts: cluster.ServerFacts{Known: true, ReadOnly: true, Source: "h:1", Receiving: true, Lag: 3 * time.Second, LagKnown: true}},
		{Address: "h:3"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\ngot  %+v\nwant %+v", got, want)
	}
	for i, want := range []admin.SeenBy{
		{Node: "n1", Healthy: true, ReadOnly: new(false)},
		{Node: "n1", Healthy: true, ReadOnly: new(true), Source: "h:1", LagSeconds: new(3.0)},
		{Node: "n1"},
	} {
		if seen := seenBy("n1", got[i]); !reflect.DeepEqual(seen, want) {
			t.Errorf("%d: got %+v", i, seen)
		}
	}
}

func TestServersThatNeverSaidAnythingAreNotDescribed(t *testing.T) {
	var got admin.ServerStatus
	describe(&got, topology.Observation{Address: "h:1", Known: true, LastError: "connection refused"})
	if !reflect.DeepEqual(got, admin.ServerStatus{}) {
		t.Errorf("got %+v", got)
	}
}

func TestLibrariesThatCannotFailOverHaveNoRisks(t *testing.T) {
	two := []fsm.Server{{Address: "h:1"}, {Address: "h:2"}}
	for _, l := range []fsm.Library{{Servers: two}, {Servers: two[:1], Failover: fsm.Failover{Policy: fsm.FailoverPromote}}} {
		if got := risks(&l, nil); got == nil || len(got) != 0 {
			t.Errorf("%+v: got %q", l, got)
		}
	}
}

func TestLibrariesCarryTheirCounts(t *testing.T) {
	set := fsm.NewLibrarySet(3, []fsm.Library{{
		ID: 2, Name: "x", State: fsm.LibraryClosed, Weight: 7, TLS: fsm.TLSVerifyCA, Active: "h:1", ActiveEpoch: 3,
		Servers:  []fsm.Server{{Address: "h:1"}, {Address: "h:2", Maintenance: true, Fence: fsm.FenceDone, Excluded: "why"}},
		Failover: fsm.Failover{Policy: fsm.FailoverOrdered, Failback: true}, Pinned: true, Guarded: true,
		Switch: &fsm.Switch{Phase: fsm.SwitchDraining, From: "h:1", To: "h:2", Cause: fsm.CauseOperator, Reason: "r", Forced: true},
	}})
	observed := map[string]topology.Observation{
		"h:1": {Address: "h:1", Known: true, Reachable: true, Facts: topology.Facts{
			Flavour: topology.MariaDB, SemiSync: topology.SemiSync{SourceEnabled: true},
		}},
		"h:2": {Address: "h:2", Known: true, Reachable: true, Facts: topology.Facts{
			Flavour: topology.MySQL, ReadOnly: true, SemiSync: topology.SemiSync{ReplicaEnabled: true},
			Source: &topology.Source{Address: "h:1", Receiving: true, Lag: 1500 * time.Millisecond, LagKnown: true},
		}},
	}
	got := libraries(set, fsm.Counts{ByLibrary: map[fsm.LibraryID]uint64{2: 9}}, []cluster.NodeHealth{sees("n1", true)}, cluster.LibraryData{Bytes: map[fsm.LibraryID]uint64{2: 77}}, observed)
	want := []admin.LibraryStatus{{
		ID: 2, Name: "x", State: "closed", Weight: 7, TLS: "verify_ca", Placements: 9, Active: "h:1", DataBytes: 77,
		ActiveEpoch: 3, Failover: "ordered", Failback: true, Pinned: true, Guarded: true,
		Switch: &admin.SwitchStatus{Phase: "draining", From: "h:1", To: "h:2", Cause: "operator", Reason: "r", Forced: true},
		Servers: []admin.ServerStatus{
			{Address: "h:1", Healthy: true, SeenBy: []admin.SeenBy{{Node: "n1", Healthy: true}}, ReadOnly: new(false), SemiSync: "fallen back"},
			{
				Address: "h:2", SeenBy: []admin.SeenBy{}, Maintenance: true, Fence: "fenced", Excluded: "why",
				ReadOnly: new(true), Source: "h:1", Receiving: true, LagSeconds: new(1.5), SemiSync: "replica",
			},
		},
	}}
	for i := range got {
		want[i].Risks = got[i].Risks // what they say is package failover's business
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\ngot  %+v\nwant %+v", got, want)
	}
}
