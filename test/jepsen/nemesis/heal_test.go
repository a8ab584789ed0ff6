package nemesis

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	harness "github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/hosts"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
	"github.com/mysqlda/mysqlda/test/harness/need"
	"github.com/mysqlda/mysqlda/test/jepsen/cluster"
	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// open opens a cluster on hosts of its own.
func open(t *testing.T, o cluster.Options) *Site {
	t.Helper()
	if !mysqld.Available() {
		need.Missing(t, mysqld.ErrNotInstalled.Error())
	}
	if err := hosts.Available(); err != nil {
		need.Missing(t, err.Error())
	}
	binary, err := harness.Binary()
	if err != nil {
		t.Fatal(err)
	}
	o.Hosts, o.Binary, o.Dir = true, binary, t.TempDir()
	c, err := cluster.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return &Site{Cluster: c, Recorder: history.NewRecorder(), Random: rand.New(rand.NewPCG(1, 1))}
}

// TestEveryNemesisStrikesAndHeals has each strike once, in a cluster that is whole
// before and has to be whole afterwards, and ends the time of some of them early.
func TestEveryNemesisStrikesAndHeals(t *testing.T) {
	t.Parallel()
	site := open(t, cluster.Options{Nodes: 5, SmallDisks: true, Moving: true})
	for i, n := range All {
		t.Run(n.Name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+i%4)*time.Second)
			defer cancel()
			before := len(site.Recorder.Faults())
			began := time.Now()
			err := Run(ctx, site, []Nemesis{n})
			t.Logf("it took %s", time.Since(began))
			if err != nil {
				t.Fatal(err)
			}
			faults := site.Recorder.Faults()[before:]
			for _, f := range faults {
				t.Logf("%+v", f)
				if f.Nemesis != n.Name || f.To <= f.From {
					t.Errorf("%+v is not healed", f)
				}
			}
			if err := site.Cluster.Settle(t.Context()); err != nil {
				t.Fatalf("not healed: %v", err)
			}
		})
	}
}
