package nemesis

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	harness "github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/hosts"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
	"github.com/mysqlda/mysqlda/test/harness/need"
	"github.com/mysqlda/mysqlda/test/harness/wait"
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

// TestEveryNemesisStrikesAndHeals has each strike once, with little time, in a cluster
// that has a leader; then all at random. Afterwards everything has to be whole.
func TestEveryNemesisStrikesAndHeals(t *testing.T) {
	t.Parallel()
	site := open(t, cluster.Options{Nodes: 5, SmallDisks: true, Moving: true})
	for i, n := range All {
		whole := t.Run(n.Name, func(t *testing.T) {
			var faults []history.Fault
			// A strike that finds no leader, or nothing that it may have, does nothing.
			for attempt := uint64(0); len(faults) == 0 && attempt < 3; attempt++ {
				awaitLeader(t, site)
				if n.NeedsMoving {
					awaitActive(t, site)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
				defer cancel()
				before := len(site.Recorder.Faults())
				if err := perform(ctx, site, act{strikes: []strike{{nemesis: n, seed: [2]uint64{uint64(i), attempt}}}}); err != nil {
					t.Fatal(err)
				}
				faults = site.Recorder.Faults()[before:]
			}
			if len(faults) == 0 {
				t.Error("it injured nothing")
			}
			for _, f := range faults {
				if f.Nemesis != n.Name || f.To <= f.From {
					t.Errorf("%+v is not healed", f)
				}
			}
		})
		if !whole {
			return
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := Run(ctx, site, All); err != nil {
		t.Error(err)
	}
	for _, f := range site.Recorder.Faults() {
		if f.To <= f.From {
			t.Errorf("%+v is not healed", f)
		}
	}
	if err := site.Cluster.Settle(t.Context()); err != nil {
		t.Errorf("not healed: %v", err)
	}
}

func awaitLeader(t *testing.T, s *Site) {
	t.Helper()
	await(t, "there is a leader", func(ctx context.Context) error {
		_, err := s.Cluster.Leader(ctx)
		return err
	})
}

// awaitActive waits for what the last injury has led to.
func awaitActive(t *testing.T, s *Site) {
	t.Helper()
	await(t, "the library that moves has an active server", func(ctx context.Context) error {
		_, err := s.Cluster.Active(ctx, cluster.Moving)
		return err
	})
}

func await(t *testing.T, what string, check func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := wait.For(ctx, what, check); err != nil {
		t.Fatal(err)
	}
}

// TestJumpedNodesHaveOtherClocks looks at what the kernel says of the process.
func TestJumpedNodesHaveOtherClocks(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root may change a process's clocks")
	}
	site := open(t, cluster.Options{Nodes: 3})
	ctx, end := context.WithCancel(t.Context())
	result := make(chan error)
	go func() { result <- jump(ctx, site) }()
	waiting, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := wait.For(waiting, "a node has another clock", func(context.Context) error {
		for _, n := range site.Cluster.Nodes {
			text, err := os.ReadFile(fmt.Sprintf("/proc/%d/timens_offsets", n.Process().PID()))
			// monotonic, seconds, nanoseconds, boottime, seconds, nanoseconds
			if words := strings.Fields(string(text)); err == nil && len(words) == 6 && words[1] != "0" && words[4] != "0" {
				return nil
			}
		}
		return errors.New("none has")
	})
	if err != nil {
		t.Error(err)
	}
	end()
	if err := <-result; err != nil {
		t.Error(err)
	}
	if err := site.Cluster.Settle(t.Context()); err != nil {
		t.Errorf("not healed: %v", err)
	}
}
