package daemon

import (
	"reflect"
	"testing"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/fsm"
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

func TestLibrariesCarryTheirCounts(t *testing.T) {
	set := fsm.NewLibrarySet(3, []fsm.Library{{
		ID: 2, Name: "x", State: fsm.LibraryClosed, Weight: 7, TLS: fsm.TLSVerifyCA, Active: "h:1",
		Servers: []fsm.Server{{Address: "h:1"}, {Address: "h:2"}},
	}})
	got := libraries(set, fsm.Counts{ByLibrary: map[fsm.LibraryID]uint64{2: 9}}, []cluster.NodeHealth{sees("n1", true)}, cluster.LibraryData{Bytes: map[fsm.LibraryID]uint64{2: 77}})
	want := []admin.LibraryStatus{{
		ID: 2, Name: "x", State: "closed", Weight: 7, TLS: "verify_ca", Placements: 9, Active: "h:1", DataBytes: 77,
		Servers: []admin.ServerStatus{
			{Address: "h:1", Healthy: true, SeenBy: []admin.SeenBy{{Node: "n1", Healthy: true}}},
			{Address: "h:2", SeenBy: []admin.SeenBy{}},
		},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\ngot  %+v\nwant %+v", got, want)
	}
}
