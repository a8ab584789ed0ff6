package workload

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	harness "github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
	"github.com/mysqlda/mysqlda/test/harness/need"
	"github.com/mysqlda/mysqlda/test/jepsen/check"
	"github.com/mysqlda/mysqlda/test/jepsen/cluster"
	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// tally counts operations by kind and outcome.
type tally map[history.Kind]map[history.Outcome]int

func count(operations []history.Operation) tally {
	t := tally{}
	for _, o := range operations {
		if t[o.Kind] == nil {
			t[o.Kind] = map[history.Outcome]int{}
		}
		t[o.Kind][o.Outcome]++
	}
	return t
}

// TestClientsOfARealClusterAreToldWhatTheModelAllows has the clients and the operator
// of the libraries at work while nothing is injured.
func TestClientsOfARealClusterAreToldWhatTheModelAllows(t *testing.T) {
	t.Parallel()
	if !mysqld.Available() {
		need.Missing(t, mysqld.ErrNotInstalled.Error())
	}
	binary, err := harness.Binary()
	if err != nil {
		t.Fatal(err)
	}
	c, err := cluster.Open(t.Context(), cluster.Options{Nodes: 3, Binary: binary, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	chosen, err := Choose("assign,locate,bind,find,data,sessions,ring", func(Workload) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	s := &Site{Cluster: c, Recorder: history.NewRecorder(), Seed: 1}
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
	defer cancel()
	if err := Run(ctx, s, chosen); err != nil {
		t.Fatal(err)
	}
	operations := s.Recorder.Operations()
	counts := count(operations)
	nodeHasToEnd(t, s, c.Nodes[0])
	t.Logf("%v; %v", counts, s.Recorder.Events())
	for kind, least := range map[history.Kind]int{
		history.Assign: 300, history.Locate: 100, history.Bind: 20, history.Find: 20,
		history.Insert: 100, history.Read: 20, history.Isolate: 100,
	} {
		if done := counts[kind][history.Done]; done < least {
			t.Errorf("%s: %d are done", kind, done)
		}
		if unknown := counts[kind][history.Unknown]; unknown > 0 {
			t.Errorf("%s: %d are unknown", kind, unknown)
		}
	}
	if !slices.ContainsFunc(operations, func(o history.Operation) bool {
		return o.Kind == history.Read && !strings.HasPrefix(o.Core, fmt.Sprintf("data-%d-", o.Client)) && len(o.Rows) > 0
	}) {
		t.Error("nobody has read what another one writes")
	}
	judging := 0
	for _, judged := range check.All {
		switch judged.Name {
		case "linearizable", "reads see acknowledged rows", "transactions are whole", "sessions are isolated":
			judging++
			for _, f := range judged.Judge(check.Evidence{Operations: operations}) {
				t.Errorf("%s: %s: %v", judged.Name, f.Text, f.Around)
			}
		}
	}
	if judging != 4 {
		t.Errorf("only %d checks were made", judging)
	}
	for _, o := range operations {
		if o.Outcome != history.Done && o.Number != 9508 && o.Number != 9509 && o.Number != 9510 && o.Kind != history.Insert {
			t.Errorf("%s: error %d", o, o.Number)
		}
	}
}

// nodeHasToEnd has an operator wait for the end of a node that goes on, and of one that
// has ended. Afterwards the node is gone.
func nodeHasToEnd(t *testing.T, s *Site, n *cluster.Node) {
	t.Helper()
	m := &membership{operator: (&stage{Site: s}).operator(), patience: 100 * time.Millisecond}
	for _, want := range []string{"it is no member any more, and lets clients in", ""} {
		release, ok := n.Claim()
		if !ok {
			t.Fatal("somebody else has the node")
		}
		m.gone = []claimed{{n, release}}
		if err := m.awaitEnds(t.Context()); err != nil {
			t.Fatal(err)
		}
		all := s.Recorder.Operations()
		o := all[len(all)-1]
		if o.Kind != history.Remove || o.Outcome != history.Done || o.Node != n.ID || !strings.HasPrefix(o.Error, want) || (want == "") != (o.Error == "") {
			t.Errorf("%s", o)
		}
	}
	if n.Running() {
		t.Error("it runs on")
	}
}
