package nemesis

import (
	"context"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/jepsen/cluster"
	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

func TestANodeMayEndOverItsDiskOnly(t *testing.T) {
	t.Parallel()
	fault := func(nemesis, node string, to time.Duration) history.Fault {
		return history.Fault{Nemesis: nemesis, Target: node, From: time.Second, To: to}
	}
	for _, c := range []struct {
		fault history.Fault
		want  bool
	}{
		{fault("full-disk", "n1", 0), true},
		{fault("failing-fsync", "n1", 2*time.Second), true},
		{fault("slow-fsync", "n1", 2*time.Second), true},
		{fault("slow-fsync", "n2", 2*time.Second), false},
		{fault("halves", "n1", 0), false},
	} {
		if got := mayEnd("n1", reasonHolds, []history.Fault{c.fault}); got != c.want {
			t.Errorf("%+v: %t", c.fault, got)
		}
	}
	if mayEnd("n1", time.Minute, []history.Fault{fault("full-disk", "n1", 2*time.Second)}) {
		t.Error("a reason holds for ever")
	}
}

// TestAnEndForNoReasonIsComplainedOf has a node end as if by itself.
func TestAnEndForNoReasonIsComplainedOf(t *testing.T) {
	t.Parallel()
	site := open(t, cluster.Options{Nodes: 1})
	n := site.Cluster.Nodes[0]
	if err := n.Kill(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error)
	go func() { result <- KeepAlive(ctx, site) }()
	defer func() {
		cancel()
		if err := <-result; err != nil {
			t.Error(err)
		}
	}()
	if err := site.Cluster.Settle(t.Context()); err != nil {
		t.Error(err)
	}
	if said := site.Recorder.Complaints(); len(said) != 1 || said[0].Node != n.ID {
		t.Errorf("%+v", said)
	}
}
