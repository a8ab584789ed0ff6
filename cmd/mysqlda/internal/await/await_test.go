package await

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

// node answers with a status.
func node(t *testing.T, id string, status func() admin.Status) Node {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := json.NewEncoder(w).Encode(status()); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return Node{ID: id, HTTP: strings.TrimPrefix(server.URL, "http://")}
}

func TestAllNodesAreWaitedFor(t *testing.T) {
	t.Parallel()
	var asked atomic.Uint64
	nodes := []Node{
		node(t, "n1", func() admin.Status { return admin.Status{AppliedIndex: 9} }),
		node(t, "n2", func() admin.Status { return admin.Status{AppliedIndex: 5 + asked.Add(1)} }),
	}
	if err := All(t.Context(), nodes, inTheClear, Applied(8)); err != nil {
		t.Error(err)
	}
	if n := asked.Load(); n != 3 {
		t.Errorf("the node that is behind was asked %d times", n)
	}
}

func TestNodesThatAreBehindAreNamed(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	nodes := []Node{
		node(t, "n1", func() admin.Status { return admin.Status{AppliedIndex: 9} }),
		{ID: "n2"},
		{ID: "n3", HTTP: "127.0.0.1:1"},
	}
	err := All(ctx, nodes, inTheClear, Applied(8))
	late := new(BehindError)
	if !errors.As(err, &late) || len(late.Nodes) != 2 || late.Nodes[0] != (Behind{"n2", "its HTTP address is not known"}) {
		t.Fatalf("got %v", err)
	}
	if n3 := late.Nodes[1]; n3.ID != "n3" || !strings.HasPrefix(n3.Why, "no node answers at http address 127.0.0.1:1") || strings.Contains(n3.Why, "--http") {
		t.Errorf("got %+v", n3)
	}
}

func TestWhoStopsWaitingIsToldSo(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	behind := node(t, "n1", func() admin.Status {
		cancel()
		return admin.Status{}
	})
	if err := All(ctx, []Node{behind}, inTheClear, Applied(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestConditions(t *testing.T) {
	s := admin.Status{AppliedIndex: 7, Nodes: []admin.NodeStatus{{ID: "n1", Voter: true, HTTP: "a:1"}, {ID: "n2", HTTP: "b:1"}}}
	for _, c := range []struct {
		is  Condition
		why string
	}{
		{Applied(7), ""},
		{Applied(8), "has applied 7 of 8 log entries"},
		{Votes("n1"), ""},
		{Votes("n2"), "does not know n2 as a voter"},
		{Votes("n3"), "does not know n3 as a voter"},
		{Forgotten("n3"), ""},
		{Forgotten("n2"), "still knows n2"},
	} {
		if got := c.is(s); got != c.why {
			t.Errorf("got %q, want %q", got, c.why)
		}
	}
	if got := Members(s, "n1"); len(got) != 1 || got[0] != (Node{"n2", "b:1"}) {
		t.Errorf("members %v", got)
	}
}

func inTheClear(address string) *admin.Client { return admin.NewClient(address, admin.Credentials{}) }
